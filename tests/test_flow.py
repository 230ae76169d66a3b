"""The flow is the limit of descent: errors of one-step methods against it fall with the order of the method."""

import numpy as np
import pytest
import torch

from mmcl_core import flow
from mmcl_core.errors import InputError

STEPS = np.array([10, 20, 40, 80])


def pendulum(x):
    return np.array([x[1], -np.sin(x[0])])


def euler(x, h):
    return x + h * pendulum(x)


def runge_kutta(x, h):
    a = pendulum(x)
    b = pendulum(x + h / 2 * a)
    c = pendulum(x + h / 2 * b)
    return x + h / 6 * (a + 2 * b + 2 * c + pendulum(x + h * c))


def by_solve(start, time):
    return flow.solve(pendulum, start, [0, time], rtol=1e-12, atol=1e-12)[-1]


def by_integrate(start, time):
    field = lambda state: [state[1], -torch.sin(state[0])]
    states = flow.integrate(field, [torch.tensor(start[:1]), torch.tensor(start[1:])], [0, time], 1e-12, 1e-12)
    return np.concatenate([s[-1].numpy() for s in states])


@pytest.mark.parametrize("solver", [by_solve, by_integrate])
@pytest.mark.parametrize(("step", "order"), [(euler, 1), (runge_kutta, 4)])
def test_halving_the_step_shows_the_order_of_the_method(solver, step, order):
    """A solver with an error of its own would bend the line: fourth order reaches 1e-7 at eighty steps."""
    start, time = np.array([1.0, 0.0]), 2.0
    limit, errors = solver(start, time), []
    for steps in STEPS * (6 if order == 1 else 1):  # Euler's first terms beyond the leading one fade late
        x = start
        for _ in range(steps):
            x = step(x, time / steps)
        errors.append(np.abs(x - limit).max())
    slope = np.polyfit(np.log(1 / STEPS), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.1)


def test_the_tolerance_is_kept():
    """x' = -x in closed form: the error falls with the tolerance asked for, and stays near it."""
    for rtol in (1e-4, 1e-7, 1e-10):
        path = flow.solve(lambda x: -x, np.ones(2), [0, 1, 3], rtol=rtol, atol=rtol)
        assert np.abs(path[:, 0] - np.exp([0, -1, -3])).max() < 30 * rtol


def test_a_stack_of_runs_is_each_run():
    field = lambda state: [-(state[0] ** 3)]
    start = torch.tensor([[0.5], [2.0]], dtype=torch.float64)
    (together,) = flow.integrate(field, [start], [0, 1, 2])
    for k in range(2):
        (alone,) = flow.integrate(field, [start[k]], [0, 1, 2])
        assert torch.allclose(together[:, k], alone, atol=1e-7)
    exact = 1 / (start**-2 + 2 * torch.tensor([0.0, 1.0, 2.0])[:, None, None]).sqrt()  # of x' = -x^3
    assert torch.allclose(together, exact, atol=1e-7)


@pytest.mark.parametrize("times", [[0], [0, 0, 1], [1, 0], [[0, 1]]])
def test_times_must_increase(times):
    with pytest.raises(InputError, match="increasing times"):
        flow.solve(pendulum, np.zeros(2), times)


@pytest.mark.parametrize("method", ["LSODA", "DOP853"])
def test_a_solution_that_blows_up_is_said(method):
    with pytest.raises(InputError, match="stopped at time 1 "):  # x' = x^2 from 1
        flow.solve(lambda x: x**2, np.ones(1), [0, 0.5, 2], method=method)
