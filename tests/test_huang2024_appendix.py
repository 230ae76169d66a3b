"""The lemmas' experiments of huang2024 against sampling laws, literal loops, autograd and each other."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmcl_core.papers.huang2024 import dynamics, highdim, reference, setting
from mmcl_core.papers.huang2024.experiments import concentration, frozen, stage_one, stage_two
from mmcl_core.papers.huang2024.experiments.concentration import ConcentrationSetting
from mmcl_core.papers.huang2024.experiments.stage_two import StageTwoSetting
from tests.tolerances import close

N, M = 6, 5


def many(d, seeds=range(400)):
    return highdim.gaussian(seeds, N, M, d, 3.0, 2.0, 50.0, 0.01, 0.3)


def mean_near(samples, expected, errors=4.5):
    """The mean of independent samples is the expected one, within `errors` standard errors."""
    samples = np.asarray(samples, float).ravel()
    spread = samples.std()
    if 0 < expected < 1 and set(np.unique(samples)) <= {0, 1}:  # of chances near 0 or 1 a sample may see one side alone
        spread = max(spread, np.sqrt(expected * (1 - expected)))
    assert abs(samples.mean() - expected) < errors * spread / np.sqrt(len(samples)), (samples.mean(), expected)


@pytest.mark.parametrize("d", [2 * N + 1, 40, 10_000])
def test_inner_products_of_high_dimensional_gaussians_have_their_law(d):
    """Means and variances of every kind of inner product, as of vectors drawn in R^d."""
    p = many(d)
    gram, w = p.first.gram.numpy(), p.first.initial.numpy()
    assert close(gram[:, 0, 0], 9) and close(p.second.gram[:, 0, 0], 36)
    norms, cross = gram[:, 1, 1], gram[:, 1, 4]
    mean_near(norms, 50)
    mean_near((norms - 50) ** 2, 2 * 50**2 / d)
    mean_near(cross, 0)
    mean_near(cross**2, 50**2 / d)
    mean_near(gram[:, N - 1, N] ** 2, 50**2 / d)  # the last rows of the triangle as well
    mean_near(gram[:, 0, 1] ** 2, 9 * 50 / d)
    mean_near(w[:, 0, 0] ** 2, 0.01**2 * 9)
    mean_near(w[:, 0, 3] ** 2, 0.01**2 * 50)
    mean_near(p.second.initial[:, 0, 3].numpy() ** 2, 0.01**2 * 50)
    view = p.first.initial_augmented.numpy() - w[:, :, 1:]  # <w, eps_i>
    mean_near(view[:, 0, 2] ** 2, 0.3**2 * 0.01**2 * 50)
    mean_near(view[:, 0, 2] * w[:, 0, 3], 0)
    extra = p.first.cross_augmented.numpy() - gram[:, :, 1:]  # <v_q, eps_i>
    mean_near(extra[:, 2, 0] ** 2, 0.3**2 * 50**2 / d)
    mean_near(extra[:, 0, 0] ** 2, 0.3**2 * 9 * 50 / d)


def test_neurons_modalities_and_seeds_are_independent():
    p = many(40)
    first, second = p.first.initial.numpy(), p.second.initial.numpy()
    mean_near(first[:, 0, 0] * second[:, 0, 0], 0)
    mean_near(first[:, 0, 1] * first[:, 1, 1], 0)
    for i, j in ((0, 1), (0, 2), (1, 2), (N - 1, N)):
        mean_near((p.first.gram[:, i, j] * p.second.gram[:, i, j]).numpy(), 0)
    mean_near(first[:-1, 0, 0] * first[1:, 0, 0], 0)
    assert float(p.labels.sum()) == 0 and p.labels.shape == (400, N)


def test_in_infinite_dimension_they_are_orthogonal_and_training_is_that_of_the_limit():
    p = highdim.gaussian([0], N, M, 1e14, 3.0, 2.0, 50.0, 0.01, 0.3)
    off = p.first.gram[0] - torch.diag(p.first.gram[0].diagonal())
    assert float(off.abs().max()) < 1e-4
    diagonal = setting.Modality(p.first.initial, p.first.gram.diagonal(dim1=-2, dim2=-1), p.first.initial_augmented)
    limit = setting.Problem(p.labels, p.negatives, diagonal, p.second)
    one, other = (dynamics.last(dynamics.trajectory(x, False, 0.2, 30)) for x in (p, limit))
    assert float((one.first.preactivations - other.first.preactivations).abs().max()) < 1e-4


def test_training_on_high_dimensional_data_is_autograd_on_vectors_with_these_inner_products():
    """Vectors are rebuilt from the coordinates, so that span and R^d agree to rounding."""
    n, m, d, sigma = 4, 3, 30, (50.0 / 30) ** 0.5
    drawn = highdim.triangular(7, "first", 2 * n, d, 1)
    vectors = torch.zeros(n + 1, 2 * n + 1, dtype=torch.float64)
    vectors[0, 0], vectors[1:] = 3.0, sigma * drawn[:n]
    weights = 0.01 * setting.normal([7], "high-dimensional weights first", m, 2 * n + 1)[0]
    p = highdim.gaussian([7], n, m, d, 3.0, 2.0, 50.0, 0.01, 0.3)
    trained, _ = reference.train(
        [weights],
        {"first": vectors, "augmented": vectors[1:] + 0.3 * sigma * drawn[n:]},
        p.labels[0],
        p.negatives[0],
        0.1,
        25,
        1 / m,
    )
    state = dynamics.last(dynamics.trajectory(p, False, 0.1, 25))
    rebuilt = weights + state.first.coefficients[0] @ vectors
    assert float((rebuilt - trained[0]).abs().max()) < 1e-12


def test_the_frozen_recursion_is_training_with_tiny_weights():
    """With all similarities near zero the softmax is flat, and the general dynamics are the O(mn) recursion."""
    n, m, growth = 12, 4, 0.3
    problem = setting.orthogonal([3], n, m, 1.0, 2.0, 20.0, 1e-7, 0.2)
    rate = growth * n * m / 20.0
    state = dynamics.last(dynamics.trajectory(problem, False, rate, 15))
    z = problem.first.initial[0, :, 1:].reshape(m, 2, n // 2)
    view = problem.first.initial_augmented[0].reshape(m, 2, n // 2) - z
    for _ in range(15):
        z = frozen.advance(z, view, growth * (n // 2) / (n // 2 + 1))
    expected = state.first.noise[0].reshape(m, 2, n // 2)
    assert float((z - expected).abs().max() / expected.abs().max()) < 1e-9


def test_the_window_of_the_softmax_as_a_literal_loop():
    """The least C_l, also with classes of unequal size; the window ends for good at the first step beyond 1.01."""
    problem = setting.gaussian([2], 9, 4, 40, 2.0, 3.0, 0.02)
    window, factors = stage_one.Window(1, torch.device("cpu")), []
    for state in dynamics.trajectory(problem, True, 0.1, 40, details=True):
        window.add(state)
        factor = 1.0
        for i in range(9):
            others = [j for j in range(9) if problem.labels[0, j] != problem.labels[0, i]]
            weights = [float(state.positive_weight[0, i]), *(float(state.negative_weights[0, i, j]) for j in others)]
            for weight in weights:
                relative = weight * (len(others) + 1)
                factor = max(factor, relative, 1 / relative)
        factors.append(factor)
    assert close(float(window.deviation), max(factors))
    assert 0 < float(window.end) < 40 and max(factors) > 1.01
    assert float(window.end) == next(i for i, f in enumerate(factors) if f > 1.01)


def test_the_window_never_opens_again():
    """Weights that return to 1/(M+1) after they left it do not count as frozen."""
    problem = setting.orthogonal([0], 6, 2, 1.0, 1.0, 4.0, 1e-9)
    state = next(iter(dynamics.trajectory(problem, True, 0.1, 0, details=True)))
    away = replace(state, step=1, positive_weight=state.positive_weight * 1.5)
    window = stage_one.Window(1, torch.device("cpu"))
    for seen in (state, away, replace(state, step=2), replace(state, step=3)):
        window.add(seen)
    assert float(window.end) == 1 and not bool(window.open) and close(float(window.deviation), 1.5)


def literal(multimodal, seed):
    """Explicit orthogonal vectors, weights in R^(n+1), a state of the dynamics in between, and the ledger's view of
    it."""
    config = StageTwoSetting.at("smoke", n=6, m=3, signal=2.0, ratio=1.5, noise_norm_squared=7.0, initial_scale=0.2)
    problem = config.problem([seed], config.initial_scale)
    sides = torch.tensor([[1.0, -1.0, 1.0]], dtype=torch.float64)
    coefficients = dynamics.start(problem, multimodal)
    for _ in range(20):
        _, directions = dynamics.evaluate(problem, coefficients, config.scale)
        coefficients = [c + 0.3 * a for c, a in zip(coefficients, directions, strict=True)]
    state, directions = dynamics.evaluate(problem, coefficients, config.scale)
    ledger = stage_two._Ledger(problem, multimodal, config, sides)
    ledger.add(state, directions)
    return config, problem, sides, state, ledger


def in_space(modality, coefficients):
    """w_r in the orthonormal frame of mu, xi_1..xi_n, and the vectors in it."""
    norms = modality.squared_norms[0].sqrt()
    return modality.initial[0] / norms + coefficients[0] * norms, torch.diag(norms)


@pytest.mark.parametrize(("multimodal", "seed"), [(False, 8), (True, 0)])
def test_parts_distances_and_gradients_of_stage_two_by_autograd(multimodal, seed):
    """<grad F, W*>, ||W - W*||^2 and ||grad L||^2 from weights in R^(n+1); the seeds are those in which the smallest
    gap is no zero of silent neurons, so that what is averaged over can be told."""
    config, problem, sides, state, ledger = literal(multimodal, seed)
    encoders = [state.first, state.second] if multimodal else [state.first]
    modalities = [problem.first, problem.second][: len(encoders)]
    labels, n, m = problem.labels[0], 6, 3
    tau, unit = config.temperature, np.log(2 * 3 / config.precision)
    target_log = 2 * tau * unit
    weights, frames, references = [], [], []
    for encoder, modality in zip(encoders, modalities, strict=True):
        w, v = in_space(modality, encoder.coefficients)
        start = modality.initial[0] / modality.squared_norms[0].sqrt()
        direction = torch.zeros_like(start)
        if multimodal:
            direction[:, 0] = target_log * sides[0] / v[0, 0]
        else:
            direction[:, 1:] = target_log / v.diagonal()[1:]
        weights.append(w.clone().requires_grad_())
        frames.append(v)
        references.append(start + direction)

    def encode(k):
        return torch.relu(labels[:, None] * (weights[k] @ frames[k][0])), torch.relu(frames[k][1:] @ weights[k].T)

    own = encode(0)
    if multimodal:
        other = encode(1)
        positive, negative = other, other
    else:
        eps = problem.first.initial_augmented[0] - problem.first.initial[0, :, 1:]
        view = torch.relu(state.first.noise[0] + eps).T
        positive, negative = (own[0], view), own

    def along_reference(i, j, part):
        """<grad F_ij, W*> of the first encoder, with the gradient stopped in the second factor."""
        similarity = sum((h[i] * q[j].detach()).sum() for h, q in zip(own, part, strict=True)) / (m * tau)
        return float((torch.autograd.grad(similarity, weights[0], retain_graph=True)[0] * references[0]).sum())

    toward = [along_reference(i, i, positive) for i in range(n)]
    against = np.array([[along_reference(i, j, negative) for j in range(n)] for i in range(n)])
    parts = ledger.parts(state)
    allowed = problem.negatives[0].numpy()
    assert close(float(parts["positive"]), min(toward) / unit)
    assert close(float(parts["negative"]), against[allowed].max() / unit)
    share = state.negative_weights[0].numpy()
    gap = [toward[i] - (share[i] * against[i]).sum() / share[i].sum() for i in range(n)]
    assert close(float(parts["gap"]), min(gap) / unit)
    distance = sum(float((w.detach() - r).square().sum()) for w, r in zip(weights, references, strict=True))
    assert close(float(ledger.distance[0]), distance)
    if multimodal:
        loss = reference.contrastive_loss(
            own, other, other, problem.negatives[0], 1 / (m * tau)
        ) + reference.contrastive_loss(other, own, own, problem.negatives[0], 1 / (m * tau))
    else:
        loss = reference.contrastive_loss(own, positive, own, problem.negatives[0], 1 / (m * tau))
    gradients = torch.autograd.grad(loss, weights)
    assert close(float(ledger.gradient[0]), sum(float(g.square().sum()) for g in gradients))
    assert close(float(ledger.loss[0]), float(loss.detach()))


def test_shares_at_initialisation_are_those_of_gaussians_drawn_here():
    """Lemmas C.5, C.8, C.9, C.12 and D.10 from a few thousand draws of numpy's own."""
    c = ConcentrationSetting.at("smoke", seeds=60, n=30, m=40, widths=(10, 40), sizes=(50, 100, 200, 400))
    r = concentration.concentration.compute(c, range(60), torch.device("cpu"))
    stream = np.random.default_rng(0)
    for k, ratio in enumerate(c.ratios):
        x, y = stream.normal(size=(2, 200_000))
        mean_near(r["c5_share"][:, k] - (np.abs(ratio * x) > 200 * np.abs(y)).mean(), 0, 6)
    for k, m in enumerate(c.widths):
        z = np.maximum(stream.normal(size=(4000, m)), 0).mean(1)
        mean_near(r["c12_share"][:, k], (z >= 0.2).mean(), 5)
        a, b = stream.normal(size=(2, 4000, m))
        expected = (np.where((a > 0) & (b > 0), a + b, 0).mean(1) >= 0.2).mean()
        mean_near(r["d10"][:, k], expected, 5)
    z = stream.normal(size=(4000, 25))
    sums = np.maximum(z, 0).sum(1)
    mean_near(r["c9_violated"][:, 0], (sums > 50**0.5 * (1 + (np.log(10) / 2) ** 0.5)).mean(), 5)
    mean_near(r["c9_relative"][:, 0], 1)
    every = r["c12_share"] == 1
    assert (r["c12"].astype(bool) == every).all()


