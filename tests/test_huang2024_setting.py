"""What the generators of huang2024 draw: means, variances, correlations, and which draws are independent of which."""

import numpy as np
import pytest
import torch

from mmcl_core.papers.huang2024 import dynamics, setting
from mmcl_core.papers.huang2024.experiments.calibration import (
    CalibrationSetting,
    all_others,
    sampled_negatives,
    with_fresh_views,
)
from mmcl_core.papers.huang2024.experiments.sequence import Drawn, SequenceSetting
from tests.tolerances import close

N, D, M = 40, 500, 30


def correlation(x, y):
    """Between two arrays of one shape, taken as one sample each."""
    return float(np.corrcoef(np.asarray(x).ravel(), np.asarray(y).ravel())[0, 1])


def vectors(seed, noise=1.5, augmentation=0.5):
    return setting.drawn_vectors(seed, N, D, 2.0, 3.0, noise, augmentation)


def test_noise_has_the_stated_mean_and_spread():
    v = vectors(0)
    for name in ("first", "second"):
        drawn = v[name][1:]
        assert abs(float(drawn.mean())) < 4 * 1.5 / (N * D) ** 0.5
        assert float(drawn.std()) == pytest.approx(1.5, rel=0.02)
        assert float(drawn.square().sum(1).mean()) == pytest.approx(1.5**2 * D, rel=0.05)
    assert float((v["augmented"] - v["first"][1:]).std()) == pytest.approx(0.5, rel=0.02)


def test_signals_lie_on_two_axes_with_the_stated_lengths():
    v = vectors(0)
    assert v["first"][0].tolist() == [2.0] + [0.0] * (D - 1)
    assert v["second"][0].tolist() == [0.0, 6.0] + [0.0] * (D - 2)


def test_modalities_views_weights_and_seeds_share_no_noise():
    one, other = vectors(0), vectors(1)
    weights = {name: setting.initial_weights(0, name, N, D, 1.0) for name in ("first", "second")}
    eps = one["augmented"] - one["first"][1:]
    test_noise = setting.normal([0], "test noise", N, D)[0]
    independent = [one["first"][1:], one["second"][1:], eps, *weights.values(), test_noise, other["first"][1:]]
    for k, x in enumerate(independent):
        for y in independent[:k]:
            assert abs(correlation(x, y)) < 4.5 / (N * D) ** 0.5
    for x in independent:
        assert abs(correlation(x[1:], x[:-1])) < 4.5 / (N * D) ** 0.5


def test_the_problem_holds_the_inner_products_of_those_draws():
    """Of both modalities: neither noise nor weights of one stand in for the other's."""
    p = setting.gaussian([3], N, M, D, 2.0, 3.0, 0.1, 1.0, 0.5)
    v = setting.drawn_vectors(3, N, D, 2.0, 3.0, 1.0, 0.5)
    for name, modality in (("first", p.first), ("second", p.second)):
        w = setting.initial_weights(3, name, M, D, 0.1)
        assert close(modality.gram[0], v[name] @ v[name].T)
        assert close(modality.initial[0], w @ v[name].T)
    assert abs(correlation(p.first.initial[..., 1:], p.second.initial[..., 1:])) < 4.5 / (M * N) ** 0.5
    upper = np.triu_indices(N, 1)
    grams = [m.gram[0, 1:, 1:].numpy()[upper] for m in (p.first, p.second)]
    assert abs(correlation(*grams)) < 4.5 / len(upper[0]) ** 0.5


def test_longer_signals_are_the_same_draws_with_longer_signals():
    """Against drawing with these lengths: every inner product, those of views and shifted samples too."""
    drawn = setting.gaussian([0, 3], 6, 4, 30, 1.0, 1.0, 0.3, downstream=2.0, downstream_samples=5)
    expected = setting.gaussian([0, 3], 6, 4, 30, 5.0, 0.4, 0.3, downstream=2.0, downstream_samples=5)
    found = setting.with_signals(drawn, 5.0, 2.0)
    for one, other in ((found.first, expected.first), (found.second, expected.second)):
        for name in ("initial", "gram", "initial_augmented", "cross_augmented"):
            if getattr(other, name) is not None:
                assert close(getattr(one, name), getattr(other, name))
    for name in ("labels", "initial", "cross"):
        assert close(getattr(found.downstream, name), getattr(expected.downstream, name))
    flat = setting.with_signals(setting.orthogonal([0], 6, 4, 1.0, 1.0, 30.0, 0.3), 5.0, 2.0)
    assert close(flat.first.gram, setting.orthogonal([0], 6, 4, 5.0, 0.4, 30.0, 0.3).first.gram)


