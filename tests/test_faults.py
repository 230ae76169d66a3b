"""What goes wrong around the computation: half-written files, kills, other people's settings. One row a fault."""

import errno
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path

import nbformat
import pytest

from mmcl_core.cli import main
from mmcl_core.errors import InputError
from mmcl_core.site import build as build_module
from mmcl_core.site import disk, pages
from mmcl_core.site.execute import Limits, current, execute
from tests.conftest import copy_of_the_book

ROOT = Path(__file__).parents[1]


# The site: made beside the old one, and whole again whatever was lost.

CONFIG = "title: T\nexecute: {execute_notebooks: 'off'}\nonly_build_toc_files: true\n"


def sphinx(root, staged):
    """Without the finishing touches, which need a whole book."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_module, "finish", lambda *a: None)
        patch.setattr(build_module.notation, "read", lambda *a: None)
        return build_module.sphinx(root, staged, root / "figures")


@pytest.fixture(scope="module")
def small_site(tmp_path_factory):
    """A book of two pages, built once."""
    root = tmp_path_factory.mktemp("small")
    staged = root / "_build" / "src"
    staged.mkdir(parents=True)
    (root / "_config.yml").write_text(CONFIG)
    (root / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n  - file: second\n")
    (staged / "index.md").write_text("# One\n")
    (staged / "second.md").write_text("# Two\n")
    assert sphinx(root, staged) == 0
    return root, staged


def delete_a_page(site):
    (site / "second.html").unlink()


def cut_a_page(site):
    os.truncate(site / "second.html", 100)


def delete_the_stamp(site):
    (site.parent / "sphinx.stamp").unlink()


def cut_the_stamp(site):
    os.truncate(site.parent / "sphinx.stamp", 10)


def delete_the_site(site):
    shutil.rmtree(site)


@pytest.fixture
def copied_site(small_site, tmp_path):
    """Of one's own, with Sphinx out of reach: whatever needs it raises."""
    shutil.copytree(small_site[0], tmp_path / "copy", copy_function=shutil.copy2)
    return tmp_path / "copy", tmp_path / "copy" / "_build" / "src"


@pytest.mark.parametrize("damage", [delete_a_page, cut_a_page, delete_the_stamp, cut_the_stamp, delete_the_site])
def test_what_was_lost_of_the_site_is_made_again(copied_site, monkeypatch, damage):
    root, staged = copied_site
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("Sphinx was asked for"))
    assert sphinx(root, staged) == 0
    damage(root / "_build" / "html")
    with pytest.raises(pytest.fail.Exception, match="Sphinx"):
        sphinx(root, staged)


def test_a_deleted_page_comes_back_and_nothing_else_is_left(small_site, capsys):
    root, staged = small_site
    delete_a_page(root / "_build" / "html")
    assert sphinx(root, staged) == 0 and "built" in capsys.readouterr().out
    assert "Two" in (root / "_build" / "html" / "second.html").read_text().split("<body")[1]
    assert {p.name for p in (root / "_build").iterdir()} == {"src", "html", "sphinx.stamp"}


@pytest.mark.parametrize("end", [KeyboardInterrupt, "a crash of Sphinx"])
def test_the_good_site_stays_until_the_next_one_is_whole(copied_site, monkeypatch, capsys, end):
    root, staged = copied_site
    run = subprocess.run

    def ends(*command, **options):
        if end is KeyboardInterrupt:
            raise KeyboardInterrupt
        return run([sys.executable, "-c", "raise SystemExit('Traceback: planted')"], **options)

    (staged / "second.md").write_text("# Two\n\nEdited.\n")
    monkeypatch.setattr(subprocess, "run", ends)
    if end is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            sphinx(root, staged)
    else:
        assert sphinx(root, staged) == 1 and "planted" in capsys.readouterr().out
    assert "Two" in (root / "_build" / "html" / "second.html").read_text()
    with pytest.raises(KeyboardInterrupt) if end is KeyboardInterrupt else nullcontext():
        assert sphinx(root, staged) == 1  # it is not taken for the new one


SAYS = (
    "WARNING: Failed to copy a file in html_static_file: x.js: OSError(28, 'No space left on device')",
    "OSError: [Errno 122] Disk quota exceeded",
)


@pytest.mark.parametrize("said", SAYS)
def test_a_site_that_lacks_files_for_want_of_space_takes_no_place(copied_site, monkeypatch, said):
    """Sphinx warns of a file that it could not copy and goes on: a page with its index is no whole site."""
    root, staged = copied_site
    run = subprocess.run

    def full(command, **options):
        new = Path(command[command.index("--path-output") + 1]) / "_build" / "html"
        new.mkdir(parents=True)
        for name in ("index.html", "searchindex.js"):
            (new / name).write_text("half")
        return run([sys.executable, "-c", f"import sys; sys.exit({said!r})"], **options)

    (staged / "second.md").write_text("# Two\n\nEdited.\n")
    monkeypatch.setattr(subprocess, "run", full)
    with pytest.raises(
        InputError, match="could not be written below .*_build.*the site that was there are kept"
    ) as told:
        sphinx(root, staged)
    assert len(str(told.value)) < 300 + len(str(root))
    assert "Two" in (root / "_build" / "html" / "second.html").read_text()


@contextmanager
def small_disk(folder, size):
    """A file system of `size` bytes, where this machine lets us mount one."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_in_the_middle_of_a_build_keeps_the_old_site(small_site, tmp_path):
    with small_disk(tmp_path / "disk", "64m") as small:
        root, staged = small / "copy", small / "copy" / "_build" / "src"
        shutil.copytree(small_site[0], root)
        before = build_module.listing(root / "_build" / "html")
        (staged / "second.md").write_text("# Two\n\nEdited.\n")
        (small / "fill").write_bytes(b"x" * (shutil.disk_usage(small).free - 1_000_000))
        with pytest.raises(InputError, match="No space left on device"):
            sphinx(root, staged)
        assert build_module.listing(root / "_build" / "html") == before
        (small / "fill").unlink()
        assert sphinx(root, staged) == 0
        assert "Edited" in (root / "_build" / "html" / "second.html").read_text()


@pytest.mark.parametrize("number", ["ENOSPC", "EDQUOT", "EROFS", "EACCES"])
def test_a_disk_that_refuses_a_build_is_one_sentence(tmp_path, monkeypatch, capsys, number):
    """Writing, not opening, a file that the disk has no room for names no file."""

    def refused(*_, **__):
        raise OSError(getattr(errno, number), os.strerror(getattr(errno, number)))

    monkeypatch.setattr(build_module, "build", refused)
    monkeypatch.setattr("mmcl_core.site.pairs.checkout", lambda: tmp_path)
    assert main(["build", "--tier", "smoke"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"mmcl: The site could not be written below {tmp_path}") and err.count("\n") == 1, err


def test_a_chapter_for_which_there_is_no_space_leaves_the_site_alone(tmp_path):
    with pytest.raises(InputError, match="No space left on device"):
        disk.stop_if_refused("cell [3] `x`: OSError: [Errno 28] No space left on device: 'y'", tmp_path)
    disk.stop_if_refused("cell [3] `x`: ValueError: y", tmp_path)


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