def test_a_broken_draw_is_seen():
    """One long noise vector, two aligned ones, one unlucky weight: each must count as a violation."""
    c = ConcentrationSetting.at("smoke", n=30, m=20, d=400)
    good = setting.gaussian([0], 30, 20, 400, 5.0, 3.0, 1e-3)
    names = ("b3", "b4", "b5")
    assert not any(concentration._one_draw(c, good)[name] for name in names)

    def broken(change):
        problem = setting.gaussian([0], 30, 20, 400, 5.0, 3.0, 1e-3)
        change(problem)
        found = concentration._one_draw(c, problem)
        return [name for name in names if found[name]]

    def long(p):
        p.first.gram[0, 3, 3] = 1.6 * 400

    def aligned(p):
        p.first.gram[0, 3, 4] = 300.0

    def leaning(p):
        p.first.gram[0, 0, 4] = 5.0 * 6

    def unlucky(p):
        p.first.initial[0, 2, 0] = 5e-3 * 6

    def silent(p):
        p.first.initial[0, :, 7] = -0.1

    def lopsided(p):
        p.labels[0, :28] = 1

    assert [broken(f) for f in (long, aligned, leaning)] == [["b4"]] * 3
    assert broken(unlucky) == ["b5"] and broken(silent) == ["b5"] and broken(lopsided) == ["b3"]
