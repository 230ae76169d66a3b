"""Xue et al. 2024: the linear loss against literal loops, its minimiser, its negatives, SupCon."""

import numpy as np
import pytest
import torch

from mmcl_core.papers.xue2024 import linear, supcon
from mmcl_core.papers.xue2024.experiments import noise_norm, wide_theorems
from mmcl_core.papers.xue2024.experiments.base import stream
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, Sharing, observe
from tests.tolerances import close

PROMPT = np.array([1.0, 0.0])


def observed(n=40, d_image=12, d_text=7, seed=0, sigma_xi=1.0, **changes):
    stream = np.random.default_rng(seed)
    sample = IntraClass(**changes).sample(Draws.of(n, stream))
    return (
        sample,
        observe(sample.image, d_image, sigma_xi, stream),
        observe(sample.text, d_text, sigma_xi, stream),
        stream,
    )


def test_the_loss_in_all_three_forms():
    _, image, text, stream = observed(n=9)
    w = [stream.standard_normal((3, d)) for d in (12, 7)]
    s = np.array([[(w[0] @ x) @ (w[1] @ t) for t in text] for x in image])
    n = len(s)
    literal = sum(s[i, j] - s[i, i] + s[j, i] - s[i, i] for i in range(n) for j in range(n) if i != j) / (
        2 * n * (n - 1)
    )
    literal += 0.35 * np.sum((w[0].T @ w[1]) ** 2)
    tensors = [torch.as_tensor(x) for x in (*w, image, text)]
    assert close(float(linear.pairwise_loss(*tensors, 0.7)), literal)
    assert close(linear.loss(*w, linear.cross_covariance(image, text), 0.7), literal)


def test_the_gradient_is_that_of_the_double_sum():
    _, image, text, stream = observed()
    w = [torch.as_tensor(stream.standard_normal((3, d))).requires_grad_() for d in (12, 7)]
    theirs = torch.autograd.grad(linear.pairwise_loss(*w, torch.as_tensor(image), torch.as_tensor(text), 0.7), w)
    ours = linear.gradients(*(x.detach().numpy() for x in w), linear.cross_covariance(image, text), 0.7)
    for a, b in zip(theirs, ours, strict=True):
        assert close(a.numpy(), b)


@pytest.mark.parametrize("n", [8, 60])
def test_the_minimiser_in_the_span_of_the_data_is_the_svd_and_descent_ends_there(n):
    _, image, text, stream = observed(n=n)
    S = linear.cross_covariance(image, text)
    plain, spanned = linear.minimiser_of(S, 2, 0.5), linear.minimiser(image, text, 2, 0.5)
    G = plain.u * plain.s / 0.5 @ plain.v.T
    assert close(spanned.u * spanned.s / 0.5 @ spanned.v.T, G)
    assert close(spanned.direction(PROMPT), G[:, 0])
    rate = np.array([[0.3 / plain.s[0]]])
    w = linear.descend(
        0.01 * stream.standard_normal((2, 12)), 0.01 * stream.standard_normal((2, 7)), S, 0.5, rate, 20_000
    )
    np.testing.assert_allclose(w[0].T @ w[1], G, atol=1e-5)
    assert close(linear.loss(*w, S, 0.5), plain.least_loss())


@pytest.mark.parametrize("same", [0.0, 0.3, 1.0])
def test_composed_negatives_equal_a_loop_over_pairs(same):
    sample, image, text, _ = observed(n=11)
    y = sample.label
    within = [np.outer(image[i], text[j]) for i in range(11) for j in range(11) if i != j and y[i] == y[j]]
    across = [np.outer(image[i], text[j]) for i in range(11) for j in range(11) if y[i] != y[j]]
    literal = (
        np.mean([np.outer(x, t) for x, t in zip(image, text, strict=True)], 0)
        - same * np.mean(within, 0)
        - (1 - same) * np.mean(across, 0)
    )
    assert close(linear.composed_cross_covariance(image, text, y, same), literal)
    natural = len(within) / (len(within) + len(across))
    assert close(linear.composed_cross_covariance(image, text, y, natural), linear.cross_covariance(image, text))


def test_shared_noise_gives_the_cross_covariance_of_the_observations():
    stream = np.random.default_rng(3)
    draws, noise = Draws.of(50, stream), linear.Noise.of(50, 9, 1.3, stream)
    sample = IntraClass(pi_core=0.5).sample(draws)
    image, text = (
        np.pad(z, ((0, 0), (0, 7))) + xi for z, xi in ((sample.image, noise.image), (sample.text, noise.text))
    )
    assert close(noise.cross_covariance(sample), linear.cross_covariance(image, text))


def test_any_orthonormal_dictionary_gives_the_same_classifier():
    """The first columns of the identity stand for every D."""
    _, image, text, stream = observed(n=60)
    rotations = [np.linalg.qr(stream.standard_normal((d, d)))[0] for d in (12, 7)]
    plain = linear.minimiser(image, text, 2).direction(PROMPT)
    rotated = linear.minimiser(image @ rotations[0].T, text @ rotations[1].T, 2)
    turned = rotated.u @ (rotated.s * (rotations[1][:, 0] @ rotated.v))
    assert close(rotations[0].T @ turned, plain)


