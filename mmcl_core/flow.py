"""Gradient flow: the limit of gradient descent at vanishing step size, solved as an ordinary differential equation.

Descent with rate eta after t steps is compared with the flow at time eta t; where the two agree, the step size does not
shape the result. The solver is scipy's; what is ours is the seed axis and the list of arrays that a model's state is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from scipy.integrate import odeint, solve_ivp
from torch import Tensor

from mmcl_core.errors import InputError

State = list[Tensor]
BLOWN_UP = 1e12  # times the start: LSODA takes ever smaller steps towards a singularity and never gives up by itself
MOST_STEPS = 10**6  # of LSODA between two times


def solve(
    field: Callable[[np.ndarray], np.ndarray],
    initial: Float[np.ndarray, N],
    times: Float[np.ndarray, T] | Sequence[float],
    rtol: float = 1e-8,
    atol: float = 1e-10,
    method: str = "LSODA",
) -> Float[np.ndarray, "T N"]:
    """The solution of dx/dt = field(x), x(times[0]) = `initial`, at `times`, for a state of a few numbers.

    LSODA changes between stiff and non-stiff formulas by itself: reduced states often have rates decades apart.

    Raises
    ------
    InputError
        When `times` does not increase, or the solver cannot go on (a solution that blows up).
    """
    times = np.asarray(times, float)
    if times.ndim != 1 or len(times) < 2 or not np.all(np.diff(times) > 0):
        raise InputError(
            "The flow needs at least two increasing times: allowed is a list such as 0, 1, 10; sort it and drop repeats"
        )
    initial = np.asarray(initial, float)
    most = BLOWN_UP * (1 + np.abs(initial).max(initial=0))

    def watched(time: float, x: np.ndarray) -> np.ndarray:
        if not x @ x <= most**2:
            raise _BlownUp(time)
        return field(x)

    try:
        if method == "LSODA":  # odeint leaves Python between two steps only for the field: half of a small field's time
            states, said = odeint(
                watched,
                initial,
                times,
                rtol=rtol,
                atol=atol,
                tcrit=times[-1:],
                mxstep=MOST_STEPS,
                full_output=True,
                tfirst=True,
            )
            done, end, reason = said["message"].startswith("Integration successful"), said["tcur"][-1], said["message"]
        else:
            solution = solve_ivp(watched, times[[0, -1]], initial, method, times, rtol=rtol, atol=atol)
            states, done, reason = solution.y.T, solution.status == 0, solution.message
            end = [times[0], *solution.t][-1]
    except _BlownUp as stopped:
        done, end, reason = False, stopped.args[0], f"its state grew beyond {most:.0e}"
    if not done:
        raise InputError(f"The flow stopped at time {end:.4g} ({reason}): shorten the time span or mend the field")
    return states


class _BlownUp(Exception):
    """The time at which a state has left all bounds."""


def integrate(
    field: Callable[[State], State],
    initial: State,
    times: Float[np.ndarray, T] | Sequence[float],
    rtol: float = 1e-8,
    atol: float = 1e-10,
) -> list[Float[Tensor, "T ..."]]:
    """The solution of dx/dt = field(x), x(times[0]) = `initial`, at `times`.

    The state is a list of tensors of any shapes; each comes back with a leading time axis. The error control sees the
    whole list at once, so runs stacked along a seed axis are all held to `rtol` and `atol`.

    Raises
    ------
    InputError
        When `times` does not increase, or the solver cannot go on (a solution that blows up).
    """
    shapes = [x.shape for x in initial]
    sizes = [x.numel() for x in initial]

    def unpack(flat: np.ndarray) -> State:
        parts = torch.as_tensor(flat, dtype=torch.float64, device=initial[0].device).split(sizes)
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def pack(state: State) -> np.ndarray:
        return torch.cat([x.reshape(-1) for x in state]).double().cpu().numpy()

    solution = solve(lambda x: pack(field(unpack(x))), pack(initial), times, rtol, atol, "DOP853")
    states = [unpack(row) for row in solution]
    return [torch.stack(parts) for parts in zip(*states, strict=True)]
