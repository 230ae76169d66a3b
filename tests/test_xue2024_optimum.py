"""Xue et al. 2024, the optimum of the unnormalised loss: laws by literal loops, another solver, the text's
equation."""

import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from mmcl_core.errors import InputError
from mmcl_core.papers.xue2024.experiments import loss_optimum
from mmcl_core.papers.xue2024.optimum import STATES, Population, derivatives, optimum
from mmcl_core.runtime import generator
from tests.tolerances import close

POPULATION = Population(0.25, 0.5, 0.9)


def literal_joint(pi_core, pi_spu, p):
    """`{(digit, shade, a, b): probability}`, one case after another."""
    joint = {}
    for digit, shade, core, spu in itertools.product(range(10), range(6), (True, False), (True, False)):
        agrees = (digit < 5) == (shade < 3)
        weight = (p if agrees else 1 - p) / 30
        weight *= (pi_core if core else 1 - pi_core) * (pi_spu if spu else 1 - pi_spu)
        a = digit - 4.5 if core else (-2.5 if digit < 5 else 2.5)
        b = shade - 2.5 if spu else (-1.5 if shade < 3 else 1.5)
        joint[digit, shade, a, b] = joint.get((digit, shade, a, b), 0) + weight
    return {key: weight for key, weight in joint.items() if weight > 0}


@pytest.mark.parametrize("setting", [(0, 1, 0.995), (0.25, 0.5, 0.9), (1, 0, 0.925), (1, 1, 0.6)])
def test_the_joint_law_is_that_of_a_literal_loop(setting):
    population, expected = Population(*setting), literal_joint(*setting)
    found = {
        (int(population.digit[x]), int(population.shade[x]), *map(float, population.captions[t])): population.joint[
            x, t
        ]
        for x, t in np.argwhere(population.joint > 0)
    }
    assert found.keys() == expected.keys()
    assert all(close(found[k], expected[k]) for k in found)
    assert close(population.joint.sum(), 1)
    assert close(population.joint.sum(1), population.law)


def literal_loss(theta, population, ridge):
    u, v, w = theta.reshape(3, STATES)
    joint, captions = population.joint, population.captions
    total = 0.0
    for x in range(STATES):
        row = [u[x] * a + v[x] * b + w[x] for a, b in captions]
        over = np.log(sum(joint[:, t].sum() * np.exp(s) for t, s in enumerate(row)))
        total += joint[x].sum() * (over / 2 + ridge * (u[x] ** 2 + v[x] ** 2) / 2)
        total -= sum(joint[x, t] * s for t, s in enumerate(row))
    for t, (a, b) in enumerate(captions):
        column = [u[x] * a + v[x] * b + w[x] for x in range(STATES)]
        total += joint[:, t].sum() * np.log(sum(joint[x].sum() * np.exp(s) for x, s in enumerate(column))) / 2
    return total


def test_the_loss_is_that_of_a_literal_loop_and_its_derivatives_are_difference_quotients():
    theta, direction = np.random.default_rng(0).standard_normal((2, 3 * STATES))
    value, gradient, hessian = derivatives(theta, POPULATION, 0.01)
    assert close(value, literal_loss(theta, POPULATION, 0.01))
    step = 1e-5
    ends = [derivatives(theta + s * direction, POPULATION, 0.01) for s in (-step, step)]
    assert gradient @ direction == pytest.approx((ends[1][0] - ends[0][0]) / (2 * step), rel=1e-6)
    quotient = (ends[1][1] - ends[0][1]) / (2 * step)
    np.testing.assert_allclose(hessian @ direction, quotient, atol=1e-8 * np.abs(quotient).max())


def by_first_derivatives(population, ridge):
    """The same problem by L-BFGS on torch's own gradient, from a random start."""
    captions, joint = torch.as_tensor(population.captions), torch.as_tensor(population.joint)
    law, caption_law = joint.sum(1), joint.sum(0)

    def loss(theta):
        u, v, w = theta.reshape(3, STATES)
        s = torch.outer(u, captions[:, 0]) + torch.outer(v, captions[:, 1]) + w[:, None]
        rows = (caption_law * s.exp()).sum(1).log() @ law
        columns = (law[:, None] * s.exp()).sum(0).log() @ caption_law
        return (rows + columns) / 2 - (joint * s).sum() + ridge / 2 * (law * (u**2 + v**2)).sum()

    def value_and_gradient(theta):
        gradient, value = torch.func.grad_and_value(loss)(torch.as_tensor(theta))
        return float(value), gradient.numpy()

    start = np.random.default_rng(1).standard_normal(3 * STATES) * 0.1
    options = {"maxiter": 4000, "maxfun": 8000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30}
    found = minimize(value_and_gradient, start, method="L-BFGS-B", jac=True, options=options)
    return found.x, found.fun


@pytest.mark.parametrize("pair", [(1, 1), (1, 0)])
def test_another_solver_ends_at_the_same_optimum(pair):
    """Another method, other derivatives and another start: the same value and the same coefficients of the digit."""
    population = Population(*pair, 0.925)
    found, (theta, value) = optimum(population, 1e-2), by_first_derivatives(population, 1e-2)
    ours = derivatives(np.concatenate([found.u, found.v, found.w]), population, 1e-2)[0]
    assert close(ours, value) and ours <= value + 1e-13
    np.testing.assert_allclose(found.u, theta[:STATES], atol=2e-3)
    assert found.residual < 1e-9


