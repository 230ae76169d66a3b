"""Outside the paper's assumptions: noise in the signal space, Gaussian latents, two different spectra, and what
balance buys (5.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.papers.ren2023 import theory
from mmcl_core.papers.ren2023.dynamics import Batches
from mmcl_core.papers.ren2023.experiments.base import Base, Trained
from mmcl_core.papers.ren2023.experiments.runs import measure, placed
from mmcl_core.papers.ren2023.setting import Views, views
from mmcl_core.runtime import generator


class VariantSetting(Trained):
    """One assumption changed at a time."""

    smoke: ClassVar = {"seeds": 2, "batch": 64, "horizon": 0.1}

    seeds: int = Field(5, ge=1, description="chosen (5.5)")
    width: int = Field(100, ge=1, description="chosen (5.5)")
    horizon: float = Field(1.0, gt=0, description="chosen: share of the times")
    inverse_temperature: float = Field(5.0, gt=0, description="chosen (5.5): tau^2 of the contrastive runs")


def variants(c: VariantSetting) -> list[tuple[str, Views, float | None, float, float]]:
    """(name, data, tau^2, rate, time)."""
    tau2 = c.inverse_temperature
    reverse, flat = tuple(reversed(c.signal)), (0.6,) * len(c.signal)
    gaussian = c.views(latents="gaussian")
    mirrored, flattened = (views(c.d, c.signal, c.noise, s) for s in (reverse, flat))
    return [
        ("gaussian_c", gaussian, tau2, 0.5, 200.0),
        ("gaussian_nc", gaussian, None, 2.0, 400.0),
        ("reversed_c", mirrored, tau2, 0.5, 200.0),
        ("reversed_nc", mirrored, None, 2.0, 1000.0),
        ("flat_c", flattened, tau2, 0.5, 200.0),
        ("flat_nc", flattened, None, 2.0, 1000.0),
    ]


@experiment("ren2023.variants", VariantSetting, coordinates=("flow",), seconds={"smoke": 1, "book": 12, "paper": 12})
def variant_runs(config: VariantSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """End kappa and alignment `[S, variant]`, and the infinite-width flow's end for different spectra."""
    ends = []
    for _, data, inverse_temperature, rate, time in variants(config):
        v, start = placed(data, config.width, seeds, device)
        _, seen = measure(
            v,
            start,
            Batches(data, config.batch, seeds, device),
            inverse_temperature,
            rate,
            max(2, round(config.horizon * time / rate)),
            2,
        )
        ends.append((seen["condition_number"][:, -1], seen["alignment"][:, -1]))
    kappa, alignment = (np.stack(x, 1) for x in zip(*ends, strict=True))
    flows = []
    for spectrum in (tuple(reversed(config.signal)), (0.6,) * len(config.signal)):
        p = config.closure(None).but(signal_b=spectrum).run(np.array([0.0, 1e6]))
        flows.append((p.condition_number[-1], p.condition_number_b[-1]))
    return {"condition_number": kappa, "alignment": alignment, "flow": np.array(flows)}


class NoiseSetting(VariantSetting):
    """Isotropic noise of variance eps on the observations, reaching the signal space (d = 20)."""

    d: int = Field(20, ge=1, description="chosen (5.5)")
    strengths: tuple[NonNegativeFloat, ...] = Field((0.0, 0.02, 0.1), min_length=1, description="chosen (5.5): eps")


