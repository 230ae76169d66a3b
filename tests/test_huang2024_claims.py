"""The chapter's claims at smoke, and planted errors that must flip them."""

from dataclasses import replace

import numpy as np
import pytest

from mmcl_core import catalog
from mmcl_core.evidence.ledger import evaluate
from mmcl_core.evidence.rules import Outcome
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.lab.store import Store
from mmcl_core.papers.huang2024 import bounds, setting, theory
from mmcl_core.papers.huang2024.descent import Descent
from tests.named import run
from tests.tolerances import close

PAPER = catalog.paper("huang2024")
CLAIMS = {c.id.split(".", 1)[1]: c for c in PAPER.claims}


def judge(name, tmp_path):
    """Judge a claim on results computed afresh, in a store of its own: a planted error must not be hidden by the
    cache."""
    store = Store(tmp_path)
    return evaluate(CLAIMS[name], Tier.smoke, lambda e: run(e, Tier.smoke, store=store)).verdict


def dropped_scale(ascents):
    return lambda self: [0.5 * a for a in ascents(self)]


def wrong_partner(ascents):
    """The positive term with the anchor's own activation in place of the partner's."""

    def planted(self):
        self.positive = self.noise
        return ascents(self)

    return planted


def no_negatives(ascents):
    def planted(self):
        self.exponentials = [0 * e for e in self.exponentials]
        return ascents(self)

    return planted


def ungated(ascents):
    return lambda self: [a + 1e-6 for a in ascents(self)]


@pytest.mark.parametrize("mutate", [dropped_scale, wrong_partner, no_negatives, ungated])
def test_planted_errors_in_the_update_are_caught(mutate, monkeypatch, tmp_path):
    monkeypatch.setattr(Descent, "ascents", mutate(Descent.ascents))
    assert judge("lemma5_3", tmp_path) == Verdict.not_reproduced


def test_a_collapse_without_its_rescaling_is_caught(monkeypatch, tmp_path):
    """Rescaling the initial weights but not the Gram matrix is no symmetry."""
    original = setting.with_signals

    def forgetful(problem, first, second):
        made = original(problem, first, second)
        kept = {name: replace(getattr(made, name), gram=getattr(problem, name).gram) for name in ("first", "second")}
        return replace(made, **kept)

    monkeypatch.setattr(setting, "with_signals", forgetful)
    assert judge("collapse", tmp_path) == Verdict.does_not_hold
    assert judge("collapse_gaussian", tmp_path) == Verdict.does_not_hold


def test_planted_errors_in_closed_forms_are_caught(monkeypatch, tmp_path):
    monkeypatch.setattr(bounds, "anti_concentration", lambda c, s=1.0: bounds.anti_concentration_printed(c, s))
    assert judge("b1_corrected", tmp_path / "b1") == Verdict.does_not_hold
    monkeypatch.setattr(bounds, "anti_concentration_bound", lambda c, s=1.0: 0.9 * np.ones_like(c))
    assert judge("b1_bound", tmp_path / "bound") == Verdict.does_not_hold


@pytest.mark.parametrize(("first", "second"), [(1.0, 2.0), (-0.3, 2.0), (1.0, -5.0), (0.0, 1.0)])
def test_linear_stage_is_the_literal_recursion(first, second):
    """At every step, for every combination of signs: a <- a + kappa a~, a~ <- a~ + kappa Cmu^2 a."""
    a, b, kappa, ratio = first, second, 0.07, 3.0
    for step in range(25):
        predicted = theory.linear_stage(step, kappa, ratio, np.array([first]), np.array([second]))
        assert close(predicted, [a])
        a, b = a + kappa * b, b + kappa * ratio**2 * a


def test_lengths_of_stage_one():
    """The printed T1 at the figure's numbers: 798 and 580 steps."""
    assert bounds.stage_one_single(1e-3 * 2000**0.5, 0.02 * 2000 / (100 * 50)) == 798
    assert bounds.stage_one_multi(1e-3 * 5, 3 * 0.02 * 25 / 50) == 580


def test_class_sum_mean_by_monte_carlo():
    z = np.random.default_rng(0).normal(size=(20_000, 50))
    sums = np.maximum(z, 0).sum(1)  # one class of n = 100
    assert abs(sums.mean() - bounds.class_sum_mean(100, 1.0)) < 4 * sums.std() / np.sqrt(len(sums))


@pytest.mark.parametrize("c", [0.1, 1.0, 3.0])
def test_corrected_anti_concentration_by_monte_carlo(c):
    share = (np.abs(np.random.default_rng(1).normal(scale=2.0, size=100_000)) <= c).mean()
    assert abs(share - bounds.anti_concentration(c, 2.0)) < 0.007
    assert bounds.anti_concentration(c, 2.0) <= bounds.anti_concentration_bound(c, 2.0)


def stored(name, **arrays):
    """The smoke result of an experiment with other arrays in it."""
    return replace(run(name, Tier.smoke), arrays=arrays)


@pytest.mark.parametrize(("power", "outcome"), [(0.4, Outcome.holds), (1.0, Outcome.fails), (-0.2, Outcome.fails)])
def test_the_exponent_in_log_time_tells_laws_apart(power, outcome):
    step = np.unique(np.geomspace(10, 4000, 60).round())
    curves = np.log(step) ** np.full((5, 2), power)[..., None]
    claim = CLAIMS["c13_corrected"]
    estimate = claim.estimator(stored("huang2024.log_growth", step=step, largest_rho=curves))
    assert close(estimate.value, power)
    assert claim.rule.judge(estimate) == outcome


@pytest.mark.parametrize(("power", "outcome"), [(0.5, Outcome.holds), (1.0, Outcome.fails), (0.0, Outcome.fails)])
def test_the_exponent_in_the_temperature_tells_laws_apart(power, outcome):
    temperature = np.array([1.0, 0.5, 0.2, 0.05])
    claim = CLAIMS["c13_temperature"]
    grown = np.stack([temperature**power] * 5)[..., None]
    estimate = claim.estimator(stored("huang2024.log_growth", temperature=temperature, largest_rho=grown))
    assert claim.rule.judge(estimate) == outcome


def test_a_cell_of_the_phase_diagram_that_did_not_converge_is_caught():
    single, multi = np.full((2, 3), 0.009), np.full((2, 3, 2), 0.009)
    claim = CLAIMS["threshold_converged"]
    assert (
        claim.judge(claim.estimator(stored("huang2024.phase", single_loss=single, multi_loss=multi))) == Verdict.holds
    )
    multi[1, 2, 0] = 0.02
    assert (
        claim.judge(claim.estimator(stored("huang2024.phase", single_loss=single, multi_loss=multi)))
        == Verdict.does_not_hold
    )
