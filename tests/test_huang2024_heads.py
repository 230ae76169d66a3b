"""The ceilings of linear heads against quadrature and brute force, and what the heads are fitted and scored on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from mmcl_core.papers.huang2024 import dynamics, heads, setting, theory
from mmcl_core.papers.huang2024.experiments.ceiling import balanced_weights
from tests.named import run
from tests.tolerances import close

STRENGTHS = (0.112, 0.5, 1.0, 2.0)


def relu(x):
    return np.maximum(x, 0)


def by_quadrature(right_given_noise):
    """E over y and z ~ N(0, 1) of an indicator with few jumps, by adaptive quadrature on a fine partition."""
    edges = np.linspace(-8, 8, 161)
    pieces = [
        quad(lambda z, y=y: right_given_noise(y, z) * norm.pdf(z), a, b, limit=200)[0]
        for y in (1, -1)
        for a, b in zip(edges[:-1], edges[1:], strict=True)
    ]
    return sum(pieces) / 2


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("cosine", [1.0, 0.3])
@pytest.mark.parametrize("part", [-0.5, 0.0, 0.4, 1.0, 1.6])
def test_accuracy_of_one_neuron_by_quadrature(strength, cosine, part):
    threshold = part * cosine * strength
    literal = by_quadrature(lambda y, z: (y > 0) == (relu(y * cosine * strength) + relu(z) >= threshold))
    assert theory.one_neuron_accuracy(threshold, strength, cosine) == pytest.approx(literal, abs=2e-3)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_best_threshold_of_an_ideal_neuron_attains_the_ceiling(strength):
    grid = np.linspace(-1, 4, 5001)
    thresholds = np.append(grid, strength)
    accuracy = theory.one_neuron_accuracy(thresholds, strength)
    assert close(accuracy.max(), theory.ceiling(strength))
    assert close(thresholds[accuracy.argmax()], strength)  # at <w, nu> itself
    assert theory.ceiling(strength) > theory.odd_ceiling(strength) == pytest.approx(norm.cdf(strength))


def test_values_of_the_ceiling():
    np.testing.assert_allclose(theory.ceiling(np.array(STRENGTHS)), [0.7723, 0.8457, 0.9207, 0.9886], atol=5e-5)
    assert close(theory.ceiling(2.0, noise=2.0), theory.ceiling(1.0))


def responses(weights, head, strength, noise, side):
    """Head outputs without a threshold on (y nu, zeta), nu along e_1."""
    nu = np.zeros(weights.shape[1])
    nu[0] = strength
    signal = relu(weights @ nu) if side > 0 else relu(-weights @ nu)
    return (signal + relu(noise @ weights.T)) @ head


@pytest.mark.parametrize("strength", STRENGTHS)
def test_no_head_beats_the_ceiling_by_brute_force_over_thresholds(strength):
    """Random encoders and heads, among them very sparse ones, every threshold: also what `best_threshold` finds."""
    random = np.random.default_rng(0)
    noise = random.normal(size=(40_000, 3))
    labels = np.repeat([1.0, -1.0], len(noise))
    best = 0.0
    for trial in range(60):
        m = 1 + trial % 5
        weights, head = random.normal(size=(m, 3)), random.normal(size=m) * random.choice([1, 10, 0.1], m)
        if trial % 3 == 0:
            weights[0] = [1, 0.05 * random.normal(), 0.05 * random.normal()]
            head[0], head[1:] = 1, 0.01 * head[1:]
        found = np.concatenate([responses(weights, head, strength, noise, side) for side in (1, -1)])
        best = max(best, max(heads.best_threshold(found, labels, side)[1] for side in (1, -1)))
    bound = theory.ceiling(strength)
    error = (bound * (1 - bound) / (2 * len(noise))) ** 0.5
    assert bound - 0.01 < best < bound + 3.5 * error


@pytest.mark.parametrize("strength", STRENGTHS)
def test_odd_heads_keep_to_phi(strength):
    """Neurons in opposite pairs with opposite weights: linear functions of both patches' sum, at every threshold."""
    random = np.random.default_rng(1)
    noise = random.normal(size=(40_000, 3))
    labels = np.repeat([1.0, -1.0], len(noise))
    for trial in range(20):
        half, c = random.normal(size=(3, 3)), random.normal(size=3)
        if trial == 0:
            half[:] = [1, 0, 0]
        weights, head = np.concatenate([half, -half]), np.concatenate([c, -c])
        found = np.concatenate([responses(weights, head, strength, noise, side) for side in (1, -1)])
        best = max(heads.best_threshold(found, labels, side)[1] for side in (1, -1))
        assert best < theory.odd_ceiling(strength) + 3.5 * 0.5 / (2 * len(noise)) ** 0.5 + 0.003
        if trial == 0:
            assert best > theory.odd_ceiling(strength) - 0.01