@experiment(
    "ren2023.noise_inside",
    NoiseSetting,
    coordinates=("strength", "nc_time", "c_time"),
    seconds={"smoke": 1, "book": 12, "paper": 12},
)
def noise_inside(config: NoiseSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """kappa and ||W_A||^2 over time of both losses `[S, eps, T]`."""
    arrays: Arrays = {"strength": np.array(config.strengths)}
    contrastive = ("c", config.inverse_temperature, 0.5, 200.0)
    for name, inverse_temperature, rate, time in (("nc", None, 2.0, 4000.0), contrastive):
        curves, norms = [], []
        for strength in config.strengths:
            data = config.views(noise_inside=strength)
            v, start = placed(data, config.width, seeds, device)
            steps, seen = measure(
                v,
                start,
                Batches(data, config.batch, seeds, device),
                inverse_temperature,
                rate,
                max(2, round(config.horizon * time / rate)),
                40,
            )
            curves.append(seen["condition_number"])
            norms.append(seen["weight_norm"])
        arrays |= {f"{name}_time": steps * rate, f"{name}_condition_number": np.stack(curves, 1)}
        arrays[f"{name}_weight_norm"] = np.stack(norms, 1)
    return arrays


class RetrievalSetting(Base):
    """Retrieval with the representations that the losses end on: balanced, initial, non-contrastive (kappa 21.4)."""

    smoke: ClassVar = {"seeds": 2}

    seeds: int = Field(5, ge=1, description="chosen")
    d: int = Field(100, ge=1, description="chosen (5.5, D3)")
    signal: tuple[PositiveFloat, ...] = Field(
        tuple(np.linspace(1, 0.1, 10).round(6).tolist()), min_length=1, description="chosen: linspace(1, .1, 10)"
    )
    codes: int = Field(256, ge=2, le=1024, description="chosen (5.5): distinct sign vectors")
    queries: int = Field(4000, ge=10, description="chosen: noisy queries")
    feature_noise: tuple[NonNegativeFloat, ...] = Field((0.1, 0.15, 0.2), min_length=1, description="chosen (5.5)")
    input_noise: tuple[NonNegativeFloat, ...] = Field((0.3, 0.4, 0.6), min_length=1, description="chosen (5.5)")

    @model_validator(mode="after")
    def _enough_signs(self) -> Self:
        if self.codes > 2 ** len(self.signal):
            raise ValueError(
                f"{len(self.signal)} signal directions have {2 ** len(self.signal)} sign vectors, fewer than codes = "
                f"{self.codes}: take fewer codes"
            )
        return self


@experiment(
    "ren2023.retrieval",
    RetrievalSetting,
    coordinates=("feature_noise", "input_noise"),
    seconds={"smoke": 1, "book": 2, "paper": 2},
)
def retrieval(config: RetrievalSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Top-1 retrieval with noise on features or inputs `[S, (balanced, untrained, non-contrastive), noise]`."""
    signal = np.array(config.signal)
    a, _, _ = theory.NonContrastive(config.d, signal, config.noise).at(200.0)
    # Singular values of the map from codes to features; features have unit mean square norm.
    maps = [np.sqrt(x / x.sum()) for x in (np.ones_like(signal), signal, a)]
    rows = {"feature": [], "input": []}
    for seed in seeds:
        stream = generator("ren2023", seed, "retrieval")
        chosen = torch.randperm(2 ** len(signal), generator=stream)[: config.codes]
        codes = 2.0 * ((chosen[:, None] >> torch.arange(len(signal))) & 1).double() - 1
        truth = torch.arange(config.queries) % config.codes
        noise = torch.randn(config.queries, len(signal), generator=stream, dtype=torch.float64)
        for kind, levels in (("feature", config.feature_noise), ("input", config.input_noise)):
            found = []
            for scale in maps:
                scale = torch.as_tensor(scale)
                gallery = torch.nn.functional.normalize(codes * scale, dim=1)
                # Isotropic noise on an observation reaches source p with standard deviation 1/sigma_p.
                spread = noise if kind == "feature" else noise * scale / torch.as_tensor(np.sqrt(signal))
                found.append(
                    [
                        float(((codes[truth] * scale + level * spread) @ gallery.T).argmax(1).eq(truth).double().mean())
                        for level in levels
                    ]
                )
            rows[kind].append(found)
    return {
        "feature_noise": np.array(config.feature_noise),
        "input_noise": np.array(config.input_noise),
        **{k: np.array(x) for k, x in rows.items()},
    }
