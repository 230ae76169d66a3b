"""Figures: a table and its drawing, the same bytes each time, and words for those who do not see it."""

import io

import pandas as pd
import pytest

from mmcl_core import catalog
from mmcl_core.errors import DataAbsent, InputError
from mmcl_core.evidence.figures import FORMATS, Figure
from tests.named import run

SPECS = [f for p in catalog.papers() for f in p.figures]


def made(spec):
    try:
        return spec.make(lambda name: run(name, "smoke"))
    except DataAbsent as absent:
        pytest.skip(str(absent))


@pytest.mark.parametrize("spec", SPECS, ids=lambda f: f.id)
def test_every_figure_renders_and_says_what_it_shows(spec):
    figure = made(spec)
    svg = figure.render("svg")
    assert b"<svg" in svg and len(svg) < 600_000
    table = pd.read_csv(io.BytesIO(figure.render("csv")))
    assert len(table) == len(figure.data) > 0 and list(table.columns) == list(figure.data.columns)
    assert len(figure.alt.split()) >= 15 and len(figure.caption.split()) >= 12
    assert figure.caption.count("$") % 2 == 0
    assert spec.title and not spec.title.endswith(".")


def test_the_same_figure_gives_the_same_bytes():
    figure = made(SPECS[0])
    for format in FORMATS:
        assert figure.render(format) == figure.render(format)


@pytest.mark.parametrize("spec", [s for s in SPECS if not s.id.endswith("samples")], ids=lambda f: f.id)
def test_every_panel_has_labels_with_names(spec):
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas()
    made(spec).draw(canvas)
    for ax in canvas.axes:
        columns, rows = ax.get_shared_x_axes().get_siblings(ax), ax.get_shared_y_axes().get_siblings(ax)
        named = any(other.get_xlabel() for other in columns) or any(other.get_ylabel() for other in rows)
        assert named or not ax.axison, spec.id  # a sphere has no axes


def test_unknown_format():
    with pytest.raises(InputError, match="did you mean 'svg'"):
        Figure(pd.DataFrame(), lambda c: None, "", "").render("svgg")