def test_an_even_part_that_is_independent_of_the_odd_one_does_not_help():
    random = np.random.default_rng(2)
    noise = random.normal(size=(40_000, 3))
    labels = np.repeat([1.0, -1.0], len(noise))
    weights = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, 0, 1]])
    for even in (0.2, 1.0, 5.0):
        head = np.array([1, -1, even, -even])
        found = np.concatenate([responses(weights, head, 0.5, noise, side) for side in (1, -1)])
        # Neurons off the line of nu have an odd part of their own, which only lengthens u.
        assert heads.best_threshold(found, labels)[1] < theory.odd_ceiling(0.5) + 0.01


@pytest.mark.parametrize("strength", STRENGTHS)
def test_accuracy_is_the_concentration_of_the_noise_response(strength):
    """Step 1 of the proof, on one sample of noise: exactly half of 1 + the share of N in the interval."""
    random = np.random.default_rng(3)
    weights, head, b = random.normal(size=(5, 3)), random.normal(size=5), 0.3
    noise = random.normal(size=(10_000, 3))
    response = relu(noise @ weights.T) @ head
    gain = {side: responses(weights, head, strength, noise[:1], side)[0] - response[0] for side in (1, -1)}
    if gain[1] < gain[-1]:
        head, gain, response = -head, {side: -g for side, g in gain.items()}, -response
    right = np.mean(response + gain[1] >= b) / 2 + np.mean(response + gain[-1] < b) / 2
    inside = (response >= b - gain[1]) & (response < b - gain[-1])
    assert close(right, (1 + inside.mean()) / 2)
    assert close(gain[1] - gain[-1], abs(strength * (head @ weights)[0]))


@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_balanced_head_errs_equally_and_has_its_closed_form(strength):
    weights, head = balanced_weights()
    samples = heads.ShiftedSamples.draw(weights, 0, 100_000, "test of the balanced head")
    embeddings, labels = samples.embeddings(strength)
    output = embeddings @ head
    right = (output > 0) == (labels > 0)
    assert right.mean() == pytest.approx(theory.balanced_accuracy(strength), abs=0.006)
    assert right[labels > 0].mean() == pytest.approx(right[labels < 0].mean(), abs=0.01)
    assert np.median(output[labels > 0]) == pytest.approx(-np.median(output[labels < 0]), abs=0.05)


def test_best_threshold_is_that_of_a_literal_search_with_ties():
    random = np.random.default_rng(0)
    for _ in range(20):
        values, labels = random.integers(0, 4, 15).astype(float), random.choice([-1.0, 1.0], 15)
        for side in (1.0, -1.0):
            threshold, share = heads.best_threshold(values, labels, side)
            literal = max(
                sum((side if v >= t else -side) == y for v, y in zip(values, labels, strict=True)) for t in values
            )
            assert close(share, literal / 15)
            assert close(heads.threshold_accuracy(values, labels, threshold, side), share)


def test_the_fitted_stump_is_the_best_of_all():
    random = np.random.default_rng(0)
    labels = random.choice([-1.0, 1.0], 60)
    embeddings = random.normal(size=(60, 4))
    embeddings[:, 2] -= 1.5 * labels  # right below its threshold
    found = heads.Stump.fitted(embeddings, labels)
    literal = max(
        heads.threshold_accuracy(embeddings[:, r], labels, t, side)
        for r in range(4)
        for t in embeddings[:, r]
        for side in (1.0, -1.0)
    )
    assert (found.neuron, found.side) == (2, -1.0)
    assert close(found.accuracy(embeddings, labels), literal)


def test_the_aimed_stump_takes_the_nearest_neuron_and_its_gap():
    weights = torch.tensor([[3.0, 5.0], [-2.0, 1.0], [0.5, 0.5]], dtype=torch.float64)
    stump = heads.Stump.aimed(weights, weights[:, 0], 0.7)
    assert (stump.neuron, stump.side) == (1, -1.0)
    assert close(stump.threshold, 1.4)
    samples = heads.ShiftedSamples.draw(weights, 0, 100_000, "test of the aimed stump")
    expected = theory.ceiling(0.7 * 2 / 5**0.5)
    assert stump.accuracy(*samples.embeddings(0.7)) == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("d", [4, 40])
def test_shifted_samples_have_the_law_of_draws_in_the_full_space(d):
    """Means and products of relu(<w_r, zeta>), also with more neurons than dimensions."""
    weights = torch.from_numpy(np.random.default_rng(d).normal(size=(6, d)))
    weights[1] = -weights[0]
    drawn = heads.ShiftedSamples.draw(weights, 0, 100_000, "test").noise.numpy()
    literal = relu(np.random.default_rng(1).normal(size=(100_000, d)) @ weights.numpy().T)
    np.testing.assert_allclose(drawn.mean(0), weights.norm(dim=1).numpy() / (2 * np.pi) ** 0.5, rtol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(literal.T), atol=0.04 * np.cov(literal.T).max())


