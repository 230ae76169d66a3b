"""The page "How fast, and why", made from the committed measurements in `benchmarks/measured/`."""

from __future__ import annotations

import base64
import html
import json
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Canvas

from mmcl_core.evidence.canvas import MULTI, SINGLE, THIRD, house_style

WAYS = {"plain": ("plain script", SINGLE), "jax": ("JAX, jit and vmap", THIRD), "ours": ("the core", MULTI)}


def speed(root: Path) -> str:
    """The whole page below its introduction; without measurements it says that there are none."""
    folder = root / "benchmarks" / "measured"
    cpu = folder / "cpu.json"
    parts = [processor(json.loads(cpu.read_text(encoding="utf-8")))] if cpu.exists() else ["<p>Not measured yet.</p>"]
    others = [json.loads(f.read_text(encoding="utf-8")) for f in sorted(folder.glob("*.json"))]
    cards = [report for report in others if "card" in report]  # other measurements lie in the same folder
    parts += ["<h2>On a GPU</h2>"]
    parts += [graphics(card) for card in cards] or [
        "<p>None was measured: no GPU was at hand. <code>python benchmarks/gpu_check.py</code> measures one and checks "
        "every family against double precision.</p>"
    ]
    return "\n".join(parts)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table of texts; all but the first column are numbers."""
    cells = "".join(f"<th>{html.escape(h)}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return (
        f'<div class="wide" tabindex="0"><table class="speed"><thead><tr>{cells}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def processor(report: dict[str, Any]) -> str:
    """Machine, seconds a seed, ratios with their spread, growth and memory."""
    rows, ceiling = report["rows"], report["ceiling"]
    families = list(dict.fromkeys(row["family"] for row in rows))
    found = {(r["family"], r["way"], r["seeds"]): r for r in rows}
    ratios = []
    for r in (r for r in rows if r["way"] == "ours"):
        line = [r["family"], str(r["seeds"]), f"{1e3 * r['seconds'] / r['seeds']:.1f}", f"{r['gflops']:.1f}"]
        for way in ("plain", "jax"):
            other = found.get((r["family"], way, r["seeds"]))
            line.append(
                f"{other['seconds'] / r['seconds']:.1f} ({other['least'] / r['most']:.1f} to "
                f"{other['most'] / r['least']:.1f})"
                if other
                else "not run"
            )
        ratios.append(line)
    growth = [
        [g["family"], g["size"], ", ".join(map(str, g["values"])), f"{g['exponent']:.2f}"] for g in report["growth"]
    ]
    memory = [[m["family"], WAYS[m["way"]][0], str(m["seeds"]), f"{m['mebibytes']:.0f}"] for m in report["memory"]]
    versions = ", ".join(f"{name} {v}" for name, v in report["versions"].items())
    return "\n".join(
        [
            "<h2>On one thread of a processor</h2>",
            f"<p>{html.escape(report['processor'])}, {report['cores']} cores, {html.escape(versions)}; commit "
            f"<code>{html.escape(report['commit'])}</code>, {report['date']}. Load of the machine "
            f"{report['load_before']:.1f} before and {report['load_after']:.1f} after: above the number of cores the "
            f"seconds are too large and the ratios uncertain. A large matrix product reaches {ceiling['float32']:.0f} "
            f"GFLOP/s in single and {ceiling['float64']:.0f} in double precision; that is the ceiling.</p>",
            picture(rows, families),
            "<p>How many times faster the core is than each rival: ratio of medians, and in brackets the least and the "
            "most that the repetitions allow.</p>",
            table(["family", "seeds", "ms a seed", "GFLOP/s", "plain script over core", "JAX over core"], ratios),
            "<h3>How the seconds grow</h3>",
            table(["family", "in", "values", "exponent"], growth),
            "<h3>Memory that a run adds</h3>",
            table(["family", "way", "seeds", "MiB"], memory),
        ]
    )


def picture(rows: list[dict[str, Any]], families: list[str]) -> str:
    """Seconds a seed over the number of seeds, one panel a family."""
    with house_style():
        canvas = Canvas(figsize=(6.8, 2.4))
        panels = canvas.subplots(1, len(families), squeeze=False, sharey=True)[0]
        for ax, family in zip(panels, families, strict=True):
            for way, (label, colour) in WAYS.items():
                mine = [r for r in rows if r["family"] == family and r["way"] == way]
                counts = [r["seeds"] for r in mine]
                ax.plot(counts, [r["seconds"] / r["seeds"] for r in mine], "o-", color=colour, label=label)
                ax.fill_between(
                    counts, *([r[end] / r["seeds"] for r in mine] for end in ("least", "most")), color=colour, alpha=0.2
                )
            name, _, rest = family.partition(" ")
            ax.set(xscale="log", yscale="log", xlabel="seeds", title=f"{name}\n{rest}")
            ax.set_xticks([1, 4, 16, 64], ["1", "4", "16", "64"])
            ax.minorticks_off()
        canvas.axes[0].set_ylabel("seconds a seed")
        canvas.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
        buffer = BytesIO()
        canvas.savefig(buffer, format="svg", metadata={"Date": None})
    inlined = base64.b64encode(buffer.getvalue()).decode()
    alt = "Seconds a seed over the number of seeds for " + ", ".join(families) + ": plain script, JAX, the core."
    return (
        f'<figure><img class="book-figure" alt="{html.escape(alt)}" src="data:image/svg+xml;base64,{inlined}">'
        "<figcaption>Seconds a seed: median and range of the repetitions. Lower is faster; a falling line gains from "
        "training seeds together.</figcaption></figure>"
    )


def graphics(report: dict[str, Any]) -> str:
    """One card: agreement with double precision, steps a second, memory, share of the ceiling."""
    rows = [
        [
            r["family"],
            f"{r['error']:.1e} of {r['tolerance']:.0e}",
            f"{r['steps_per_second']:.0f}",
            f"{r['mebibytes']:.0f}",
            f"{r['share']:.0%}",
        ]
        for r in report["rows"]
    ]
    return (
        f"<h3>{html.escape(report['card'])}</h3><p>{html.escape(report['precision'])}; torch "
        f"{html.escape(report['torch'])}; commit <code>{html.escape(report['commit'])}</code>, {report['date']}.</p>"
        + table(["family", "error against double", "steps a second", "MiB", "of the ceiling"], rows)
        + "<p>Gradients of the trained encoders at their start in three precisions: the length of the error over the "
        "gradient's own.</p>"
        + table(
            ["encoder", "precision", "error", "gradients a second"],
            [
                [
                    r["family"],
                    r["precision"],
                    f"{r['error']:.1e} of {r['tolerance']:.0e}",
                    f"{r['gradients_per_second']:.0f}",
                ]
                for r in report["audit"]
            ],
        )
    )