def test_the_guesses_average_to_what_is_said():
    """The equation of the text: E[a|x] is the mean of both guesses, up to the ridge."""
    population = Population(1, 1, 0.9)
    found = optimum(population, 1e-3)
    joint, captions, law = population.joint, population.captions, population.law
    s = found.u[:, None] * captions[:, 0] + found.v[:, None] * captions[:, 1] + found.w[:, None]
    caption_law = joint.sum(0)
    by_image = caption_law * np.exp(s)
    by_image /= by_image.sum(1, keepdims=True)
    by_caption = law[:, None] * np.exp(s)
    by_caption /= by_caption.sum(0)
    guesses = by_image @ captions[:, 0] + (by_caption * caption_law) @ captions[:, 0] / law
    said = joint @ captions[:, 0] / law
    np.testing.assert_allclose(said, guesses / 2 + 1e-3 * found.u, atol=1e-4)


def test_digits_between_the_class_means_are_wrong_on_their_own_colour_and_nothing_else():
    found = optimum(Population(1, 0, 0.995), 1e-2)
    wrong = {(int(d), int(s)) for d, s in np.argwhere(~found.right.reshape(10, 6))}
    assert wrong == {(d, s) for d in (3, 4) for s in (0, 1, 2)} | {(d, s) for d in (5, 6) for s in (3, 4, 5)}
    identity, ood, agree, conflict = found.population.accuracies(found.right)
    assert (agree, conflict) == (pytest.approx(18 / 30), 1.0)
    assert close(ood, (agree + conflict) / 2)
    assert close(identity, 0.995 * agree + 0.005 * conflict)


def test_the_posterior_is_a_sum_over_captions():
    found = optimum(Population(1, 1, 0.995), 1e-2)
    population = found.population
    for x in (0, 17, 21, 40, 59):
        sums = {-1: 0.0, 1: 0.0}
        for t, (a, b) in enumerate(population.captions):
            weight = population.joint[:, t].sum()
            sums[int(np.sign(a))] += weight * np.exp(found.u[x] * a + found.v[x] * b)
        assert found.posterior_right[x] == ((sums[1] > sums[-1]) == (population.label[x] > 0))


def test_a_step_of_descent_is_autograds():
    """Three steps on the table of embeddings, by torch's optimiser on the loss written with logarithms of sums."""
    config = loss_optimum.DescentSetting.at("book", steps=3, captions=(1,), width=5, decay=0.3, rate=0.5)
    found = loss_optimum.loss_descent.compute(config, [0], torch.device("cpu"))["u"][0, 0]
    population = Population(0.25, 1, config.p_spu)
    start = [
        torch.randn(*shape, generator=generator("xue2024.loss_descent", 0, f"{shape}")) / 5**0.5
        for shape in ((STATES, 5), (5, 3))
    ]
    image, words = (x.requires_grad_() for x in start)
    optimiser = torch.optim.SGD([image, words], 0.5, 0.9, weight_decay=0.3)
    captions, joint = (torch.as_tensor(a).float() for a in (population.captions, population.joint))
    for _ in range(3):
        u, v, w = (image @ words).T
        s = torch.outer(u, captions[:, 0]) + torch.outer(v, captions[:, 1]) + w[:, None]
        by_image = (joint.sum(0) * s.exp()).sum(1).log() @ joint.sum(1)
        by_caption = (joint.sum(1)[:, None] * s.exp()).sum(0).log() @ joint.sum(0)
        optimiser.zero_grad()
        ((by_image + by_caption) / 2 - (joint * s).sum()).backward()
        optimiser.step()
    np.testing.assert_allclose(found, (image @ words)[:, 0].detach(), rtol=1e-4, atol=1e-5)


def test_descent_moves_towards_the_optimum_and_a_seed_alone_is_the_same():
    config = loss_optimum.DescentSetting.at("book", steps=300)
    early = loss_optimum.loss_descent.compute(config.model_copy(update={"steps": 30}), [0], torch.device("cpu"))
    alone, beside = (loss_optimum.loss_descent.compute(config, s, torch.device("cpu")) for s in ([1], [0, 1]))
    np.testing.assert_allclose(alone["u"][0], beside["u"][1], rtol=1e-3, atol=1e-4)
    assert not np.allclose(beside["u"][0], beside["u"][1], atol=1e-2)
    convex = optimum(Population(1, 0, config.p_spu), 1e-2)
    before, after = (np.corrcoef(r["u"][0, 1], convex.u)[0, 1] for r in (early, beside))
    assert after > before + 0.1


@pytest.mark.parametrize("values", [(1.2, 1, 0.9), (1, -0.1, 0.9), (1, 1, 2.0)])
def test_bad_input(values):
    with pytest.raises(InputError, match="probabilities from 0 to 1"):
        Population(*values)
    for never in (0.0, 1.0):  # half of the images never occur
        with pytest.raises(InputError, match="between 0 and 1") as error:
            optimum(Population(1, 1, never))
        assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="positive numbers"):
        optimum(POPULATION, 0.0)
