"""Ren & Li 2023: the fast dynamics against the model written plainly, with weights in R^d and autograd."""

import numpy as np
import pytest
import torch

from mmcl_core.errors import InputError
from mmcl_core.papers.ren2023 import dynamics, reference, setting
from mmcl_core.papers.ren2023.closure import Closure
from mmcl_core.papers.ren2023.experiments import widths
from mmcl_core.papers.ren2023.experiments.runs import RunSetting, runs
from mmcl_core.runtime import generator
from tests.tolerances import close


def plain_weights(encoder, mapping):
    """W in R^d with W^T [A, A_xi] / sqrt(d) equal to the encoder's coordinates."""
    return torch.linalg.inv(mapping).T @ encoder.T * len(mapping) ** 0.5


def test_a_batch_step_equals_autograd_in_the_plain_model():
    v = setting.views(6, (1.0, 0.5), 0.3, (0.7, 0.9), 0.6)
    e = setting.initial_encoders(v, 9, [3])
    h_a, h_b = setting.draw_pairs(v, 16, generator("test", 0, "pairs"))
    maps = reference.observation_maps(v, generator("test", 0, "maps"))
    weights = [plain_weights(k[0], m).requires_grad_() for k, m in zip((e.a, e.b), maps, strict=True)]
    f_a, f_b = (reference.embeddings(w, m, h) for w, m, h in zip(weights, maps, (h_a, h_b), strict=True))
    target, logits = torch.arange(16), 2.5 * f_a @ f_b.T
    losses = {
        2.5: torch.nn.functional.cross_entropy(logits, target) + torch.nn.functional.cross_entropy(logits.T, target),
        None: -(f_a * f_b).sum(1).mean(),
    }
    for inverse_temperature, loss in losses.items():
        law = (
            dynamics.batch_noncontrastive(h_a[None], h_b[None])
            if inverse_temperature is None
            else dynamics.batch_contrastive(h_a[None], h_b[None], inverse_temperature)
        )
        ours = dynamics.velocity(e, v, law)
        gradients = torch.autograd.grad(loss, weights, retain_graph=True)
        for gradient, mapping, speed in zip(gradients, maps, (ours.a, ours.b), strict=True):
            assert close(-(gradient.T @ mapping) / 6**0.5, speed[0])


