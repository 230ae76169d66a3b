"""Questions that the reader answers before looking: a choice or a slider, then the stored result beside the answer."""

from __future__ import annotations

import html
import zlib
from collections.abc import Sequence

from mmcl_core.errors import InputError, unknown
from mmcl_core.site.render import text


def choice(question: str, options: Sequence[str], answer: str, why: str) -> str:
    """A question with one right of several `options`; `why` is the sentence with the result.

    Raises
    ------
    InputError
        When the answer is none of the options.
    """
    if answer not in options:
        raise unknown("answer", answer, options)
    name = f"predict-{zlib.crc32(' '.join((question, *options)).encode())}"
    inputs = "".join(
        f'<label><input type="radio" name="{name}" value="{k}">'
        f'<span class="predict-words">{text(option)}</span></label>'
        for k, option in enumerate(options)
    )
    return form(question, inputs, f"<b>{text(answer)}.</b> {text(why)}", str(list(options).index(answer)), 0)


def slider(question: str, low: float, high: float, answer: float, near: float, why: str, shown: str = "") -> str:
    """A question for a number from `low` to `high`; an answer within `near` of the result counts as right.

    Raises
    ------
    InputError
        For an empty range.
    """
    if not low < high:
        raise InputError(f"A slider from {low} to {high} has no room: give a low end below the high end")
    middle, step = (low + high) / 2, (high - low) / 100
    inputs = (
        f'<label><span class="predict-words">{low:g} to {high:g}</span>'
        f'<input type="range" min="{low:g}" max="{high:g}" '
        f'step="{step:g}" value="{middle:g}"><output>{middle:g}</output></label>'
    )
    return form(question, inputs, f"<b>{html.escape(shown or f'{answer:.3g}')}.</b> {text(why)}", f"{answer:g}", near)


def form(question: str, inputs: str, result: str, answer: str, near: float) -> str:
    """The question, hidden controls that a script shows, and the closed result."""
    return (
        f'<form class="predict" data-answer="{answer}" data-near="{near:g}"><p><b>Predict.</b> {text(question)}</p>'
        f'<div class="predict-controls" hidden><fieldset><legend class="ex-hidden">Your answer</legend>'
        f"{inputs}</fieldset>"
        '<button type="submit">Show the result</button></div><p class="predict-yours" role="status" hidden></p>'
        f"<details><summary>The result</summary><p>{result}</p></details></form>"
    )