def test_initial_weights_have_the_stated_scale():
    w = setting.initial_weights(0, "first", 200, D, 0.02)
    assert float(w.std()) == pytest.approx(0.02, rel=0.02)
    assert abs(float(w.mean())) < 4 * 0.02 / (200 * D) ** 0.5


def test_labels_are_fair_coins_of_each_seed_and_purpose():
    labels = setting.draw_labels(range(40), 500)
    assert set(labels.unique().tolist()) == {-1.0, 1.0}
    assert abs(float(labels.mean())) < 4 / labels.numel() ** 0.5
    assert float(labels.sum(1).std()) == pytest.approx(500**0.5, rel=0.4)
    assert abs(correlation(labels[1:], labels[:-1])) < 4 / labels.numel() ** 0.5
    assert abs(correlation(labels, setting.draw_labels(range(40), 500, "test labels"))) < 4 / labels.numel() ** 0.5


def test_shifted_samples_of_the_problem_are_fresh():
    """(y nu, zeta) with nu on e_1 and zeta of spread sigma_xi, not the training noise, not the training labels."""
    p = setting.gaussian([0], N, M, D, 2.0, 3.0, 0.1, 1.5, 0.5, downstream=1.0, downstream_samples=N)
    v = setting.drawn_vectors(0, N, D, 2.0, 3.0, 1.5, 0.5)["first"]
    cross = p.downstream.cross[0]
    assert close(float(cross[0, 0]), 2.0)  # <mu, nu>
    assert float(cross[1:, 1:].std()) == pytest.approx(1.5**2 * D**0.5, rel=0.05)
    assert float((cross[1:, 1:].diagonal() / (v[1:] ** 2).sum(1)).abs().max()) < 0.5
    assert not torch.equal(p.downstream.labels, p.labels)


@pytest.mark.parametrize("name", ["first", "second"])
def test_the_orthogonal_limit_draws_the_variances_of_gaussian_weights(name):
    """<w_r(0), mu> ~ N(0, s0^2 |mu|^2) and <w_r(0), xi_i> ~ N(0, s0^2 |xi|^2): the root of the norms belongs in."""
    s0, norm, signal, ratio = 0.3, 50.0, 2.0, 3.0
    p = setting.orthogonal(range(6), N, 400, signal, ratio, norm, s0, 0.5)
    modality = getattr(p, name)
    strength = signal * (ratio if name == "second" else 1)
    assert float(modality.initial[..., 0].std()) == pytest.approx(s0 * strength, rel=0.05)
    assert float(modality.initial[..., 1:].std()) == pytest.approx(s0 * norm**0.5, rel=0.02)
    assert modality.gram[0].tolist() == [strength**2] + [norm] * N
    drawn = setting.gaussian(range(6), N, 400, D, signal, ratio, s0, (norm / D) ** 0.5, 0.0)
    expected = getattr(drawn, name).initial
    assert float(modality.initial[..., 0].std() / expected[..., 0].std()) == pytest.approx(1, abs=0.08)
    assert float(modality.initial[..., 1:].std() / expected[..., 1:].std()) == pytest.approx(1, abs=0.05)


def test_the_orthogonal_limit_has_independent_encoders_views_and_balanced_classes():
    p = setting.orthogonal(range(4), N, 200, 2.0, 3.0, 50.0, 0.3, 0.5)
    noise = p.first.initial[..., 1:]
    eps = p.first.initial_augmented - noise
    assert float(eps.std()) == pytest.approx(0.5 * 0.3 * 50**0.5, rel=0.03)
    bound = 4.5 / noise.numel() ** 0.5
    assert abs(correlation(noise, p.second.initial[..., 1:])) < bound
    assert abs(correlation(noise, eps)) < bound
    assert abs(correlation(noise[0], noise[1])) < 4.5 / noise[0].numel() ** 0.5
    assert abs(correlation(p.first.initial[..., 0], p.second.initial[..., 0])) < 4.5 / 800**0.5
    assert p.labels.sum(1).abs().max() == 0


