"""Xue et al. 2024, the optimum of the unnormalised loss: laws by literal loops, Newton's method, the text's
equation."""

import itertools

import numpy as np
import pytest
import torch

from mmcl_core.errors import InputError
from mmcl_core.papers.xue2024.experiments import loss_optimum
from mmcl_core.papers.xue2024.optimum import STATES, Population, loss_and_gradient, optimum

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
    assert all(found[k] == pytest.approx(expected[k], rel=1e-12) for k in found)
    assert population.joint.sum() == pytest.approx(1)
    np.testing.assert_allclose(population.joint.sum(1), population.law)


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


def test_the_loss_is_that_of_a_literal_loop_and_the_gradient_its_difference_quotient():
    theta, direction = np.random.default_rng(0).standard_normal((2, 3 * STATES))
    value, gradient = loss_and_gradient(theta, POPULATION, 0.01)
    assert value == pytest.approx(literal_loss(theta, POPULATION, 0.01), rel=1e-12)
    step = 1e-5
    ends = [loss_and_gradient(theta + s * direction, POPULATION, 0.01)[0] for s in (-step, step)]
    assert gradient @ direction == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-6)


def newton(population, ridge, steps=60):
    """The same problem by damped Newton steps on torch's own derivatives, from a random start."""
    captions, joint = torch.as_tensor(population.captions), torch.as_tensor(population.joint)
    law, caption_law = joint.sum(1), joint.sum(0)

    def loss(theta):
        u, v, w = theta.reshape(3, STATES)
        s = torch.outer(u, captions[:, 0]) + torch.outer(v, captions[:, 1]) + w[:, None]
        rows = (caption_law * s.exp()).sum(1).log() @ law
        columns = (law[:, None] * s.exp()).sum(0).log() @ caption_law
        return (rows + columns) / 2 - (joint * s).sum() + ridge / 2 * (law * (u**2 + v**2)).sum()

    theta = torch.as_tensor(np.random.default_rng(1).standard_normal(3 * STATES)) * 0.1
    for _ in range(steps):
        gradient = torch.func.grad(loss)(theta)
        if gradient.abs().max() < 1e-11:
            break
        hessian = torch.func.hessian(loss)(theta) + 1e-12 * torch.eye(3 * STATES)
        move, size = torch.linalg.solve(hessian, gradient), 1.0
        while loss(theta - size * move) > loss(theta) - 1e-4 * size * (gradient @ move) and size > 1e-9:
            size /= 2
        theta = theta - size * move
    return theta.numpy(), float(loss(theta))


@pytest.mark.parametrize("pair", [(1, 1), (1, 0)])
def test_newtons_method_ends_at_the_same_optimum(pair):
    """An independent solver and another start: the same value and the same coefficients of the digit."""
    population = Population(*pair, 0.925)
    found, (theta, value) = optimum(population, 1e-2), newton(population, 1e-2)
    ours = loss_and_gradient(np.concatenate([found.u, found.v, found.w]), population, 1e-2)[0]
    assert ours == pytest.approx(value, abs=1e-9)
    np.testing.assert_allclose(found.u, theta[:STATES], atol=2e-3)
    assert found.residual < 1e-6


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
    assert ood == pytest.approx((agree + conflict) / 2)
    assert identity == pytest.approx(0.995 * agree + 0.005 * conflict)


def test_the_posterior_is_a_sum_over_captions():
    found = optimum(Population(1, 1, 0.995), 1e-2)
    population = found.population
    for x in (0, 17, 21, 40, 59):
        sums = {-1: 0.0, 1: 0.0}
        for t, (a, b) in enumerate(population.captions):
            weight = population.joint[:, t].sum()
            sums[int(np.sign(a))] += weight * np.exp(found.u[x] * a + found.v[x] * b)
        assert found.posterior_right[x] == ((sums[1] > sums[-1]) == (population.label[x] > 0))


def test_descent_moves_towards_the_optimum_and_a_seed_alone_is_the_same():
    config = loss_optimum.DescentSetting.at("book", steps=300)
    early = loss_optimum.loss_descent.compute(config.model_copy(update={"steps": 30}), [0], torch.device("cpu"))
    alone, beside = (loss_optimum.loss_descent.compute(config, s, torch.device("cpu")) for s in ([1], [0, 1]))
    np.testing.assert_allclose(alone["u"][0], beside["u"][1], rtol=1e-3, atol=1e-4)
    assert not np.allclose(beside["u"][0], beside["u"][1], atol=1e-2)
    convex = optimum(Population(1, 0, config.agreement), 1e-2)
    before, after = (np.corrcoef(r["u"][0, 1], convex.u)[0, 1] for r in (early, beside))
    assert after > before + 0.1


@pytest.mark.parametrize("values", [(1.2, 1, 0.9), (1, -0.1, 0.9), (1, 1, 2.0)])
def test_bad_input(values):
    with pytest.raises(InputError, match="probabilities from 0 to 1"):
        Population(*values)
    with pytest.raises(InputError, match="positive numbers"):
        optimum(POPULATION, 0.0)
