"""The paper's ways to close the modality gap, as data: what each does to the temperature, the embeddings, or the loss.

Names are those of Tables 2 to 5. FLT: temperature fixed. TS: temperature scheduled. SLRT: its learning rate is smaller.
HS, SS: in a fraction p of the steps coordinates of both modalities are exchanged, or mixed, before the loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from mmcl_core.errors import InputError, shortened, unknown
from mmcl_core.models.temperature import Scale, Temperature

START = 0.07  # CLIP's temperature at the start
SwapKind = Literal["hard", "soft", "rows"]


@dataclass(frozen=True)
class Schedule:
    """Temperature over training progress: from `start` to `end` linearly, or to and fro along a cosine, `periods` times
    (section 4.1).

    Raises
    ------
    InputError
        For temperatures that are not positive, or a negative number of periods.
    """

    start: float
    end: float
    periods: int = 0

    def __post_init__(self) -> None:
        if not (self.start > 0 and self.end > 0):
            raise InputError(
                f"A temperature schedule from {self.start:g} to {self.end:g} is not allowed: both ends must be positive"
            )
        if self.periods < 0:
            raise InputError(
                f"A temperature schedule cannot alternate {self.periods} times: allowed are 0 (linear) and more"
            )

    def __call__(self, progress: float) -> float:
        """The temperature at `progress`, 0 at the first step and 1 at the last."""
        share = (1 - math.cos(2 * math.pi * self.periods * progress)) / 2 if self.periods else progress
        return self.start + (self.end - self.start) * share

    def check(self, steps: int) -> None:
        """`InputError` when `steps` updates cannot show the schedule: a line needs two, an alternation two in each
        period."""
        needed = max(2, 2 * self.periods)
        if steps < needed:
            shape = f"alternates {self.periods} times" if self.periods else "is a line"
            raise InputError(
                f"The temperature schedule {shape} and does not fit a run of {steps} steps: take at least {needed}"
            )


@dataclass(frozen=True)
class Swap:
    """Coordinates of a pair's two embeddings are exchanged in a fraction `probability` of the steps (section 4.2).

    Raises
    ------
    InputError
        For an unknown kind, or a probability outside [0, 1].
    """

    kind: SwapKind
    probability: float

    def __post_init__(self) -> None:
        if self.kind not in ("hard", "soft", "rows"):
            raise unknown("kind of swap", self.kind, ("hard", "soft", "rows"))
        if not 0 <= self.probability <= 1:
            raise InputError(f"The swap probability {self.probability:g} is not allowed: it must lie between 0 and 1")

    def __call__(
        self, image: Float[Tensor, "B D"], text: Float[Tensor, "B D"], stream: torch.Generator
    ) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B D"]]:
        """Both modalities after this step's swap, if there is one. Rows are not normalised again; gradients reach
        both."""
        if torch.rand((), generator=stream) >= self.probability:
            return image, text
        own = self.own_share(image.shape, stream).to(image)
        return own * image + (1 - own) * text, own * text + (1 - own) * image

    def own_share(self, shape: torch.Size, stream: torch.Generator) -> Float[Tensor, "B D"]:
        """What an embedding keeps of each coordinate: 0 or 1, alike over a row for "rows"; uniform in [0, 1] for
        "soft"."""
        drawn = torch.rand(shape[0], 1 if self.kind == "rows" else shape[1], generator=stream)
        return (drawn if self.kind == "soft" else (drawn < 0.5).float()).expand(shape)


@dataclass(frozen=True)
class Method:
    """One row of Tables 2 to 5.

    `temperature` at the start, on `scale` with `stretch` (beta = exp(nu / stretch)); `rate` multiplies the learning
    rate of nu; `schedule` puts the temperature from outside; `normalised` is False where embeddings keep their
    length."""

    temperature: float = START
    scale: Scale = "exp"
    stretch: float = 1.0
    rate: float = 1.0
    schedule: Schedule | None = None
    swap: Swap | None = None
    normalised: bool = True

    def make_temperature(self) -> Temperature:
        """The trainable, fixed or scheduled temperature at its start."""
        return Temperature(self.schedule(0.0) if self.schedule else self.temperature, self.scale, self.stretch)


def fixed(temperature: float) -> Method:
    return Method(temperature, scale="fixed")


def scheduled(start: float, end: float, periods: int = 0) -> Method:
    return Method(scale="fixed", schedule=Schedule(start, end, periods))


def swapping(kind: SwapKind, probability: float) -> Method:
    return Method(swap=Swap(kind, probability))


ALTERNATIONS = 5  # the paper does not say how many

METHODS: dict[str, Method] = {
    "baseline": Method(),
    **{f"FLT {tau}": fixed(float(tau)) for tau in (".01", ".02", ".04", ".07", ".1", ".2", ".3", ".4")},
    **{f"TS S{k}": scheduled(0.01, end) for k, end in enumerate((0.02, 0.03, 0.04, 0.05))},
    "TS A0": scheduled(0.01, 0.02, ALTERNATIONS),
    "TS A1": scheduled(0.01, 0.04, ALTERNATIONS),
    "softplus": Method(scale="softplus"),
    "exp(nu/2)": Method(stretch=2),
    "exp(nu/10)": Method(stretch=10),
    "SLRT .1": Method(rate=0.1),
    **{f"HS {p}": swapping("hard", float(p)) for p in ("1", ".1", ".01", ".001")},
    **{f"SS {p}": swapping("soft", float(p)) for p in (".05", "1")},
    "HS rows": swapping("rows", 0.1),
    "no normalisation": Method(scale="fixed", normalised=False),
}


FIXED = "FLT "
COLDEST, HOTTEST = 1e-4, 1e4  # beyond them logits are infinite or nothing in single precision


def find_method(name: str) -> Method:
    """The method `name`: one of `METHODS`, or "FLT " and a number from 0.0001 to 10000, such as "FLT .05".

    Raises
    ------
    InputError
        For any other name.
    """
    if name in METHODS:
        return METHODS[name]
    if not name.startswith(FIXED):
        raise unknown("mitigation method", name, METHODS)
    try:
        temperature = float(name.removeprefix(FIXED))
    except ValueError:
        temperature = math.nan
    if not COLDEST <= temperature <= HOTTEST:
        raise InputError(
            f"'{shortened(name, 40)}' names no fixed temperature: write FLT and a number above 0, from {COLDEST:g} to "
            f"{HOTTEST:g}, such as 'FLT .05'"
        )
    return fixed(temperature)
