"""What holds for every paper of the book: its claims can be judged, its figures drawn."""

import numpy as np
import pytest

from mmcl_core import catalog
from mmcl_core.errors import DataAbsent
from mmcl_core.evidence.ledger import evaluate
from mmcl_core.lab.config import Tier
from tests.named import run

CLAIMS = [c for paper in catalog.papers() for c in paper.claims]


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.minimum_tier == Tier.smoke], ids=lambda c: c.id)
def test_identities_hold_already_at_smoke(claim):
    assert evaluate(claim, Tier.smoke, lambda e: run(e, Tier.smoke)).verdict == claim.declared


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_every_estimator_runs_on_every_tier_and_gives_an_interval(claim):
    try:
        estimate = claim.estimator(*(run(e, Tier.smoke) for e in claim.experiments))
    except DataAbsent as absent:
        pytest.skip(str(absent))
    assert estimate.n >= 1
    assert np.isnan(estimate.value) or estimate.low <= estimate.value <= estimate.high
