"""Figures on icons under their names: samples, and accuracy under a change of rendering."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmcl_core.evidence.figures import (
    PAGE,
    THRESHOLD,
    Canvas,
    Figure,
    dots,
    figure,
    panel_letters,
)
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024.experiments.icons import PLACES
from mmcl_core.papers.xue2024.figures.real import COLOUR, strip
from mmcl_core.papers.xue2024.variants import ICON_METHODS as METHODS
from mmcl_core.papers.xue2024.variants import kept

LABELS = {
    "supervised": "supervised",
    "label": "first word",
    "label_no_intra": "first word, no same-class negatives",
    "rich": "full name",
    "rich_no_intra": "full name, no same-class negatives",
}
RENDERINGS = {
    "id": "same font",
    "phosphor": "Phosphor",
    "remix": "Remix",
    "fa6s": "Font Awesome",
    "inverted": "inverted",
    "coloured": "on colour",
}


@figure("xue2024.icons", "Icons: full names against first words", ["xue2024.icons"])
def icons(r: Result) -> Figure:
    accuracy = {name: r[f"{name}_word"] for name in METHODS}

    def draw(canvas: Canvas) -> None:
        left, right = canvas.subplots(1, 2, width_ratios=(2.1, 1))
        for m, (name, values) in enumerate(accuracy.items()):
            dots(left, np.arange(len(PLACES)) + 0.13 * (m - (len(METHODS) - 1) / 2), values, COLOUR[name], LABELS[name])
            dots(right, np.array([m]), kept(r, name)[:, None], COLOUR[name])
            right.plot(np.full(len(values), m + 0.2), kept(r, name), ".", color=COLOUR[name], alpha=0.5)
        for p, share in enumerate(r["one_guess"].mean(0)):
            left.plot(
                [p - 0.4, p + 0.4],
                [share, share],
                "--",
                color=THRESHOLD,
                linewidth=0.8,
                zorder=0,
                label="share of the commonest class" if p == 0 else None,
            )
        left.set_xticks(
            range(len(PLACES)), [RENDERINGS[p].replace(" ", "\n") for p in PLACES], rotation=45 if canvas.narrow else 0
        )
        left.set(ylabel="accuracy at the first word", ylim=(0, None))
        canvas.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=3)
        right.set_xticks([])
        right.set(
            xlabel="method (colours as in a)",
            ylabel="share of accuracy kept",
            ylim=(0, None),
            xlim=(-0.6, len(METHODS) - 0.2),
        )
        panel_letters((left, right))

    means = "; ".join(f"{LABELS[m]} {v[:, 0].mean():.3f} and {v[:, 1:].mean():.3f}" for m, v in accuracy.items())
    share = "; ".join(f"{LABELS[m]} {kept(r, m).mean():.2f}" for m in METHODS)
    inverted = PLACES.index("inverted")
    averaged = {m: r[f"{m}_mean"][:, 1:].mean() for m in ("label", "rich")}
    table = pd.DataFrame(
        [
            {"method": m, "seed": r.seeds[s], "rendering": PLACES[p], "accuracy": x}
            for m, v in accuracy.items()
            for (s, p), x in np.ndenumerate(v)
        ]
    )
    return Figure(
        table,
        draw,
        f"The class is the first word, one of {r.config.classes}. "
        f"(a) Held-out icons of the training font, of three other fonts, and of the training font inverted and on "
        f"coloured backgrounds. (b) Accuracy under the five shifts (mean) over accuracy in the same font; small dots "
        f"are seeds.",
        f"Left, dot plot of accuracy for five methods under six renderings of icons. Right, the share of its accuracy "
        f"that each method keeps: {share}. {means}.",
        (PAGE, 3.2),
        note=(
            "Mean and one standard deviation over seeds. "
            f"One guess in {r.config.classes} is "
            f"{1 / r.config.classes:.3f}; dashed: the share of each test set that is of its commonest class, up to "
            f"{r['one_guess'].max():.2f}, so the other fonts weigh few classes heavily. "
            f"Inverted, no method has more than {max(v[:, inverted].mean() for v in accuracy.values()):.3f}, to be "
            f"compared with one guess in {r.config.classes}; that near to "
            "chance a shift tells methods not apart and only lowers the mean of five, which stays because the predictions "
            "were written for it. "
            f"Accuracy in the same font and under shifts: {means}. With prompts averaged over a class's training captions "
            f"instead of its word alone: full names {averaged['rich']:.3f} "
            f"under shifts, first words {averaged['label']:.3f}. Data: Material Design, Phosphor, Remix and Font Awesome "
            f"icons."
        ),
    )


@figure("xue2024.icon_samples", "Icons in six renderings", ["xue2024.icon_samples"])
def icon_samples(r: Result) -> Figure:
    places = ("train", *PLACES)
    names = [str(name) for name in r["train_names"][0]]

    def draw(canvas: Canvas) -> None:
        ax = canvas.subplots()
        rows = [np.pad(strip(r[place][0]), ((0, 2), (0, 0), (0, 0)), constant_values=1.0) for place in places]
        ax.imshow(np.concatenate(rows)[:-2].clip(0, 1), interpolation="nearest")
        step, width = rows[0].shape[0], r["train"].shape[3] + 2
        ax.set_yticks(
            [step * (k + 0.5) - 1 for k in range(len(places))], ["training", *(RENDERINGS[p] for p in PLACES)]
        )
        ax.set_xticks([width * (k + 0.5) - 1 for k in range(len(names))], [n.replace(" ", "\n") for n in names])
        ax.xaxis.tick_top()
        ax.tick_params(length=0)
        for spine in ax.spines.values():
            spine.set_visible(False)

    counts = {place: int(r[f"{place}_count"][0]) for place in places}
    return Figure(
        pd.DataFrame([{"set": p, "icons": n} for p, n in counts.items()]),
        draw,
        f"One class a column. Above: the name of the training icon, whose first word is the class. {counts['train']:,} "
        f"icons for training, {counts['id']:,} held out at random, and "
        f"{counts['phosphor']:,}, {counts['remix']:,} and {counts['fa6s']:,} of the other fonts; "
        f"{int(r['word_count'][0]):,} words, of which a training name has "
        f"{r['mean_words'].mean():.1f} on average.",
        f"Seven rows of {len(names)} small icons, one class a column ({', '.join(n.split()[0] for n in names)}): "
        f"training, held out, three other fonts, inverted, on coloured backgrounds.",
        (PAGE, 4.0),
        note=("A held-out icon often has a near twin in training, an icon of another font has none."),
    )


FIGURES = (icon_samples, icons)
