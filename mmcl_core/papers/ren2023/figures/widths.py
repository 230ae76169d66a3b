"""How the width enters, with exact gradients: the distance from the closure, and between few and many negatives."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core import stats
from mmcl_core.evidence.figures import (
    CONTRASTIVE,
    NONCONTRASTIVE,
    PAGE,
    THIRD,
    Canvas,
    Figure,
    dots,
    figure,
    log_ticks,
    theory,
    tidy,
)
from mmcl_core.lab.run import Result


@figure("ren2023.width_law", "Two laws in the width", ["ren2023.width_law"])
def width_law(r: Result) -> Figure:
    width, (few, many) = r["width"], (f"{k:g}" for k in r.config.negatives)
    curves = {
        "noncontrastive": ("from the flow, no negatives", NONCONTRASTIVE, -0.5),
        "contrastive": (rf"from the flow, $\tau^2={r.config.inverse_temperature:g}$", CONTRASTIVE, -0.5),
        "clock": (f"$K={few}$ from $K={many}$", THIRD, -1.0),
    }
    fitted = {name: stats.power_law(width, r[name]) for name in curves}

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        for name, (label, colour, power) in curves.items():
            dots(ax, width, r[name], colour, label, geometric=True)
            middle = np.exp(np.log(r[name]).mean())
            theory(ax, width, middle * (width / np.exp(np.log(width).mean())) ** power)
        ax.set(
            xscale="log", yscale="log", xlabel="width $m$", ylabel=r"largest $|\Delta\log\kappa|$ at equal alignment"
        )
        log_ticks(ax, width)
        ax.set_yticks([0.001, 0.01, 0.1], ["0.001", "0.01", "0.1"])
        ax.legend()

    words = ("without negatives", "with negatives", f"between {few} and {many} negatives")
    shown = "; ".join(f"{word}: {fitted[name].value:.2f}" for word, name in zip(words, curves, strict=True))
    return Figure(
        pd.concat([tidy(r.seeds, width=width, distance=r[name]).assign(between=name) for name in curves]),
        draw,
        "Exact gradients, orbits compared at equal alignment. Trained encoders come to the infinite-width flow like "
        rf"$m^{{-1/2}}$ (blue, orange); runs with {few} and {many} negatives come together like $m^{{-1}}$ (green). "
        f"Fitted exponents: {fitted['contrastive'].value:.2f}, {fitted['noncontrastive'].value:.2f} and "
        f"{fitted['clock'].value:.2f}. Dots: geometric mean over seeds with one standard deviation of the logarithm; "
        f"lines: the two powers, "
        "height fitted.",
        f"Three falling straight lines in logarithmic axes, the distance between few and many negatives the lowest and "
        f"steepest. Exponents in the width, {shown}.",
        (PAGE * 0.65, 2.8),
    )


FIGURES = (width_law,)
