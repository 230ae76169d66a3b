"""What goes wrong around the computation: half-written files, kills, other people's settings. One row a fault."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from mmcl_core.errors import InputError
from mmcl_core.site import build as build_module
from mmcl_core.site import pages
from mmcl_core.site.execute import Limits, current, execute
from tests.conftest import copy_of_the_book

ROOT = Path(__file__).parents[1]


# Executed chapters: taken again only when they are whole.


@pytest.fixture
def executed(tmp_path):
    figure = tmp_path / "figures" / "toy" / "fig1.svg"
    figure.parent.mkdir(parents=True)
    figure.write_text("<svg/>")
    shown = nbformat.v4.new_output("display_data", {"text/markdown": "```{figure} ../figures/toy/fig1.svg\n```"})
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=[shown])]), tmp_path / "toy.ipynb"
    )
    (tmp_path / "toy.ledger.json").write_text(json.dumps({"rows": []}))
    (tmp_path / "toy.stamp").write_text("print")
    assert current(tmp_path, "toy", "print")
    return tmp_path


@pytest.mark.parametrize("file", ["toy.ipynb", "toy.ledger.json", "toy.stamp", "figures/toy/fig1.svg"])
@pytest.mark.parametrize("damage", ["cut", "emptied", "gone"])
def test_a_chapter_that_is_not_whole_is_executed_again(executed, file, damage):
    path = executed / file
    if damage == "gone":
        path.unlink()
    elif path.suffix == ".svg":
        shutil.rmtree(path.parent)
    else:
        os.truncate(path, path.stat().st_size // 2 if damage == "cut" else 0)
    assert not current(executed, "toy", "print")


@pytest.mark.parametrize("content", ["", '{"toy": 1', "[1, 2]", "null", "3"])
def test_half_a_list_of_seconds_is_begun_again(tmp_path, content):
    (tmp_path / "seconds.json").write_text(content)
    outcome = build_module.Outcome("toy", False, 2.0)
    assert build_module.remembered_seconds(tmp_path, [outcome]) == {"toy": 2.0}
    assert json.loads((tmp_path / "seconds.json").read_text()) == {"toy": 2.0}


@pytest.mark.parametrize("seeds", ["abc", "0", "-1", "1,1", "4294967296,5", "1e9"])
def test_seeds_that_cannot_be_are_refused_before_anything_is_deleted(tmp_path, seeds):
    root = copy_of_the_book(tmp_path)
    kept = root / "_build" / "executed" / "smoke" / "huang2024.ipynb"
    kept.parent.mkdir(parents=True)
    kept.write_text("kept")
    with pytest.raises(InputError, match="Seeds"):
        build_module.build("smoke", seeds=seeds, root=root)
    assert kept.read_text() == "kept"


def test_pages_are_not_built_with_the_code_of_another_clone(tmp_path):
    root = copy_of_the_book(tmp_path)
    (root / "mmcl_core").mkdir()
    with pytest.raises(InputError, match=f"{root}/.venv/bin/mmcl"):
        build_module.build("smoke", root=root)


# The reader's own configuration reaches no chapter.

PROBE = """
import json, os, queue, random, sys
from IPython import get_ipython
print(json.dumps({
    "planted": "PLANTED" in globals() or hasattr(queue, "PLANTED") or hasattr(random, "PLANTED"),
    "executable": sys.executable, "backend": os.environ["MPLBACKEND"],
    "cwd in path": os.getcwd() in sys.path or "" in sys.path,
}))
"""


def said_by(code, folder, here):
    """What a chapter that is this one cell prints, executed in the working folder `here`."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("tier = 'x'", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell(code),
        ],
        metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, folder / "probe.ipynb")
    outcome = execute(folder / "probe.ipynb", folder / "out", {}, Limits(total=60), here, 1)
    assert not outcome.error
    return nbformat.read(folder / "out" / "probe.ipynb", as_version=4).cells[-1].outputs[0].text


def test_a_chapter_runs_the_code_of_its_own_clone_before_what_is_installed(tmp_path):
    """Also when the clone is the working folder, which IPython's launcher would drop from the path."""
    assert said_by("import sys; print(sys.path[0])", tmp_path, ROOT).strip() == str(ROOT)


def test_no_setting_of_the_reader_reaches_a_chapter(tmp_path, monkeypatch):
    home, here = tmp_path / "home", tmp_path / "here"
    startup = home / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("PLANTED = True\nprint('planted')\n")
    (home / ".ipython" / "profile_default" / "ipython_config.py").write_text("raise SystemExit('planted')\n")
    for place in (home / ".local/share/jupyter", home / "jupyter"):
        spec = place / "kernels" / "python3"
        spec.mkdir(parents=True)
        (spec / "kernel.json").write_text(
            json.dumps({"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "python"})
        )
    here.mkdir()
    for name in ("queue", "random", "json", "zmq"):
        (here / f"{name}.py").write_text("PLANTED = True\n")
    (here / "matplotlibrc").write_text("axes.grid: True\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("JUPYTER_PATH", str(home / "jupyter"))
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(here)
    assert json.loads(said_by(PROBE, tmp_path, here)) == {
        "planted": False,
        "executable": sys.executable,
        "backend": "agg",
        "cwd in path": False,
    }


def test_the_command_is_not_misled_by_a_file_in_the_working_folder(tmp_path):
    for name in ("queue", "random", "argparse", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('planted')\n")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-P", "-m", "mmcl_core.cli", "why", "nothing"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2 and "Unknown chapter or experiment" in run.stderr


# Whose commit.


def git(folder, *words):
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)


def test_the_commit_is_that_of_the_checkout_or_none(tmp_path, monkeypatch):
    inside = tmp_path / "unpacked"
    inside.mkdir()
    assert pages.commit_of(inside) == "not a git checkout"
    git(tmp_path, "init")
    (tmp_path / "file").write_text("x")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-m", "x")
    assert len(pages.commit_of(tmp_path)) >= 7 and pages.commit_of(inside) == "not a git checkout"
    monkeypatch.setenv("PATH", str(inside))
    assert pages.commit_of(tmp_path) == "not a git checkout"
