"""The site when its building is disturbed: made beside the old one, and whole again whatever was lost."""

import errno
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from mmcl_core.cli import main
from mmcl_core.errors import InputError
from mmcl_core.site import build as build_module
from mmcl_core.site import disk

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
