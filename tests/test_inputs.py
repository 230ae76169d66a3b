"""What the library is handed at the edges: one row a case. Refused in one sentence, or answered rightly; never a
traceback of another kind, never a number that means nothing."""

import inspect

import numpy as np
import pytest
import torch

from mmcl_core import stats
from mmcl_core.catalog import find_experiment
from mmcl_core.errors import InputError
from mmcl_core.papers.huang2024 import encoders, heads, setting
from mmcl_core.papers.ren2023 import dynamics, theory
from mmcl_core.papers.ren2023.closure import Closure, Path
from mmcl_core.papers.ren2023.setting import cube, initial_encoders, views
from mmcl_core.papers.xue2024 import spread
from mmcl_core.papers.xue2024.setting import IntraClass
from mmcl_core.papers.yaras2024.claims import fig2
from mmcl_core.papers.yaras2024.points import Ring
from tests.tolerances import close

FLOW = Closure(10, (1.0, 0.5), 0.2, 5.0)


def at_smoke(name, **values):
    return lambda: find_experiment(name).config.at("smoke", **values)


def head_without_shifted_samples():
    return inspect.unwrap(heads.head_b)(None, setting.orthogonal([0], 4, 2, 1.0, 2.0, 1.0, 1e-3))


REFUSED = {
    "a spectrum that rises": (lambda: Closure(10, (0.5, 1.0), 0.2, 5.0), "not in falling order.*write \\(1.0, 0.5\\)"),
    "a spectrum that rises, on the command line": (at_smoke("ren2023.runs", signal=[0.2, 1]), "not in falling order"),
    "negative noise of one view": (lambda: FLOW.but(noise_b=-0.1), "at least 0"),
    "nan for a noise": (lambda: FLOW.but(noise=np.nan), "at least 0"),
    "more signals in view B": (lambda: views(6, (1.0, 0.5), 0.2, (1.0, 0.5, 0.2)), "view B 3"),
    "fewer signals in view B": (lambda: views(6, (1.0, 0.5), 0.2, (1.0,)), "view B 1"),
    "more signals than directions": (lambda: views(1, (1.0, 0.5), 0.2), "do not fit"),
    "a signal that is zero": (lambda: views(6, (1.0, 0.0), 0.2), "must all be positive"),
    "negative noise of data": (lambda: views(6, (1.0,), 0.2, noise_b=-0.1), "at least 0"),
    "negative noise inside": (lambda: views(6, (1.0,), 0.2, noise_inside=-0.1), "at least 0"),
    "unknown captions": (
        lambda: encoders.clip(None, 0, torch.device("cpu"), "colours"),
        "Unknown kind of captions 'colours'.*did you mean",
    ),
    "a head without its test set": (head_without_shifted_samples, "downstream"),
    "a signal whose square is no number": (at_smoke("huang2024.figure1", signal=1e-300), "equal to 0.000001"),
    "a signal too large to square": (at_smoke("huang2024.figure1", signal=1e308), "1000000"),
    "one neuron": (at_smoke("huang2024.figure1", m=1), "greater than or equal to 2"),
    "foreign features as strong as the own": (at_smoke("xue2024.sharing_population", betas=[1.0]), "less than 1"),
    "the same for rich captions": (at_smoke("xue2024.threshold_richness", low_betas=[1.0]), "less than 1"),
    "a ring shifted by itself": (lambda: Ring(5, 5), "a shift from 0 to n - 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_is_refused_in_one_sentence(case):
    call, sentence = REFUSED[case]
    with pytest.raises(InputError, match=f"(?s){sentence}"):
        call()


@pytest.mark.parametrize("n, matched, peak", [(5, 3.722, 2.064), (7, 16.9, None), (9, 63.0, None)])
def test_larger_rings_match_later_and_are_waited_for(n, matched, peak):
    """The gap peaks before the pairs match, and both times are read off a long orbit by eye of a dense grid."""
    ring = Ring(n, (n - 1) // 2)
    orbit = ring.run(np.concatenate([[0.0], np.geomspace(0.1, 500, 4000)]))
    apart = np.abs(orbit.angle) > np.pi / n
    assert ring.matched() == pytest.approx(orbit.times[apart][-1], rel=0.003)
    assert ring.peak()[0] == pytest.approx(orbit.times[orbit.gap.argmax()], rel=0.003)
    if peak is not None:
        assert ring.peak()[0] == pytest.approx(peak, abs=0.01)


def test_a_ring_that_starts_matched_or_never_matches_says_so():
    assert Ring(5, 0).matched() == 0
    assert np.isnan(Ring(7, 3).matched(end=1.0))
    other_way = Ring(5, 3)  # three vertices one way are two the other
    assert other_way.matched() == pytest.approx(Ring(5, 2).matched(), rel=1e-6)
    for mine, theirs in zip(other_way.start(), Ring(5, -3 % 5).start(), strict=True):
        assert close(mine, np.stack([theirs[:, 0], -theirs[:, 1], theirs[:, 2]], 1)[[0, 4, 3, 2, 1]])


def test_a_claim_on_a_ring_that_does_not_match_fails_and_does_not_stop_the_ledger():
    never = {"plotted_time": np.geomspace(0.1, 10, 20), "gap": np.ones(20), "matched": np.array(np.nan)}
    for claim in (fig2.fig2_matched, fig2.fig2_falls):
        assert np.isnan(claim.estimator(never).value)


def test_a_crossing_in_the_first_interval_from_time_zero_is_found_where_it_is():
    path = Path(FLOW, np.array([0.0, 4.0, 8.0]), np.zeros((3, 9)))
    assert path.first_time(np.array([0.0, 1.0, 2.0]), 0.25) == 1.0
    assert path.first_time(np.array([0.5, 0.5, 2.0]), 0.5) == 0.0
    assert path.first_time(np.array([3.0, 1.0, 0.0]), 0.5) == pytest.approx(np.sqrt(32))
    assert np.isnan(path.first_time(np.array([3.0, 1.0, 0.9]), 0.5))


@pytest.mark.parametrize("tau2, negatives", [(1000.0, 31.0), (5.0, np.inf), (1000.0, np.inf)])
def test_low_temperatures_and_any_number_of_negatives_keep_the_population_s_flow(tau2, negatives):
    """Against Python's integers-as-logarithms: a literal double loop over all points in extended precision."""
    v = views(4, (1.0, 0.5), 0.3)
    e = initial_encoders(v, 6, [0])
    points, positive = cube(v)
    form = dynamics.similarity(e, v)
    q, factor = dynamics.population_contrastive(points, positive, tau2, negatives)(form)
    logits = (tau2 * points @ form[0] @ points.T).numpy().astype(np.longdouble)
    p, k, size = positive.numpy(), np.longdouble(negatives), len(points)
    coefficients = np.zeros((size, size), np.longdouble)
    for table, chance, into in ((logits, p, coefficients), (logits.T, p.T, coefficients.T)):
        for i in range(size):
            z = np.exp(table[i]).mean()
            total = np.exp(table[i]) / k + z
            into[i] += chance[i] * z / total - np.exp(table[i]) / size * (chance[i] / total).sum()
    assert factor == tau2 and torch.isfinite(q).all()
    assert close(q[0], (points.numpy().T @ coefficients @ points.numpy()).astype(float))
    assert bool(torch.isinf(dynamics.population_loss(e, v, points, positive, tau2, negatives))) == np.isinf(negatives)


def test_the_closed_form_takes_a_spectrum_of_any_kind():
    of_tuple, of_array = (theory.NonContrastive(10, s, 0.2) for s in ((1.0, 0.5), np.array([1.0, 0.5])))
    for mine, theirs in zip(of_tuple.at(3.0), of_array.at(3.0), strict=True):
        assert np.array_equal(mine, theirs)


def test_negatives_of_the_same_class_alone_leave_no_prediction_without_detail_in_captions():
    seen = spread.Observation(100, 10, 1.0)
    assert np.isnan(spread.predict(IntraClass(pi_core=0.0), seen, same=1.0).value)
    assert np.isfinite(spread.predict(IntraClass(pi_core=1.0), seen, same=1.0).value)


def test_of_several_estimates_the_one_that_is_nan_is_never_passed_over():
    good, broken = stats.exact(1.0), stats.exact(np.nan)
    for order in ((good, broken), (broken, good)):
        assert np.isnan(stats.reaching_lowest(*order).value) and np.isnan(stats.reaching_highest(*order).value)