def test_the_rank_of_the_minimiser_is_what_was_asked_for():
    _, image, text, _ = observed()
    S = linear.cross_covariance(image, text)
    u, s, vt = np.linalg.svd(S)
    for rank in (1, 2, 3):
        found = linear.minimiser_of(S, rank, 0.5)
        assert close(found.u * found.s / 0.5 @ found.v.T, (u[:, :rank] * s[:rank]) @ vt[:rank] / 0.5)
        assert close(found.least_loss(), -(s[:rank] ** 2).sum())


def test_shared_noise_has_the_variance_of_an_observation():
    """sigma_xi^2/d in each direction, sigma_xi^2 in all; independent of each other, like `observe`."""
    noise = linear.Noise.of(4000, 25, 1.5, np.random.default_rng(0))
    seen = observe(np.zeros((4000, 2)), 25, 1.5, np.random.default_rng(1))
    for x in (noise.image, noise.text, seen):
        assert x.var() * 25 == pytest.approx(1.5**2, rel=0.02)
        assert (x**2).sum(1).mean() == pytest.approx(1.5**2, rel=0.02)
    assert abs((noise.image * noise.text).mean()) * 25 < 4 * 1.5**2 / np.sqrt(4000 * 25)


def test_supcons_double_sum_is_its_matrix_form_and_its_descent_follows_the_gradient():
    stream = np.random.default_rng(0)
    x, label = stream.standard_normal((15, 4)), np.array([-1, 1, 1] * 5)
    w, classes = stream.standard_normal((3, 4)), np.array([-1, 1])
    same, other = [], []
    for c in classes:
        same.append(np.mean([(w @ a) @ (w @ b) for a in x[label == c] for b in x[label == c]]))
        other.append(np.mean([(w @ a) @ (w @ b) for a in x[label == c] for b in x[label == -c]]))
    literal = -np.mean(same) + np.mean(other) + 0.35 * np.sum((w.T @ w) ** 2)
    S = supcon.moment(x, label, classes)
    parts = (torch.as_tensor(v) for v in (x, label))
    leaf = torch.as_tensor(w).requires_grad_()
    value = supcon.pairwise_loss(leaf, *parts, 0.7)
    assert close(value.item(), literal)
    assert close(-np.trace(w @ S @ w.T) + 0.35 * np.sum((w.T @ w) ** 2), literal)
    (gradient,) = torch.autograd.grad(value, leaf)
    assert close(supcon.descend(w, S, 0.7, 0.01, 1), w - 0.01 * gradient.numpy())


def test_supcon_keeps_one_feature_of_model_1_and_m_of_model_2():
    sample, *_ = observed(n=500, pi_core=0.0)
    w = supcon.features(supcon.moment(sample.image, sample.label, np.array([-1, 1])), 2)
    assert np.linalg.norm(w[1]) < 1e-8 * np.linalg.norm(w[0]) or np.linalg.norm(w[1]) < 1e-7
    difference = sample.image[sample.label == 1].mean(0) - sample.image[sample.label == -1].mean(0)
    assert close(w[0] / w[0, 0], difference / difference[0])
    model = Sharing(3, 1.3, 0.4)
    vectors = model.every_vector()
    S = supcon.moment(vectors.image, vectors.label, model.classes)
    values = np.linalg.eigvalsh(S)
    assert close(values[:3], 0)
    assert close(values[3:], values[-1])
    assert close(np.trace(S), (1 + 1 / 5) * (1 + 1.3**2))  # same-class mean plus what the others leave


def test_wide_runs_are_the_whole_decomposition():
    """Observations written out, the covariance by numpy, all its singular values instead of the leading two."""
    config = wide_theorems.WideTheorems.at("smoke", n=50, d=60, richness=(0.3, 1.0), cells=((1.5, 0.8, 0.4),))
    found = wide_theorems.wide_theorems.compute(config, [3], torch.device("cpu"))
    drawn = stream(3, "wide theorems")
    draws, noise = Draws.of(50, drawn), drawn.standard_normal((2, 50, 60)) / 60**0.5

    def expected(model):
        sample = model.sample(draws)
        x, t = (xi + np.pad(z, ((0, 0), (0, 58))) for z, xi in zip((sample.image, sample.text), noise, strict=True))
        u, s, vt = np.linalg.svd(np.cov(x.T, t.T)[:60, 60:])
        accuracy = linear.gaussian_accuracy((u[:, :2] * s[:2]) @ vt[:2, 0], model, 1.0)
        return [accuracy.ood, accuracy.id, accuracy.conflict]

    poor = IntraClass(pi_core=0.3, pi_spu=0.0)
    assert close(found["richness"][0, 0, 0], expected(poor))
    assert close(found["grid"][0, 0], expected(IntraClass(1.5, 0.4, 0.8)))
    assert close(found["corollary"][0], expected(IntraClass(1.0, 0.0, 1.0)))


def test_the_norm_of_the_noise_is_that_of_its_draw():
    """By numpy's decomposition; the bound as printed is the paper's formula with numbers put in."""
    config = noise_norm.NoiseNorm.at("smoke", n=30, d=20, sigma_xi=1.5, delta=0.05)
    found = noise_norm.noise_norm.compute(config, [0, 4], torch.device("cpu"))["norm"]
    expected = [np.linalg.norm(stream(s, "noise norm").normal(0, 1.5 / 20**0.5, (30, 20)), 2) for s in (0, 4)]
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert config.printed == pytest.approx(1.5 * (1.224744871 + 1 + np.sqrt(2 * 2.995732274 / 600)))
