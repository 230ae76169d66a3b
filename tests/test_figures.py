"""Figures: a table and its drawing, the same bytes each time, and words for those who do not see it."""

import io
import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from fontTools.ttLib import TTFont
from matplotlib.text import Text
from PIL import Image
from pypdf import PdfReader

from mmcl_core import catalog
from mmcl_core.errors import DataAbsent, InputError
from mmcl_core.evidence.canvas import DARK, DARK_GROUND, NARROW, PAGE, Canvas, house_style, on_dark
from mmcl_core.evidence.figures import FORMATS, Figure
from mmcl_core.site.compact import relative
from mmcl_core.site.pictures import pictures, size, web_drawing
from tests.named import run
from tests.tolerances import close

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
    together = figure.renders(FORMATS)
    for format in FORMATS:
        assert figure.render(format) == together[format]


def test_a_pdf_keeps_its_text_and_its_glyphs_without_the_tables_of_setting():
    """The font of a file drawn with fontTools' own choice of tables has the same outlines under the same names."""
    figure = made(next(s for s in SPECS if s.id == "huang2024.fig1"))
    with house_style():
        file = io.BytesIO()
        figure.canvas().savefig(file, format="pdf", dpi=300)
    whole, ours = (PdfReader(f).pages[0] for f in (file, io.BytesIO(figure.render("pdf"))))
    assert ours.extract_text() == whole.extract_text() and "epoch" in ours.extract_text()
    fonts = [[TTFont(io.BytesIO(data)) for data in embedded(page)] for page in (whole, ours)]
    assert len(fonts[0]) == len(fonts[1]) > 0
    for theirs, mine in zip(*fonts, strict=True):
        assert "GSUB" in theirs and not {"GSUB", "GPOS"} & set(mine.keys())
        assert mine["glyf"].glyphs.keys() == theirs["glyf"].glyphs.keys()
        assert all(mine["glyf"][name] == theirs["glyf"][name] for name in mine["glyf"].glyphs)


def embedded(page):
    """The font files of a page, in the order of their names."""
    found = {}
    for name, font in sorted(page["/Resources"]["/Font"].items()):
        font = font.get_object()
        font = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
        found[name] = font["/FontDescriptor"]["/FontFile2"].get_data()
    return found.values()


def words(text):
    """Words of a caption; a formula counts as one."""
    return len(re.sub(r"\$[^$]+\$", "x", text).split())


@pytest.mark.parametrize("spec", SPECS, ids=lambda f: f.id)
def test_captions_are_short_and_alternatives_are_words(spec):
    figure = made(spec)
    assert words(figure.caption) <= 60
    assert words(figure.alt) <= 120
    assert "$" not in figure.alt and "\\" not in figure.alt
    assert not re.search(r"[a-z]_[a-z]", figure.alt), "a name of the code"
    assert figure.note.count("$") % 2 == 0