@pytest.mark.parametrize("size", [1.0, 40.0])
def test_both_ways_of_the_batch_gradient_agree(size, monkeypatch):
    """One exponential for both directions, and a softmax for each; large logits must take the second way."""
    h_a, h_b = (torch.randn(2, 16, 5, generator=generator("test", k, "pairs")) for k in range(2))
    form = size * torch.randn(2, 5, 5, generator=generator("test", 2, "form"))
    chosen = dynamics.batch_contrastive(h_a, h_b, 0.5)(form)[0]
    exact = dynamics.batch_contrastive(h_a.double(), h_b.double(), 0.5)(form.double())[0]
    torch.testing.assert_close(chosen.double(), exact, rtol=1e-4, atol=1e-4)
    logits = 0.5 * h_a.double() @ form.double() @ h_b.double().mT
    assert (logits.abs().max() > dynamics.LARGEST) == (size > 1)
    ways = [pull(logits.clone(), h_a.double(), h_b.double()) for pull in (dynamics._plain_pull, dynamics._shifted_pull)]
    torch.testing.assert_close(*ways, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("inverse_temperature", [0.3, 5.0])
def test_single_precision_batches_stay_with_the_same_run_in_double_precision(inverse_temperature):
    """The audit of the dtype: all that is measured along a run of 200 steps, on the same pairs."""
    v = setting.views(40, (1.0, 0.8, 0.6, 0.4, 0.2), 0.2)
    start = setting.reduce_width(setting.initial_encoders(v, 100, [0, 1]))
    ends = []
    for dtype in (torch.float32, torch.float64):
        batches = dynamics.Batches(v, 64, [0, 1], torch.device("cpu"), dtype=dtype)
        *_, (_, e) = dynamics.descend(start, v, lambda _, b=batches: b.law(inverse_temperature), 0.5, 200)
        ends.append(dynamics.observe(e, v))
    for name in ("condition_number", "alignment", "correlations", "energies", "noise", "weight_norm"):
        torch.testing.assert_close(*(getattr(o, name) for o in ends), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("inverse_temperature", "negatives"), [(None, 1.0), (0.3, 1.0), (6.0, 200.0)])
def test_the_population_gradient_equals_autograd_over_all_signs(inverse_temperature, negatives):
    v = setting.views(5, (1.3, 0.8, 0.4), 0.5, (1.0, 0.9, 0.3), 0.7)
    e = setting.initial_encoders(v, 7, [0])
    points, positive = setting.cube(v)
    assert close(positive.sum(), 1)
    maps = reference.observation_maps(v, generator("test", 1, "maps"))
    weights = [plain_weights(k[0], m) for k, m in zip((e.a, e.b), maps, strict=True)]
    if inverse_temperature is None:
        law = dynamics.population_noncontrastive(points, positive)
    else:
        law = dynamics.population_contrastive(points, positive, inverse_temperature, negatives)
        f_a, f_b = (reference.embeddings(w, m, points) for w, m in zip(weights, maps, strict=True))
        plain = reference.population_contrastive(f_a, f_b, positive, inverse_temperature, negatives)
        fast = dynamics.population_loss(e, v, points, positive, inverse_temperature, negatives)
        assert close(float(fast[0]), float(plain))
    ours = dynamics.velocity(e, v, law)
    for gradient, mapping, speed in zip(
        reference.gradients(*weights, maps, points, positive, inverse_temperature, negatives),
        maps,
        (ours.a, ours.b),
        strict=True,
    ):
        assert close(-(gradient.T @ mapping) / 5**0.5, speed[0])


def test_noise_inside_enters_the_gradient_through_the_norm():
    """Autograd on the coordinates themselves, with N^2 = sum_p E h_p^2 ||K_p||^2 written out."""
    v = setting.views(4, (1.0, 0.25), 0.5, noise_inside=0.3)
    e = setting.initial_encoders(v, 6, [0])
    h_a, h_b = setting.draw_pairs(v, 12, generator("test", 5, "pairs"))
    a, b = (x[0].clone().requires_grad_() for x in (e.a, e.b))
    moments = 1 + 0.3 / v.variance_a
    n_a, n_b = ((k.square().sum(0) * moments).sum().sqrt() for k in (a, b))
    loss = -((h_a @ a.T / n_a) * (h_b @ b.T / n_b)).sum(1).mean()
    ours = dynamics.velocity(e, v, dynamics.batch_noncontrastive(h_a[None], h_b[None]))
    for gradient, speed in zip(torch.autograd.grad(loss, (a, b)), (ours.a[0], ours.b[0]), strict=True):
        assert close(-gradient * v.variance_a / 4, speed)


def test_descent_adds_the_velocity_of_each_step_times_the_rate():
    v = setting.views(4, (1.0, 0.5), 0.2)
    points, positive = setting.cube(v)
    laws = [dynamics.population_contrastive(points, positive, t, 7.0) for t in (0.5, 4.0, 2.0)]
    e = setting.initial_encoders(v, 5, [0])
    seen = list(dynamics.descend(e, v, lambda step: laws[step], 0.3, 3))
    assert [step for step, _ in seen] == [0, 1, 2, 3]
    for step, law in enumerate(laws):
        change = dynamics.velocity(seen[step][1], v, law)
        assert close(seen[step + 1][1].a, seen[step][1].a + 0.3 * change.a)


def test_what_is_observed_is_what_it_is_called():
    """Every measurement by literal loops, and the alignment by sampling pairs."""
    v = setting.views(5, (1.0, 0.5), 0.3, (0.7, 0.9), 0.6)
    e = setting.initial_encoders(v, 7, [0])
    e = setting.Encoders(e.a, e.b + 0.7 * e.a)
    o = dynamics.observe(e, v)
    a, b = e.a[0].numpy(), e.b[0].numpy()
    n_a, n_b = np.sqrt((a**2).sum()), np.sqrt((b**2).sum())
    values = np.linalg.svd(a[:, :2], compute_uv=False)
    assert close(float(o.condition_number[0]), values[0] / values[1])
    assert close(float(o.alignment[0]), sum(a[:, p] @ b[:, p] for p in range(2)) / (n_a * n_b))
    for p in range(2):
        cosine = a[:, p] @ b[:, p] / np.linalg.norm(a[:, p]) / np.linalg.norm(b[:, p])
        assert close(float(o.correlations[0, p]), cosine)
        assert close(float(o.energies[0, p]), a[:, p] @ a[:, p] / n_a**2)
    assert close(float(o.noise[0]), (a[:, 2:] ** 2).sum() / n_a**2)
    maps = reference.observation_maps(v, generator("test", 3, "maps"))
    weights = [plain_weights(k[0], m) for k, m in zip((e.a, e.b), maps, strict=True)]
    assert close(float(o.weight_norm[0]), float(weights[0].square().sum()))
    h = setting.draw_pairs(v, 200_000, generator("test", 3, "pairs"))
    f_a, f_b = (reference.embeddings(w, m, x) for w, m, x in zip(weights, maps, h, strict=True))
    assert float((f_a * f_b).sum(1).mean()) == pytest.approx(float(o.alignment[0]), abs=0.01)


def test_condition_number_below_full_width_is_that_of_the_represented_directions():
    signal = torch.diag(torch.tensor([4.0, 2.0, 1.0], dtype=torch.float64))[None, :2]
    assert close(float(dynamics.condition_number(signal)[0]), 2.0)


def test_a_seed_alone_is_the_same_seed_in_a_batch():
    config = RunSetting.at("smoke", width=30, horizon=0.02)
    alone = runs.compute(config, (1,), torch.device("cpu"))
    together = runs.compute(config, (0, 1), torch.device("cpu"))
    for name in set(alone) - runs.coordinates:
        np.testing.assert_allclose(alone[name][0], together[name][1], rtol=1e-5, atol=1e-7)


def test_a_diverging_run_says_so():
    beyond = RunSetting.at("smoke").model_copy(update={"rates": (1e300, 1, 1, 1)})  # `at` would refuse it
    with pytest.raises(InputError, match="diverged at step"):
        runs.compute(beyond, (0,), torch.device("cpu"))


def test_the_closure_is_the_limit_of_wide_encoders():
    """Population gradient at width 200,000 against the differential equation: an independent derivation of D2."""
    v = setting.views(5, (1.0, 0.5, 0.25), 0.3)
    points, positive = setting.cube(v)
    e = setting.reduce_width(setting.initial_encoders(v, 200_000, [0]))
    law = dynamics.population_contrastive(points, positive, 2.0, 31.0)
    *_, (_, last) = dynamics.descend(e, v, lambda _: law, 0.02, 500)
    path = Closure(5, (1.0, 0.5, 0.25), 0.3, 2.0, 31.0).run([0.0, 10.0])
    seen = dynamics.observe(last, v)
    assert float(seen.condition_number[0]) == pytest.approx(path.condition_number[-1], rel=0.02)
    assert float(seen.alignment[0]) == pytest.approx(path.alignment[-1], abs=0.02)


def test_the_fourth_order_step_is_of_fourth_order():
    """Halving the step divides the error by sixteen, against steps much finer still."""
    v = setting.views(5, (1.0, 0.5, 0.25), 0.3)
    points, positive = setting.cube(v)
    law = widths.rescaled(dynamics.population_contrastive(points, positive, 3.0, 31.0), 3)
    start = setting.initial_encoders(v, 6, [0])

    def end(steps):
        e = start
        for _ in range(steps):
            e = widths.runge_kutta(e, v, law, 8.0 / steps)
        return e.a

    exact = end(1024)
    errors = [float((end(steps) - exact).norm()) for steps in (32, 64, 128)]
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    np.testing.assert_allclose(orders, 4, atol=0.5)


def test_rescaling_the_clock_leaves_the_orbit():
    """kappa against alignment with and without the rescaled clock, small steps."""
    v = setting.views(5, (1.0, 0.5, 0.25), 0.3)
    points, positive = setting.cube(v)
    plain = dynamics.population_contrastive(points, positive, 3.0, 31.0)
    start = setting.initial_encoders(v, 12, [0])
    orbits = [widths.orbit(start, v, law, h, 20_000)[0] for law, h in ((widths.rescaled(plain, 3), 0.1), (plain, 0.02))]
    np.testing.assert_allclose(orbits[0], orbits[1], atol=1e-5)
