"""The population flow by enumeration: the exact reduction (D1), the closure's moments (D2), any width (D3c, D7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

import numpy as np
import torch
from pydantic import Field, PositiveFloat, model_validator

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023 import dynamics, reference, theory
from mmcl_core.papers.ren2023.closure import missing_mass
from mmcl_core.papers.ren2023.experiments.base import Base
from mmcl_core.papers.ren2023.experiments.negatives import AtLeastOne
from mmcl_core.papers.ren2023.setting import Encoders, cube, initial_encoders, reduce_width, views
from mmcl_core.runtime import generator, numpy_generator


class IdentitySetting(Base):
    """A problem small enough for literal loops over all pairs of sign vectors."""

    smoke: ClassVar = {"seeds": 2}

    seeds: int = Field(5, ge=1, description="chosen")
    d: int = Field(5, ge=2, le=7, description="chosen: 32 points a view")
    signal: tuple[PositiveFloat, ...] = Field((1.3, 0.8, 0.4), min_length=1, description="chosen (D1)")
    noise: float = Field(0.5, gt=0, description="chosen (D1)")
    signal_b: tuple[PositiveFloat, ...] = Field((1.0, 0.9, 0.3), min_length=1, description="chosen (D1)")
    noise_b: float = Field(0.7, gt=0, description="chosen (D1)")
    width: int = Field(7, ge=1, description="chosen (D1)")
    losses: tuple[tuple[PositiveFloat | None, AtLeastOne], ...] = Field(
        ((None, 1.0), (0.3, 1.0), (2.0, 5.0), (6.0, 200.0)),
        min_length=1,
        description="chosen (D1): (tau^2, K), tau^2 null for the non-contrastive loss",
    )
    moments: tuple[PositiveFloat, AtLeastOne] = Field(
        (4.0, 31.0), description="chosen (D2): (tau^2, K) at which the closure's moments are enumerated"
    )

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if len(self.signal_b) != len(self.signal):
            raise ValueError(
                f"signal has {len(self.signal)} directions and signal_b {len(self.signal_b)}: both views share the "
                f"signal, so give as many"
            )
        return self


@experiment("ren2023.identities", IdentitySetting, seconds={"smoke": 2, "book": 4, "paper": 4})
def identities(config: IdentitySetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """D1 against autograd on weights in rotated R^d, <W, grad>; D2's moments against enumeration."""
    c = config
    v = views(c.d, c.signal, c.noise, c.signal_b, c.noise_b)
    e = initial_encoders(v, c.width, seeds)
    points, positive = cube(v)
    error, orthogonal = np.zeros((2, len(seeds), len(c.losses)))
    for row, seed in enumerate(seeds):
        maps = reference.observation_maps(v, generator("ren2023", seed, "maps"))
        weights = [torch.linalg.inv(m).T @ k[row].T * c.d**0.5 for m, k in zip(maps, (e.a, e.b), strict=True)]
        for column, (inverse_temperature, negatives) in enumerate(c.losses):
            law = (
                dynamics.population_noncontrastive(points, positive)
                if inverse_temperature is None
                else dynamics.population_contrastive(points, positive, inverse_temperature, negatives)
            )
            ours = dynamics.velocity(Encoders(e.a[row : row + 1], e.b[row : row + 1]), v, law)
            gradients = reference.gradients(*weights, maps, points, positive, inverse_temperature, negatives)
            for weight, gradient, mapping, speed in zip(weights, gradients, maps, (ours.a, ours.b), strict=True):
                theirs = -(gradient.T @ mapping) / c.d**0.5
                error[row, column] = max(
                    error[row, column], float((theirs - speed[0]).abs().max() / theirs.abs().max())
                )
                orthogonal[row, column] = max(orthogonal[row, column], float((gradient * weight).sum().abs()))
    return {
        "error": error,
        "orthogonal": orthogonal,
        "moments": np.array([closure_error(s, 5, *c.moments) for s in seeds]),
    }


def closure_error(seed: int, rank: int, inverse_temperature: float, negatives: float) -> float:
    """Largest difference of S and q_p of D2 from enumerating all signs, at a random diagonal similarity."""
    v = views(rank, (1.0,) * rank, 1.0)
    points, positive = cube(v)
    scaled = numpy_generator("ren2023", seed, "shat").uniform(0, 0.3, rank)
    q, _ = dynamics.population_contrastive(points, positive, inverse_temperature, negatives)(
        torch.diag(torch.as_tensor(scaled))[None]
    )
    beta = inverse_temperature * scaled
    predicted = 2 * missing_mass(beta, negatives) * (1 - np.tanh(beta))
    return float(np.abs(q[0].numpy() - np.diag(predicted)).max())


Width = Annotated[int, Field(ge=1, le=10**6)]


class EnumeratedSetting(Base):
    """Sources few enough to enumerate."""

    seeds: int = Field(5, ge=1, description="chosen")
    d: int = Field(6, ge=2, le=8, description="chosen (5.3)")
    signal: tuple[PositiveFloat, ...] = Field((1.0, 0.5, 0.25), min_length=1, description="chosen (5.3)")
    noise: float = Field(0.3, gt=0, description="chosen (5.3)")
    horizon: float = Field(1.0, gt=0, description="chosen: share of the steps that is run")