def test_a_heads_answers_are_those_to_the_embeddings():
    random = np.random.default_rng(0)
    weights, head = torch.from_numpy(random.normal(size=(5, 8))), (random.normal(size=5), 0.3)
    drawn = heads.ShiftedSamples.draw(weights, 0, 300, "test of answers")
    signals = torch.stack([2 * weights[:, 0], 0.5 * weights[:, 0], weights[:, 1]])
    for signal, found in zip(signals, drawn.answers(head, signals), strict=True):
        noise, labels = drawn.noise.numpy(), drawn.labels.numpy()
        embeddings = relu(labels[:, None] * signal.numpy()) + noise
        assert close(found.numpy(), embeddings @ head[0] + head[1])
        assert close(replace(drawn, direction=signal).embeddings(1.0)[0], embeddings)


def test_what_a_head_is_fitted_on_and_what_it_is_scored_on_are_other_draws():
    weights = torch.eye(3, dtype=torch.float64)
    fit, test = (heads.ShiftedSamples.draw(weights, 0, 2000, part) for part in ("population", "evaluation"))
    assert abs(np.corrcoef(fit.noise.numpy().ravel(), test.noise.numpy().ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(fit.labels.numpy(), test.labels.numpy())[0, 1]) < 0.1
    other = heads.ShiftedSamples.draw(weights, 1, 2000, "evaluation")
    assert abs(np.corrcoef(other.noise.numpy().ravel(), test.noise.numpy().ravel())[0, 1]) < 0.05


@pytest.fixture(scope="module")
def memorised():
    """Single-modal training to a small loss, with a shift too weak for any head of this kind."""
    problem = setting.gaussian([0, 1], 30, 20, 300, 2.0, 3.0, 1e-3, downstream=1e-6, downstream_samples=4000)
    return problem, dynamics.last(dynamics.trajectory(problem, False, 0.02, 300, 1.0))


def test_head_b_is_not_scored_on_its_training_set(memorised):
    """On the training set it is right nearly always; under this shift it can only guess."""
    problem, state = memorised
    scores = heads.head_b(state, problem)
    for row in range(2):
        train, labels = state.first.embeddings(problem.labels)[row].numpy(), problem.labels[row].numpy()
        head = LogisticRegression(C=1.0, max_iter=1000).fit(train, labels)
        assert scores[row] == pytest.approx(0.5, abs=0.04)
        weights = heads.trained_weights(state.first.coefficients[row], row, 30, 300, 2.0, 3.0, 1e-3)
        noise = setting.normal([row], "test noise", 4000, 300)[0]
        signal = torch.relu(problem.downstream.labels[row][:, None] * 1e-6 * weights[:, 0])
        test = (signal + torch.relu(noise @ weights.T)).numpy()
        assert close(scores[row], head.score(test, problem.downstream.labels[row].numpy()))


def test_logistic_accuracy_scores_the_test_rows():
    train, labels = np.array([[0.0], [1.0]]), np.array([-1.0, 1.0])
    assert heads.logistic_accuracy(train, labels, np.array([[1.0], [0.0], [1.0], [1.0]]), -np.ones(4)) == 0.25
    assert close(
        heads.discriminant_accuracy(
            np.array([[0.0], [0.1], [1.0], [1.1]]), np.array([-1.0, -1, 1, 1]), np.array([[2.0], [-2.0]]), np.ones(2)
        ),
        0.5,
    )


def test_the_single_modal_head_b_of_the_downstream_experiment_guesses_at_the_weakest_shift():
    """Scored on its training set it would be right."""
    r = run("huang2024.downstream", "smoke")
    assert abs(r["single_head_b"][:, 0] - 0.5).max() < 0.08
    r = run("huang2024.ceiling", "smoke")
    assert abs(r["head_b"][:, 2, 0] - 0.5).max() < 0.08


def test_the_ceiling_experiment_scores_other_samples_than_it_fits(monkeypatch):
    """Every encoder has two draws, and no two of one seed share their noise or labels."""
    from mmcl_core.papers.huang2024.experiments import ceiling

    drawn = []
    original = heads.ShiftedSamples.draw.__func__

    def watched(cls, weights, seed, count, purpose, direction=None):
        drawn.append(original(cls, weights, seed, count, purpose, direction))
        return drawn[-1]

    monkeypatch.setattr(heads.ShiftedSamples, "draw", classmethod(watched))
    config = ceiling.CeilingSetting.at("smoke", samples=500)
    ceiling._heads(torch.eye(3, 6, dtype=torch.float64), 0, config, None)
    fit, test = drawn
    assert abs(np.corrcoef(fit.noise.numpy().ravel(), test.noise.numpy().ravel())[0, 1]) < 0.15
    assert abs(np.corrcoef(fit.labels.numpy(), test.labels.numpy())[0, 1]) < 0.2
