"""Xue et al. 2024: closed forms against enumeration and sampling; the spread of what is learnt, known before the
run."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from mmcl_core.errors import InputError
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.papers.xue2024 import linear, spread, theory
from mmcl_core.papers.xue2024.claims import appendix_c, shared, truncation
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, Sharing, observe
from tests.tolerances import close

PROMPT = np.array([1.0, 0.0])


@pytest.mark.parametrize("sigma_xi", [0.0, 2.0])
def test_the_exact_accuracy_is_what_sampling_gives(sigma_xi):
    model, u, n = IntraClass(0.9, 0.4, 0.8), np.array([1.0, 0.7, 0.2, -0.4]), 400_000
    stream = np.random.default_rng(0)
    exact = linear.gaussian_accuracy(u, model, sigma_xi)
    for law, value in ((0.8, exact.id), (0.5, exact.ood)):
        sample = IntraClass(0.9, 0.4, law).sample(Draws.of(n, stream))
        right = np.sign(observe(sample.image, 4, sigma_xi, stream) @ u) == sample.label
        assert right.mean() == pytest.approx(value, abs=0.004)
        if law == 0.5:
            groups = [right[(sample.attribute == sample.label) == same].mean() for same in (True, False)]
            assert min(groups) == pytest.approx(exact.worst_group, abs=0.005)


@settings(deadline=None, max_examples=50)
@given(st.floats(0.1, 3), st.floats(0, 1), st.floats(0.5, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.1))
def test_the_formula_is_the_accuracy_of_the_populations_first_column(core, spu, p, pi_core, pi_spu, noise):
    model = IntraClass(core, spu, p, pi_core, pi_spu)
    u = linear.minimiser_of(model.cross_covariance(), 2).direction(PROMPT)
    seen = linear.gaussian_accuracy(u, model, (2 * noise) ** 0.5)
    assert close(theory.contrastive_accuracy(core, spu, p, pi_core, noise), seen.ood)
    assert close(theory.contrastive_id_accuracy(core, spu, p, pi_core, noise), seen.id)
    assert seen.ood <= theory.core_only_accuracy(core) + 1e-12


@settings(deadline=None, max_examples=30)
@given(st.floats(0.1, 2), st.floats(0.6, 1), st.floats(0.05, 1), st.floats(0, 0.95))
def test_a_share_of_same_class_negatives_is_a_richness(core, p, pi, same):
    model = IntraClass(core, 0.1, p, pi)
    mean = model.class_mean()
    # Same-class negatives average to mu mu^T, those of the other class to -mu mu^T.
    S = model.cross_covariance() - same * np.outer(mean, mean) + (1 - same) * np.outer(mean, mean)
    a, b = theory.direction(core, p, pi * theory.effective_richness(same))
    assert close(S[1, 0] / S[0, 0], float(b / a))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 4), st.floats(0.6, 2.5), st.floats(0, 0.95), st.floats(0, 2), st.floats(0.55, 1), st.floats(0, 1))
def test_the_three_regimes_equal_enumeration_of_all_signs(m, alpha, beta, foreign, p, pi):
    model = Sharing(m, alpha, beta, foreign, p, pi)
    a, b = theory.sharing_direction(model)
    own, other = (
        np.array([[a + alpha * b], [a - alpha * b]]),
        np.array([beta * a + foreign * b, abs(beta * a - foreign * b), 0]),
    )
    if np.abs(own - other).min() < 1e-6:
        return  # a tie, which rounding decides
    G, right = model.cross_covariance(), []
    for sign, signs in itertools.product((1, -1), itertools.product((1, -1), repeat=2 * (m - 1))):
        z = np.zeros(2 * m)
        z[0], z[m] = 1, sign * alpha  # class (1, +1) stands for all
        z[1:m], z[m + 1 :] = beta * np.array(signs[: m - 1]), foreign * np.array(signs[m - 1 :])
        scores = z @ G[:, :m]
        right.append(scores.argmax() == 0 and scores[0] > np.abs(scores[1:]).max(initial=0))
    assert close(np.mean(right), theory.sharing_accuracy(model))


@settings(deadline=None, max_examples=40)
@given(st.floats(1.01, 2), st.floats(0.1, 0.9), st.floats(0.6, 1))
def test_thresholds_are_where_the_accuracy_jumps(alpha, beta, p):
    least = theory.threshold_classes(alpha, beta, None, p)
    if least > 1:
        assert theory.sharing_accuracy(Sharing(least, alpha, beta, p_spu=p)) == 1
        assert least == 2 or theory.sharing_accuracy(Sharing(least - 1, alpha, beta, p_spu=p)) < 1
    m = max(least, 1) + 5
    pi = theory.threshold_richness(m, alpha, beta, None, p)
    if 0 < pi < 0.99:
        assert theory.sharing_accuracy(Sharing(m, alpha, beta, p_spu=p, pi_core=pi + 1e-3)) == 1
        assert theory.sharing_accuracy(Sharing(m, alpha, beta, p_spu=p, pi_core=max(0, pi - 1e-3))) < 1


@pytest.mark.parametrize(("exponent", "contains"), [(-0.5, True), (-0.7, False), (-0.3, False)])
def test_the_rate_has_an_uncertainty_that_tells_exponents_apart(exponent, contains):
    n = np.array([200, 400, 800, 1600, 3200, 6400, 12800])
    error = np.random.default_rng(0).standard_normal((40, 7)) * n**exponent
    estimate = shared.slope_of_rms(n, error)
    assert (estimate.low <= -0.5 <= estimate.high) == contains
    assert 0.02 < estimate.high - estimate.low < 0.3


def learnt(model, seen, draws, prompt=(1.0, 0.0), same=0.5, shuffled=False):
    """Accuracies of directions learnt from `draws` samples `[draws, 3]`: OOD, ID, conflict."""
    stream, rows = np.random.default_rng(1), []
    for _ in range(draws):
        sample = model.sample(Draws.of(seen.n, stream, model.prior))
        image, text = (observe(z, seen.d, seen.sigma_xi, stream) for z in (sample.image, sample.text))
        if shuffled:
            for y in (-1, 1):
                group = np.flatnonzero(sample.label == y)
                text[group] = text[stream.permutation(group)]
        S = linear.cross_covariance(image, text)
        if same != 0.5:
            S = linear.composed_cross_covariance(image, text, sample.label, same)
        found = linear.gaussian_accuracy(linear.minimiser_of(S, 2).direction(np.array(prompt)), model, seen.sigma_xi)
        rows.append((found.ood, found.id, found.conflict))
    return np.array(rows)


@pytest.mark.parametrize(
    ("model", "more"),
    [
        (IntraClass(1.0, 0.1, 0.95), {}),
        (IntraClass(1.0, 0.3, 0.9, 0.5, 0.5), {"prompt": (1.0, 0.8)}),
        (IntraClass(1.0, 0.3, 0.9, 0.5, 0.5), {"prompt": (1.0, -0.7)}),
        (IntraClass(1.0, 0.1, 0.95), {"same": 0.0}),
        (IntraClass(1.0, 0.1, 0.95), {"same": 0.9}),
        (IntraClass(1.0, 0.1, 0.95), {"shuffled": True}),
        (IntraClass(1.0, 0.1, 0.95, prior=0.8), {}),
    ],
)
def test_value_and_spread_of_what_is_learnt_are_known_before_the_run(model, more):
    seen, draws = spread.Observation(1500, 15), 150
    found = learnt(model, seen, draws, **more)
    for column, measure in enumerate(("ood", "id", "conflict")):
        expected = spread.predict(model, seen, measure, **more)
        assert expected.off(found[:, column]) < 1
        assert found[:, column].std() * np.sqrt(seen.n) == pytest.approx(expected.tau, rel=0.2)  # 3.5 standard errors


@settings(deadline=None, max_examples=40)
@given(st.floats(0.3, 2), st.floats(0, 1), st.floats(0.55, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_influence_of_a_pair_has_the_variance_of_the_worked_out_moments(core, spu, p, pi, pi_spu):
    c, s, q, seen = core**2, spu**2, 2 * p - 1, spread.Observation(1000, 10, 0.7, 8)
    a, nu, mu = 1 + pi * c, seen.image, seen.text
    v11 = c + 3 * pi * c + 3 * pi * c**2 - pi**2 * c**2 + nu * (1 + pi * c + mu) + (1 + c) * mu
    v21 = (1 + s) * (1 + pi * c) - q**2 + nu * (1 + pi * c + mu) + (1 + s) * mu
    v12 = 2 * pi * c * q + mu * q
    r = q / a
    found = spread.predict(IntraClass(core, spu, p, pi, pi_spu), seen)
    assert close(found.weight, np.sqrt(v21 - 2 * r * v12 + r**2 * v11) / a)


def test_a_prediction_fails_for_a_wrong_prompt_and_passes_for_the_right_one():
    model, seen = IntraClass(1.0, 0.1, 0.95), spread.Observation(4000, 30)
    expected = spread.predict(model, seen)
    assert expected.off(learnt(model, seen, 5)[:, 0]) < 1 < expected.off(learnt(model, seen, 5, (1.0, 0.9))[:, 0])


def test_unbalanced_classes_with_unbalanced_negatives_are_refused():
    with pytest.raises(InputError, match="same = 0.5"):
        spread.predict(IntraClass(prior=0.8), spread.Observation(100, 10), same=0.2)


def test_no_formula_warns_where_a_spread_or_a_weight_vanishes():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert theory.contrastive_accuracy(1.0, 0.1, 0.95, same=1.0) == pytest.approx(norm.cdf(1))
        assert theory.effective_richness(1.0) == np.inf and theory.effective_richness(0.5) == 1
        grid = theory.contrastive_accuracy(1.0, 0.1, 0.95, same=np.linspace(0, 1, 5))
        assert np.all(np.diff(grid) > 0) and grid[-1] == pytest.approx(0.8413447)
        assert theory.contrastive_accuracy(0.0, 0.0, 1.0) == 0.75  # all agree right, all conflict ties
        assert theory.contrastive_accuracy(0.0, 0.0, 0.9) == 1
        assert theory.contrastive_accuracy(1.0, 0.1, 0.95, 0.0, same=1.0) == 0.5  # nothing is learnt
        assert linear.gaussian_accuracy(np.array([1.0, 0.0]), IntraClass(0.0, 0.0)).ood == 1
        assert theory.core_only_accuracy(0.0) == 1


def test_the_papers_printed_examples():
    assert theory.contrastive_accuracy(1.0, 0.0, 1.0) == pytest.approx(0.81233, abs=5e-6)
    assert theory.conflict_accuracy(1.0, 0.0, 1.0) == pytest.approx(0.69146, abs=5e-6)
    assert close(theory.contrastive_id_accuracy(1.0, 0.0, 1.0), norm.cdf(1.5))
    assert close(theory.supcon_accuracy(1.0, 0.0, 1.0), norm.cdf(2) / 2 + 0.25)
    assert close(theory.overlap(10, 1 / 3), 101 * 4 / 9)


@settings(deadline=None, max_examples=40)
@given(st.floats(0.3, 2), st.floats(0, 0.8), st.floats(0.6, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_counter_prompt_takes_the_background_out(core, spu, p, pi, pi_spu):
    model = IntraClass(core, spu, p, pi, pi_spu)
    b = theory.counter_prompt(spu, p, pi_spu)
    weights = model.cross_covariance() @ (1.0, b)
    assert close(weights[1], 0) and weights[0] > 0 or pi * core < 1e-6
    if weights[0] > 1e-6:
        assert close(linear.gaussian_accuracy(weights, model).ood, theory.core_only_accuracy(core))


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 4), st.floats(0.6, 2.5), st.floats(0.05, 0.9), st.floats(0.1, 1))
def test_the_counter_prompt_of_model_2_does_so_too(m, alpha, beta, pi):
    model = Sharing(m, alpha, beta).said(pi)
    prompt = np.eye(2 * m)[:, 0] - theory.counter_prompt_sharing(model) * np.eye(2 * m)[:, m]
    weights = m * model.cross_covariance() @ prompt
    G, A = 1 + (m - 1) * beta**2, 1 + pi * (m - 1) * beta**2
    assert close(weights[[0, m]], (A - 1 / G, 0))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), st.floats(0.5, 2), st.floats(0, 0.9), st.floats(0, 2), st.integers(0, 50))
def test_block_scores_need_no_listing(m, alpha, beta, foreign, seed):
    model, stream = Sharing(m, alpha, beta, foreign), np.random.default_rng(seed)
    core, spurious = np.sort(stream.standard_normal((2, m)))
    G = np.zeros((2 * m, m))
    G[np.arange(m), np.arange(m)], G[m + np.arange(m), np.arange(m)] = core, spurious
    listed = model.every_pattern()
    per_class = []  # class (1, +1) stands for class (k, +1) of a model whose pairs are exchanged
    for k in range(m):
        order = np.array([k, *(j for j in range(m) if j != k)])
        turned = G[np.concatenate([order, m + order])][:, order]
        per_class.append(linear.sharing_accuracy(turned, listed))
    assert close(linear.block_accuracy(G, model), np.mean(per_class, 0))


def test_scores_that_mix_pairs_are_refused_by_the_shortcut():
    with pytest.raises(InputError, match="mix"):
        linear.block_accuracy(np.ones((4, 2)), Sharing(2))


def test_ties_count_as_wrong():
    sample = Sharing(2, 1.0, 0.5).every_pattern()
    core = np.eye(4)[:, :2]
    assert linear.sharing_accuracy(core + np.eye(4)[:, 2:], sample)[1] == 0  # own score 1 - 1 on conflict
    assert linear.sharing_accuracy(0 * core, sample) == (0.0, 0.0)


def test_the_sample_size_bound_is_about_what_happens():
    model = Sharing(20, 1.2, 0.5)
    z, bound = theory.conflict_bound(model, 30_000)
    assert z == pytest.approx(3.62, abs=0.01) and close(bound, 9.5 * norm.sf(z))


def deviations(n, order):
    """Norms `[S, n]` of 200 seeds whose root mean square is `order(n)`."""
    return np.abs(np.random.default_rng(0).standard_normal((200, len(n)))) * order(np.asarray(n, float))


@pytest.mark.parametrize(
    ("order", "verdict"),
    [
        (lambda n: 3 * np.sqrt(np.log(n) / n), Verdict.reproduced),
        (lambda n: n**-0.5, Verdict.reproduced),
        (lambda n: 1 / n, Verdict.reproduced),  # falls faster than the bound: no failure of a bound
        (lambda n: n**-0.25, Verdict.not_reproduced),
        (lambda n: n**0, Verdict.not_reproduced),
    ],
)
def test_a_bound_is_judged_as_a_bound(order, verdict):
    n = np.array([200, 400, 800, 1600, 3200, 6400, 12_800])
    claim = next(c for c in appendix_c.RATES if c.name == "lemmaC_5")
    assert claim.judge(claim.estimator({"n": n, "gaussian_mean": deviations(n, order)})) == verdict


def test_the_printed_root_would_fail_the_sharper_bound():
    n = np.array([100, 200, 400, 800])
    slow, bound = (truncation.against_bound(n, deviations(n, f), 1.0) for f in (lambda n: n**-0.25, lambda n: n**-0.5))
    assert slow.low > 0.125 > bound.high