class PopulationSetting(EnumeratedSetting):
    """Exact population gradient at several widths (section 5.3)."""

    book: ClassVar = {"widths": (3, 6, 20, 100, 1000)}
    smoke: ClassVar = {"seeds": 2, "widths": (3, 100), "horizon": 0.2}

    negatives: float = Field(31.0, ge=1, description="chosen (5.3): K")
    widths: tuple[Width, ...] = Field((3, 6, 20, 100, 1000, 100_000), min_length=1, description="chosen (5.3)")
    inverse_temperatures: tuple[PositiveFloat, PositiveFloat] = Field(
        (0.5, 3.0), description="chosen (5.3): tau^2 of the runs called tau2_0.5 and tau2_3, whatever it is"
    )


RUNS = (("noncontrastive", 0.1, 4000), ("tau2_0.5", 0.1, 10000), ("tau2_3", 0.02, 6000))  # rate, steps


@experiment(
    "ren2023.population", PopulationSetting, coordinates=("width",), seconds={"smoke": 2, "book": 12, "paper": 16}
)
def population(config: PopulationSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Exact population training at several widths: kappa at start, peak, end `[S, width]`, and D3(c)'s prediction."""
    v = config.views()
    points, positive = cube(v)
    starts = [initial_encoders(v, m, seeds) for m in config.widths]
    stacked = side_by_side(starts)
    shape = (len(config.widths), len(seeds))
    arrays: Arrays = {"width": np.array(config.widths)}
    rank = config.views().rank
    kappa0 = torch.cat([dynamics.condition_number(s.a[..., :rank]) for s in starts])
    arrays["start"] = kappa0.reshape(shape).T.numpy()
    arrays["predicted"] = np.array(
        [
            [theory.limit_of_weights(s.a[i].numpy(), s.b[i].numpy(), v.variance_a.numpy(), rank) for s in starts]
            for i in range(len(seeds))
        ]
    )
    for (name, rate, steps), inverse_temperature in zip(RUNS, (None, *config.inverse_temperatures), strict=True):
        law = (
            dynamics.population_noncontrastive(points, positive)
            if inverse_temperature is None
            else dynamics.population_contrastive(points, positive, inverse_temperature, config.negatives)
        )
        peak = kappa0
        for step, e in dynamics.descend(stacked, v, lambda _: law, rate, max(1, round(steps * config.horizon))):
            if step % 10 == 0:
                kappa = gram_condition_number(e.a[..., :rank])
                peak = torch.maximum(peak, kappa)
        arrays |= {f"{name}_peak": peak.reshape(shape).T.numpy(), f"{name}_end": kappa.reshape(shape).T.numpy()}
    return arrays


def side_by_side(starts: Sequence[Encoders]) -> Encoders:
    """Encoders of several widths as one batch: 2d rows are enough for any width, and rows of zeros change no inner
    product."""
    starts = [reduce_width(e) for e in starts]
    rows = max(e.a.shape[1] for e in starts)
    return Encoders(
        *(
            torch.cat([torch.nn.functional.pad(x, (0, 0, 0, rows - x.shape[1])) for x in side])
            for side in zip(*((e.a, e.b) for e in starts), strict=True)
        )
    )


def gram_condition_number(signal: torch.Tensor) -> torch.Tensor:
    """The condition number from the r x r Gram matrix: zero rows do not count, and it costs less than a singular
    value decomposition."""
    values = torch.linalg.eigvalsh(signal.mT @ signal).clamp_min(1e-300)
    return (values[:, -1] / values[:, 0]).sqrt()


Case = tuple[PositiveFloat, AtLeastOne]
LANDSCAPE: tuple[Case, Case, Case] = ((3.0, 31.0), (1.0, 5.0), (6.0, 100.0))


class LandscapeSetting(EnumeratedSetting):
    """Where exact training ends, against the least loss (D7)."""

    book: ClassVar = {"seeds": 3}
    smoke: ClassVar = {"seeds": 2, "horizon": 0.1}
    widths: tuple[Width, ...] = Field((2, 3, 10), min_length=1, description="chosen (D7): below, at and above r = 3")
    cases: tuple[Case, Case, Case] = Field(
        LANDSCAPE, description="chosen (D7): (tau^2, K) at the rates 0.2, 0.2 and 0.1"
    )


@experiment(
    "ren2023.landscape", LandscapeSetting, coordinates=("width", "least"), seconds={"smoke": 3, "book": 20, "paper": 30}
)
def landscape(config: LandscapeSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Loss above its predicted minimum and kappa at the end `[S, width, (tau^2, K)]`; below m = r kappa is infinite."""
    v = config.views()
    points, positive = cube(v)
    excess, kappa = np.empty((2, len(seeds), len(config.widths), len(config.cases)))
    least = [theory.least_loss(v.rank, *case) for case in config.cases]
    stacked = side_by_side([initial_encoders(v, m, seeds) for m in config.widths])
    for column, ((inverse_temperature, negatives), rate) in enumerate(zip(config.cases, (0.2, 0.2, 0.1), strict=True)):
        law = dynamics.population_contrastive(points, positive, inverse_temperature, negatives)
        for _, e in dynamics.descend(stacked, v, lambda _: law, rate, max(1, round(4000 * config.horizon))):
            last = e
        loss = dynamics.population_loss(last, v, points, positive, inverse_temperature, negatives) - least[column]
        excess[..., column] = loss.reshape(len(config.widths), -1).T
        kappa[..., column] = gram_condition_number(last.a[..., : v.rank]).reshape(len(config.widths), -1).T
    return {"width": np.array(config.widths), "least": np.array(least), "excess": excess, "condition_number": kappa}
