"""The optimum of CLIP's unnormalised loss: the coefficient of the digit at each of 60 images, and accuracy over p."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.data.backgrounds import DIGITS, SHADES
from mmcl_core.data.vector_captions import SWATCHES
from mmcl_core.evidence.figures import (
    DARK_MARK,
    FIFTH,
    MULTI,
    PAGE,
    THIRD,
    Canvas,
    Figure,
    figure,
    panel_letters,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024.experiments.loss_optimum import SETTINGS

SHOWN = ((0, 1), (1, 1), (1, 0))


@figure(
    "xue2024.loss_optimum",
    "The optimum of the loss: which images a perfect reader puts into the wrong class",
    ["xue2024.loss_optimum"],
)
def loss_optimum(r: Result) -> Figure:
    middle = len(r["ridges"]) // 2
    maps = {pair: r["u"][0, SETTINGS.index(pair), middle].reshape(DIGITS, SHADES) for pair in SHOWN}
    truth = np.where(np.arange(DIGITS) < 5, -1, 1)[:, None]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(1, 4, width_ratios=(1, 1, 1, 1.5))
        for ax, (pair, u) in zip(axes, maps.items(), strict=False):
            ax.imshow(np.tanh(u), cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
            for d, s in np.argwhere(np.sign(u) != truth):
                ax.plot(s, d, "x", color=DARK_MARK, markersize=4)
            ax.axhline(4.5, color=DARK_MARK, linewidth=0.6)
            ax.axvline(2.5, color=DARK_MARK, linewidth=0.6)
            ax.set_xticks(range(SHADES), [n.replace("medium", "mid") for n, _ in SWATCHES], rotation=90)
            ax.set_yticks(range(DIGITS))
            ax.set(xlabel="shade", title=f"captions {pair}")
        axes[0].set_ylabel("digit")
        for k, (pair, colour) in enumerate(zip(SHOWN, (FIFTH, MULTI, THIRD), strict=True)):
            axes[3].plot(r["sweep"], r["swept"][:, k, 0], "o-", color=colour, label=f"{pair} ID")
            axes[3].plot(
                r["sweep"], r["swept"][:, k, 1], "s:", color=colour, markerfacecolor="white", label=f"{pair} OOD"
            )
        axes[3].set(xlabel="$p_{spu}$, share of agreeing colours", ylabel="accuracy at the optimum", ylim=(0.45, 1.03))
        axes[3].legend(ncols=1)
        panel_letters(axes)

    rows = [
        {"captions": str(pair), "digit": d, "shade": SWATCHES[s][0], "u": value}
        for pair, u in maps.items()
        for (d, s), value in np.ndenumerate(u)
    ]
    wrong = "; ".join(f"{pair} {int((np.sign(u) != truth).sum())} of 60" for pair, u in maps.items())
    return Figure(
        pd.DataFrame(rows),
        draw,
        rf"a to c: tanh of u(x), the coefficient of the digit's number in the similarity, at "
        rf"$p_{{spu}}={r['agreements'][0]:g}$; red is "
        "positive, which the prompts read as a digit of at least 5. Crosses: images put into the wrong class "
        f"({wrong}).",
        f"Three heat maps of ten digits by six shades with crosses at the wrong ones, {wrong}, and accuracy in and out "
        "of distribution over the spurious probability.",
        (PAGE, 2.7),
        note=(
            "The upper left and lower right quarters are the images on their own background, where the errors "
            "are. d: accuracy over "
            "$p_{spu}$: ID lies below OOD from moderate $p_{spu}$ on. Encoder: reads digit and shade perfectly."
        ),
    )


FIGURES = (loss_optimum,)
