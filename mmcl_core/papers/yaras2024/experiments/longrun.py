"""The gap over a long training (Fig. 4a), and the gap as a function of a temperature that is moved by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field

from mmcl_core.data.scenes import scenes
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import Arrays, experiment
from mmcl_core.metrics import modality_gap
from mmcl_core.papers.yaras2024.evaluate import GAP_PAIRS, alignment, embed, matched_share
from mmcl_core.papers.yaras2024.experiments.scenes import NAME as SCENES
from mmcl_core.papers.yaras2024.experiments.scenes import TinyClipSetting
from mmcl_core.papers.yaras2024.methods import METHODS, fixed
from mmcl_core.papers.yaras2024.towers import Recipe, fit, tiny_clip

NAME = "yaras2024.longrun"


class LongSetting(Config):
    """CLIP's loss on few pairs for many steps, at two constant rates."""

    book: ClassVar = {"steps": 1500}
    smoke: ClassVar = {"seeds": 2, "steps": 120, "points": 12, "pairs": 512, "batch": 16}

    pairs: int = Field(2048, ge=GAP_PAIRS, description="Fig. 4a: 2048 MSCOCO pairs")
    batch: int = Field(128, ge=2, description="chosen; section 4: 1024")
    steps: int = Field(10_000, ge=1, description="Fig. 4a: 10,000; 1,500 at book")
    points: int = Field(60, ge=2, description="chosen: measurements along the run")
    rates: tuple[float, ...] = Field((1e-4, 1e-3), min_length=1, description="chosen, around the paper's 1e-5 to 5e-4")


@experiment(
    "yaras2024.longrun",
    LongSetting,
    coordinates=["steps", "rates"],
    seconds={"smoke": 2, "book": 80, "paper": 700},
    block=1,
)
def longrun(config: LongSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Fig. 4a: gap, temperature and share of matched pairs on 512 training pairs along the run, `[S, rates, T]`."""
    steps = np.unique(np.r_[0, np.geomspace(10, config.steps, config.points).round().astype(int)])
    seen = np.zeros((3, len(seeds), len(config.rates), len(steps)))
    epochs = -(-config.steps // (config.pairs // config.batch))
    for s, seed in enumerate(seeds):
        drawn = scenes(NAME, seed, config.pairs)
        images, tokens = drawn.images.to(device), drawn.tokens.to(device)
        for k, rate in enumerate(config.rates):
            towers = tiny_clip(METHODS["baseline"], NAME, seed).to(device)

            def record(done: int) -> None:
                if done in steps:
                    pair = embed(towers.image, images[:GAP_PAIRS]), embed(towers.text, tokens[:GAP_PAIRS])
                    seen[:, s, k, np.searchsorted(steps, done)] = (
                        modality_gap(*pair),
                        towers.temperature().item(),
                        matched_share(*pair),
                    )

            record(0)
            fit(
                towers,
                images,
                tokens,
                METHODS["baseline"],
                Recipe(config.batch, epochs, rate, None, config.steps),
                NAME,
                seed,
                record,
                [seen],
            )
    return {"steps": steps, "rates": np.array(config.rates), "gap": seen[0], "temperature": seen[1], "matched": seen[2]}


class QuasiStaticSetting(TinyClipSetting):
    """The trained baseline goes on at a constant rate while its temperature is raised and lowered again in steps."""

    book: ClassVar = TinyClipSetting.book | {"temperatures": (0.01, 0.07, 0.1, 0.2, 0.4)}
    smoke: ClassVar = TinyClipSetting.smoke | {"hold": 2}

    temperatures: tuple[float, ...] = Field(
        (0.01, 0.02, 0.04, 0.07, 0.1, 0.2, 0.4),
        min_length=2,
        description="chosen: those of Table 2; at book those trained there",
    )
    hold: int = Field(128, ge=1, description="chosen: steps at each temperature")
    sweep_rate: float = Field(1e-3, gt=0, description="chosen: a fifth of the peak of training")


@experiment(
    "yaras2024.quasi_static",
    QuasiStaticSetting,
    coordinates=["temperatures"],
    seconds={"smoke": 1, "book": 120, "paper": 600},
    block=1,
)
def quasi_static(config: QuasiStaticSetting, seeds: Sequence[int], device: torch.device) -> Arrays:
    """Gap and retrieval on test pairs at the end of every stay, `[S, 2, T]`: upwards, then downwards.

    Both ways are in the order of the grid.
    """
    up = np.array(config.temperatures)
    path = np.r_[up, up[::-1]]
    per_seed = []
    for seed in seeds:
        drawn, test = scenes(SCENES, seed, config.train), scenes(SCENES, seed, config.test, "test")
        images, tokens, seen, read = (x.to(device) for x in (drawn.images, drawn.tokens, test.images, test.tokens))
        towers = tiny_clip(METHODS["baseline"], SCENES, seed).to(device)
        fit(towers, images, tokens, METHODS["baseline"], config.recipe, SCENES, seed)
        held = fixed(path[0])
        towers.temperature = held.make_temperature().to(device)
        rows = []

        def move(done: int) -> None:
            if done % config.hold == 0:
                rows.append(alignment(embed(towers.image, seen), embed(towers.text, read), config.gallery))
                if len(rows) < len(path):
                    towers.temperature.set(path[len(rows)])

        total = config.hold * len(path)
        recipe = Recipe(config.batch, -(-total // (config.train // config.batch)), config.sweep_rate, None, total)
        fit(towers, images, tokens, held, recipe, f"{SCENES} sweep", seed, move, rows)
        per_seed.append(
            {
                name: np.stack([r[: len(up)], r[len(up) :][::-1]])
                for name in rows[0]
                for r in [np.array([row[name] for row in rows])]
            }
        )
    return {"temperatures": up} | {name: np.stack([r[name] for r in per_seed]) for name in per_seed[0]}
