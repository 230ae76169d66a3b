"""Yaras et al. 2024: the paper's printed numbers, and what bad settings are told."""

import numpy as np
import pytest

from mmcl_core import cli
from mmcl_core.errors import InputError
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.papers.yaras2024 import bessel, bounds, parallel, published
from mmcl_core.papers.yaras2024.claims import fig4a, printed
from mmcl_core.papers.yaras2024.experiments.printed import PAIRS
from mmcl_core.papers.yaras2024.points import Ring
from mmcl_core.papers.yaras2024.schemes import Exponential, Schedule
from mmcl_core.papers.yaras2024.swapping import Swap
from mmcl_core.runtime import generator
from tests.named import run
from tests.tolerances import close


def result(name, **changes):
    return run(f"yaras2024.{name}", "smoke", **changes)


def test_published_tables_are_whole():
    assert len(published.TABLES) == 26 and len({r.method for r in published.TABLES}) == 26
    assert len(published.not_collapsed()) == 22
    assert published.FIGURE_4B_COUNTS.sum() == 100
    assert {*published.FIGURE_5, *published.NINE_POINTS, *published.MMVP} <= {r.method for r in published.TABLES}
    assert all(published.row(m).uniformity > -(2**0.5) for m in published.NINE_POINTS)
    assert published.correlation("gap", "image_retrieval", published.NINE_POINTS) == pytest.approx(
        (-0.95, -0.92), abs=0.006
    )
    assert published.correlation("gap", "image_retrieval")[0] == pytest.approx(0.43, abs=0.006)


def test_correlations_are_those_of_the_printed_columns():
    r = result("correlations")
    table = {row.method: row for row in published.TABLES}
    for k, methods in enumerate((published.NINE_POINTS, tuple(table))):
        for first, second in PAIRS:
            a, b = (np.array([getattr(table[m], name) for m in methods]) for name in (first, second))
            a, b = a - a.mean(), b - b.mean()
            literal = (a @ b) / np.sqrt((a @ a) * (b @ b))
            assert close(printed.correlation(r, first, second, k), literal)


def test_a_family_of_claims_takes_the_smaller_of_its_correlations():
    r = result("correlations")
    claim = next(c for c in printed.CORRELATIONS if c.name == "fig7_uniformity")
    pairs = [printed.correlation(r, "uniformity", accuracy, printed.NINE) for accuracy in printed.BOTH]
    assert claim.estimator(r).value == min(pairs) and claim.judge(claim.estimator(r)) == Verdict.reproduced


def test_critical_correlations_are_student_s():
    """r is significant at 5 % when r sqrt((n - 2) / (1 - r^2)) passes Student's quantile; simulated, not looked up."""
    rng = np.random.default_rng(0)
    for n, bound in printed.CRITICAL.items():
        x, y = rng.normal(size=(2, 40_000, n))
        x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
        r = (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))
        assert np.mean(np.abs(r) > bound) == pytest.approx(0.05, abs=0.005)


def test_the_line_through_fig4a_by_the_normal_equations():
    r = result("fig4a_theory")
    step, gap = published.FIGURE_4A.T
    design = np.stack([np.ones(len(step)), -1 / np.log10(step) ** 2], 1)
    constant, slope = np.linalg.solve(design.T @ design, design.T @ gap)
    assert (float(r["intercept"]), float(r["slope"])) == (pytest.approx(constant), pytest.approx(slope))
    rest = [np.linalg.lstsq(np.delete(design, k, 0), np.delete(gap, k), rcond=None)[0][0] for k in range(len(gap))]
    assert close(fig4a.fig4a_printed_origin.estimator(r).value, -max(rest))
    assert np.all(r["theory_gap"][:, 0] < 1.17) and np.all(np.diff(r["theory_gap"]) < 0)


# --- bad input -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("fig2", {"gamma": 1.2}, "gamma"),
        ("fig2", {"temperature": -0.1}, "temperature"),
        ("fig2", {"shift": 5}, "shift of 5"),
        ("invariants", {"beta": 0}, "beta"),
        ("invariants", {"d": 1}, "greater than or equal to 2"),
        ("toy_schemes", {"horizon": 1e6}, "schedule lasts"),
        ("toy_schemes", {"horizon": 10}, "schedule lasts 10 but the run 100000"),
        ("toy_swaps", {"hard": (1.5,)}, "between 0 and 1"),
        ("toy_swaps", {"soft": (-0.1,)}, "between 0 and 1"),
        ("phase_pairs", {"pairs": (4,)}, "odd n"),
        ("finite_bound", {"delta": 1.0}, "delta"),
    ],
)
def test_bad_settings_get_a_sentence(name, change, words):
    with pytest.raises(InputError, match=words):
        result(name, **change)


@pytest.mark.parametrize(
    ("name", "setting", "words"),
    [
        ("toy_schemes", "horizon=10", "set horizon and end to the same time"),
        ("toy_swaps", "hard=1.5", "must lie between 0 and 1"),
        ("toy_swaps", "hard=(1.5,)", "must lie between 0 and 1"),
        ("toy_swaps", "soft=[-0.1]", "must lie between 0 and 1"),
        ("toy_swaps", "rows=often", "valid tuple"),
        ("invariants", "d=1", "greater than or equal to 2"),
        ("random_start", "cases=[[50,1,1.0]]", "the sphere needs d >= 2"),
        ("fig2", "gamma=1.2", "less than 1"),
        ("invariants", "beta=0", "greater than 0"),
    ],
)
def test_the_command_line_answers_in_one_sentence(capsys, name, setting, words):
    assert cli.main(["run", f"yaras2024.{name}", "--tier", "smoke", "--set", setting]) != 0
    said = capsys.readouterr().err.strip()
    assert words in said and len(said.splitlines()) == 1


def test_one_share_or_several_by_the_command_line(capsys):
    for setting in ("hard=0.5", "hard=(0.5,)", "hard=[0.5, 1]", "hard=[1,.5]"):
        assert cli.main(["run", "yaras2024.toy_swaps", "--tier", "smoke", "--set", setting, "--set", "end=1"]) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: Ring(gamma=0.0),
        lambda: Ring(beta=float("inf")),
        lambda: Ring(n=1, shift=0),
        lambda: parallel.sphere(3, 1, generator("test", 0, "x")),
        lambda: bessel.limit(1, 1.0, 0.3),
        lambda: bounds.threshold(5, -0.1, 0.3),
        lambda: bounds.SlowClosing(2, 1.0, 1.39, 0.001).corrected(np.array(1.0)),
        lambda: Exponential(rate=-1),
        lambda: Schedule(0.0, 0.1, 5.0),
        lambda: Swap("hard", 2.0),
    ],
)
def test_bad_arguments_get_a_sentence(call):
    with pytest.raises(InputError, match="not allowed|not positive"):
        call()
