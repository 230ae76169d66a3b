"""Xue et al. 2024, theory: claims hold on small runs, and planted errors are caught."""

import numpy as np
import pytest

from mmcl_core import catalog
from mmcl_core.evidence.ledger import evaluate
from mmcl_core.evidence.verdicts import GOOD, Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.lab.store import Store
from mmcl_core.papers.xue2024 import linear, spread, supervised, theory
from mmcl_core.papers.xue2024.paper import THEORY_CLAIMS
from mmcl_core.papers.xue2024.setting import IntraClass, Sharing
from tests.named import run


def judged(name, tier, store, **overrides):
    """The verdict of a claim on a run computed afresh: an error must not be hidden by the store."""
    claim = next(c for c in catalog.paper("xue2024").claims if c.name == name)
    results = [run(e, tier, store=Store(store), **overrides) for e in claim.experiments]
    return claim.judge(claim.estimator(*results))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("name", [c.name for c in THEORY_CLAIMS if c.minimum_tier == Tier.smoke and c.declared in GOOD])
def test_what_needs_no_size_holds_at_smoke(name):
    claim = next(c for c in THEORY_CLAIMS if c.name == name)
    assert evaluate(claim, Tier.smoke, lambda e: run(e, Tier.smoke)).verdict == claim.declared


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("name", [c.name for c in THEORY_CLAIMS])
def test_every_estimator_gives_a_number_at_smoke_and_its_conditions_have_values(name):
    claim = next(c for c in THEORY_CLAIMS if c.name == name)
    results = [run(e, Tier.smoke) for e in claim.experiments]
    assert np.isfinite(claim.estimator(*results).value)
    assert not any(np.isnan(condition.measure(results)[0]) for condition in claim.conditions)  # infinite: a limit


SMALL = {
    "thm4_4": {"n": 4000, "d": 100, "cores": (0.5, 1.0), "agreements": (0.9,), "spuriouses": (0.1,), "seeds": 5},
    "thm5_2": {"n": 4000, "d": 60, "richness": (0.0, 0.5, 1.0), "seeds": 5},
    "composition": {"n": 8000, "d": 60, "shares": (0.0, 0.5, 0.9), "seeds": 5},
    "class_prior": {"n": 10_000, "d": 30, "seeds": 5},
    "prompt_family": {"n": 8000, "d": 60, "seeds": 5},
}


def biased(original):
    """Predictions at a p that is off by .02."""

    def predict(model, *arguments, **more):
        model = IntraClass(
            model.sigma_core, model.sigma_spu, model.p_spu - 0.02, model.pi_core, model.pi_spu, model.prior
        )
        return original(model, *arguments, **more)

    return predict


@pytest.mark.parametrize("name", SMALL)
def test_a_formula_that_is_a_little_off_fails_where_the_right_one_passes(name, monkeypatch, tmp_path):
    overrides = SMALL[name]
    assert judged(name, "smoke", tmp_path, **overrides) in GOOD
    monkeypatch.setattr(spread, "predict", biased(spread.predict))
    assert judged(name, "smoke", tmp_path, **overrides) not in GOOD


def planted(monkeypatch, name):
    if name == "gradient":
        original = linear.gradients
        monkeypatch.setattr(linear, "gradients", lambda a, b, S, rho: original(a, b, S, 1.01 * rho))
    elif name == "loss":
        original = linear.loss
        monkeypatch.setattr(linear, "loss", lambda a, b, S, rho: original(a, b, 29 / 30 * S, rho))
    elif name == "span":
        original = linear.cross_covariance

        def uncentred(x, t):
            return x.T @ t / len(x) if x.shape == (15, 15) else original(x, t)

        monkeypatch.setattr(linear, "cross_covariance", uncentred)
    elif name == "sharing_threshold":
        original = theory.threshold_classes
        monkeypatch.setattr(theory, "threshold_classes", lambda **x: original(**x) + (x.get("beta") == 0.5))
    elif name in ("sharing_law", "thm4_8"):
        original = linear.minimiser_of
        monkeypatch.setattr(linear, "minimiser_of", lambda S, rank, rho=1.0: original(S, rank // 2, rho))
    elif name == "thm5_4_threshold":
        original = Sharing.said
        monkeypatch.setattr(Sharing, "said", lambda self, pi: original(self, pi**2))
    elif name in ("sl_law", "max_margin_is_competitor"):
        original = supervised.multiclass_max_margin

        def without_the_background(x, label, classes):
            w = original(x, label, classes)
            w[:, w.shape[1] // 2 :] /= 2
            return w

        monkeypatch.setattr(supervised, "multiclass_max_margin", without_the_background)
    elif name == "counter_prompt_dm2":
        original = theory.counter_prompt_sharing
        monkeypatch.setattr(theory, "counter_prompt_sharing", lambda model: original(model) / model.alpha)


@pytest.mark.parametrize(
    "name",
    [
        "gradient",
        "loss",
        "span",
        "sharing_threshold",
        "sharing_law",
        "thm4_8",
        "thm5_4_threshold",
        "sl_law",
        "max_margin_is_competitor",
        "counter_prompt_dm2",
    ],
)
def test_planted_errors_are_caught(name, monkeypatch, tmp_path):
    planted(monkeypatch, name)
    assert judged(name, "smoke", tmp_path) in (Verdict.not_reproduced, Verdict.does_not_hold)
