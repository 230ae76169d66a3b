"""The list of planted errors is whole: each fits its file once, names a catcher that exists, and every room has some.

That each is caught is the affair of `make mutants`, which takes minutes.
"""

from collections import Counter

import pytest

from mmcl_core import catalog
from tests.mutants import ROOT, mutants

MUTANTS = mutants()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_a_planted_error_fits_and_its_catcher_exists(mutant):
    assert mutant.fits() and mutant.original != mutant.mutant and mutant.why
    if mutant.caught_by.startswith("claim:"):
        catalog.find_claim(mutant.caught_by.removeprefix("claim:").partition("@")[0])
        return
    file, _, name = mutant.caught_by.partition("::")
    assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8")


def test_there_are_many_and_every_room_has_some():
    rooms = Counter(m.file.split("/")[2 if "/papers/" in m.file else 1].removesuffix(".py") for m in MUTANTS)
    assert len(MUTANTS) >= 60
    for room in ("losses", "metrics", "stats", "train", "models", "data", "flow", *catalog.PAPERS):
        assert rooms[room] >= 1, room
    assert len({(m.file, m.original, m.mutant) for m in MUTANTS}) == len(MUTANTS)