def test_negatives_are_those_of_the_other_label_and_no_others():
    p = setting.gaussian([0, 1], N, M, D, 2.0, 3.0, 0.1)
    y = p.labels
    literal = torch.tensor([[[bool(a != b) for b in row] for a in row] for row in y.tolist()])
    assert torch.equal(p.negatives, literal)
    few = sampled_negatives(3)(p, [0, 1])
    assert (few.sum(-1) == 3).all() and not (few & ~literal).any()
    assert not torch.equal(few[0, 0], few[0, 1]) or not torch.equal(few[0, 2], few[0, 3])
    assert (all_others(p, [0, 1]).sum(-1) == N - 1).all()


def test_any_dimension_draws_the_law_of_gaussian_vectors():
    """Norms, inner products and the two kept axes of the condensed coordinates against vectors in R^d."""
    c, n, d = SequenceSetting.at("smoke"), 40, 2000
    draws = [Drawn.draw(c, seed, "first", n, 40, d, 2.0) for seed in range(6)]
    scale = c.initial_noise / d**0.5
    noise = torch.stack([x.vectors[1:] for x in draws])
    weights = torch.stack([x.weights for x in draws]) / scale
    views = torch.stack([x.views for x in draws]) - noise
    for axis in (0, 1):
        for part in (noise, weights, views / c.augmentation):
            assert float(part[..., axis].std()) == pytest.approx(1, abs=0.15)
    for part in (noise, weights, views / c.augmentation):
        squares = part.square().sum(-1)
        assert float(squares.mean()) == pytest.approx(d, rel=0.01)
        assert float(squares.std()) == pytest.approx((2 * d) ** 0.5, rel=0.25)
    cross = noise @ weights.transpose(-1, -2)
    assert float(cross.std()) == pytest.approx(d**0.5, rel=0.05)
    assert abs(float(cross.mean())) < 5 * d**0.5 / cross.numel() ** 0.5
    inner = (noise @ noise.transpose(-1, -2))[:, *np.triu_indices(n, 1)]
    assert float(inner.std()) == pytest.approx(d**0.5, rel=0.1)
    other = Drawn.draw(c, 0, "second", n, 40, d, 2.0)
    theirs = (other.vectors[1:] @ other.vectors[1:].T)[np.triu_indices(n, 1)]
    assert abs(correlation(inner[0], theirs)) < 4.5 / len(theirs) ** 0.5
    assert abs(correlation(draws[0].vectors[1:, :2], other.vectors[1:, :2])) < 4.5 / (2 * n) ** 0.5
    assert float(draws[0].vectors[0, 0]) == 2.0 and not draws[0].vectors[0, 1:].any()


def test_fresh_views_are_new_in_every_epoch_and_have_the_law_of_the_fixed_ones(monkeypatch):
    c = CalibrationSetting.at("smoke", epochs=60, augmentation=0.5)
    problem = c.problem([0, 1])
    seen = []
    original = dynamics.evaluate

    def watched(problem, coefficients, scale, step=0):
        seen.append(problem.first)
        return original(problem, coefficients, scale, step)

    monkeypatch.setattr(dynamics, "evaluate", watched)
    with_fresh_views(c, problem, [0, 1])
    eps_weights = torch.stack([m.initial_augmented - m.initial[..., 1:] for m in seen])
    eps_vectors = torch.stack([m.cross_augmented - m.gram[..., 1:] for m in seen])
    assert len(seen) == c.epochs + 1
    assert abs(correlation(eps_weights[1:], eps_weights[:-1])) < 4.5 / eps_weights.numel() ** 0.5
    fixed = problem.first.initial_augmented - problem.first.initial[..., 1:]
    assert float(eps_weights.std() / fixed.std()) == pytest.approx(1, abs=0.05)
    fixed = problem.first.cross_augmented - problem.first.gram[..., 1:]
    assert float(eps_vectors[..., 0, :].std() / (0.5 * c.signal)) == pytest.approx(1, abs=0.05)
    assert float(eps_vectors[..., 1:, :].std() / fixed[..., 1:, :].std()) == pytest.approx(1, abs=0.05)