@pytest.mark.parametrize("narrow", [False, True], ids=["page", "phone"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda f: f.id)
def test_panels_are_named_and_text_can_be_read(spec, narrow):
    with house_style():
        canvas = made(spec).canvas(narrow)
        assert close(canvas.get_figwidth(), NARROW) if narrow else canvas.get_figwidth() <= PAGE
        shown = [t for t in canvas.findobj(Text) if t.get_visible() and t.get_text().strip()]
        assert {t.get_fontsize() for t in shown} <= {8.0, 9.0}  # points, and shown at that size
        canvas.draw_without_rendering()
        labels = {axis.label for ax in canvas.axes if ax.axison for axis in (ax.xaxis, ax.yaxis)} & set(shown)
        corners = np.array([t.get_window_extent().get_points() for t in labels]).reshape(-1, 2)
        assert (corners >= 0).all() and (corners <= canvas.bbox.size).all(), "the edge cuts a label"
        for ax in canvas.axes:
            columns, rows = ax.get_shared_x_axes().get_siblings(ax), ax.get_shared_y_axes().get_siblings(ax)
            named = any(other.get_xlabel() for other in columns) or any(other.get_ylabel() for other in rows)
            # a sphere has no axes, and what pictures show is said beside them
            assert named or not ax.axison or spec.id.endswith("samples"), spec.id


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    channels = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("colour", [*DARK, "#000000", "#777777", "#555555"])
def test_lines_stand_out_from_both_grounds(colour):
    assert 1.05 / (luminance(colour) + 0.05) >= 3
    assert (luminance(on_dark(colour)) + 0.05) / (luminance(DARK_GROUND) + 0.05) >= 3


def test_panels_are_stacked_on_a_phone_and_keep_their_names():
    with house_style():
        canvas = Canvas((7.0, 2.5), narrow=True)
        axes = canvas.subplots(1, 3, sharey=True, width_ratios=(2, 1, 1))
        axes[0].set_ylabel("accuracy")
        axes[0].set_ylim(2, 3)
        canvas.complete()
    assert [ax.get_ylabel() for ax in axes] == 3 * ["accuracy"]
    assert axes[2].get_ylim() == (2, 3)
    canvas.draw_without_rendering()
    boxes = [ax.get_position() for ax in axes]
    assert boxes[0].y0 > boxes[1].y1 and boxes[1].y0 > boxes[2].y1
    assert canvas.get_figwidth() == NARROW


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("columns", [1, 3])
def test_a_row_of_any_length_is_a_table_of_panels_where_that_is_asked_for(narrow, columns):
    assert Canvas((7.0, 2.5), narrow=narrow).subplots(1, columns, squeeze=False).shape == (1, columns)


def test_a_drawing_for_a_page_turns_dark_and_is_not_changed_otherwise():
    plain = made(SPECS[0]).render("svg").decode()
    page = web_drawing(plain.encode()).decode()
    assert '<svg id="dark"' in page and ":root:target{" in page
    assert len(page) < len(plain)
    assert page.count("<path") == plain.count("<path") and page.count("<use") == plain.count("<use")
    for name, other in re.findall(r"--c([0-9a-f]{6}): (#[0-9a-f]{6});", page.split(":root:target")[1].split("}")[0]):
        assert other == on_dark(f"#{name}").lower() != f"#{name}"
        assert f": #{name}" not in page.split("</style>")[1], "every use of a colour that turns is by its name"
    before, after = (np.concatenate([points(d) for d in re.findall(r' d="([^"]*)"', svg)]) for svg in (plain, page))
    assert np.abs(before - after).max() <= 0.01  # points
    shapes, uses = (set(re.findall(pattern, page)) for pattern in (r' id="([^"]*)"', r'(?:href="|url\()#([^")]+)'))
    assert uses <= shapes and len(page) < 0.8 * len(plain)


def points(path: str) -> np.ndarray:
    """Every point of an SVG path, read as the standard says: small letters are steps from the end of the last part."""
    found, here, begin = [], np.zeros(2), np.zeros(2)
    for letter, rest in re.findall(r"([a-zA-Z])([^a-zA-Z]*)", path):
        if letter in "zZ":
            here = begin
            continue
        numbers = np.array(re.findall(r"-?(?:\d+\.?\d*|\.\d+)", rest), float).reshape(-1, 2)
        size = {"m": 1, "l": 1, "q": 2, "c": 3}[letter.lower()]
        for part in numbers.reshape(-1, size, 2):
            part = part + here if letter.islower() else part
            found.append(part)
            here = part[-1]
            begin = here if letter in "mM" else begin
    return np.concatenate(found) if found else np.zeros((0, 2))


def test_a_path_of_steps_is_the_same_path():
    path = "M 10.00 20.004 L 10.53 20 Q 1.5 -2 -0.25 3.999 z L 12 12 C 1 2 3 4 5 6 L -7 1000"
    assert relative(path) == "M10 20l.53 0q-9.03-22-10.78-16z l2-8c-11-10-9-8-7-6l-12 994".replace("z l", "zl")
    assert np.abs(points(path) - points(relative(path))).max() <= 0.005


def test_a_page_shows_the_drawing_that_fits(tmp_path):
    stem = "huang2024/fig1"
    page = (
        f'<p>x</p><img alt="words" class="book-figure" src="../figures/{stem}.svg" /><p>y</p><img alt="" src="a.svg" />'
    )
    shown = pictures(page, {stem: (672, 240), f"{stem}-narrow": (341, 800)})
    assert shown.startswith("<p>x</p><picture") and '<p>y</p><img alt="" src="a.svg" />' in shown
    for address in (f"{stem}.svg", f"{stem}.svg#dark", f"{stem}-narrow.svg", f"{stem}-narrow.svg#dark"):
        assert f'"../figures/{address}"' in shown
    assert shown.count('alt="words"') == 2  # one in each mode; the other is not displayed
    drawing = tmp_path / "a.svg"
    drawing.write_text('<svg width="504pt" height="187.2pt">')
    assert size(drawing) == (672, 250)


@pytest.fixture(scope="module")
def changed():
    """A figure at smoke with one field changed."""
    from mmcl_core.lab.run import run as run_experiment

    spec = catalog.find_figure("huang2024.power_law")
    return spec.make(lambda name: run_experiment(catalog.find_experiment(name), "smoke", 2, "cpu", ratio=2.5))


def test_files_say_where_they_come_from(changed, tmp_path):
    paths = changed.export(tmp_path, changed.origin.stem, FORMATS)
    assert {p.name for p in paths} == {
        *(f"huang2024.power_law-ratio=2.5.{f}" for f in FORMATS),
        "huang2024.power_law-ratio=2.5.csv-metadata.json",
    }
    facts = ("huang2024.power_law", "tier smoke", "seeds 0, 1", "ratio=2.5", "mmcl-reproduced")
    told = {
        "svg": re.sub(r"&[a-z]+;", "'", (tmp_path / "huang2024.power_law-ratio=2.5.svg").read_text()),
        "png": Image.open(tmp_path / "huang2024.power_law-ratio=2.5.png").text["Description"],
        "pdf": (tmp_path / "huang2024.power_law-ratio=2.5.pdf").read_bytes().decode("latin-1"),
        "csv": json.loads((tmp_path / "huang2024.power_law-ratio=2.5.csv-metadata.json").read_text())["dc:description"],
    }
    for format, text in told.items():
        assert all(fact in text for fact in facts), format


def test_names_of_files_tell_changed_figures_apart(changed):
    assert made(SPECS[0]).origin.stem == SPECS[0].id
    assert changed.origin.changed == {"ratio": 2.5}
    assert re.fullmatch(r"[A-Za-z0-9.,=+_-]+", changed.origin.stem)


DRAW = """
from mmcl_core import catalog
from mmcl_core.lab.run import run
import hashlib
figure = catalog.find_figure("huang2024.power_law").make(lambda name: run(catalog.find_experiment(name), "smoke"))
for format in ("svg", "pdf", "png"):
    print(hashlib.sha256(figure.render(format)).hexdigest())
"""


def test_a_readers_own_matplotlib_settings_change_nothing(tmp_path):
    (tmp_path / "matplotlibrc").write_text(
        "text.usetex: True\naxes.grid: True\nfont.size: 20\naxes.prop_cycle: cycler('color', ['r'])\nfigure.dpi: 30\n"
    )

    def drawn(**environment):
        done = subprocess.run(
            [sys.executable, "-c", DRAW], env=os.environ | environment, capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        assert "timestamp seems very low" not in done.stderr
        return done.stdout

    plain = drawn(MATPLOTLIBRC="", MPLBACKEND="agg")
    (own := tmp_path / "own").mkdir()
    (own / "matplotlibrc").write_text((tmp_path / "matplotlibrc").read_text())
    assert drawn(MATPLOTLIBRC=str(own / "matplotlibrc"), MPLBACKEND="nonsense") == plain
    assert len(plain.split()) == 3


def test_unknown_format():
    with pytest.raises(InputError, match="did you mean 'svg'"):
        Figure(pd.DataFrame(), lambda c: None, "", "").render("svgg")
