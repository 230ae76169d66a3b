"""What a command does with results that are there, at another tier or in folders that cannot be written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmcl_core.cli import main
from mmcl_core.cli.places import give_matplotlib_a_folder

ROOT = Path(__file__).parents[1]


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCL_RESULTS", str(tmp_path / "results"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results"


ASKED = [  # a second to compute each, and nothing else is needed
    ("ren2023.forces", ["claims", "ren2023.d4d_split"]),
    ("ren2023.pushes", ["figure", "ren2023.fig5", "--format", "csv", "--out", "drawn"]),
]


@pytest.mark.parametrize(("experiment", "command"), ASKED, ids=["claims", "figure"])
def test_what_is_stored_at_another_tier_is_offered_before_anything_is_computed(store, capsys, experiment, command):
    assert main(["run", experiment, "--tier", "smoke"]) == 0
    capsys.readouterr()
    assert main(command) == 0
    err = capsys.readouterr().err
    assert err.startswith("mmcl: computing 1 experiment at tier book, about 1 s")
    assert err.endswith("; stored is tier smoke: --tier smoke shows it at once\n") and err.count("\n") == 1
    assert main(command) == 0 and capsys.readouterr().err == ""  # now it is there


@pytest.mark.parametrize(("experiment", "command"), ASKED, ids=["claims", "figure"])
def test_nothing_is_offered_where_nothing_is_stored(store, capsys, experiment, command):
    assert main([*command, "--tier", "smoke"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("mmcl: computing 1 experiment at tier smoke") and "stored is" not in err


# Folders that cannot be written. Root may write everywhere, so it gives that up first.

DROPPED = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if hasattr(os, "getuid") and os.getuid() == 0 else []


def in_a_read_only_checkout(checkout, command, **variables):
    """What `command` says, run from a copy of the checkout that nobody may write, with its exit status."""
    run = subprocess.run(
        [*DROPPED, sys.executable, "-P", "-m", "mmcl_core.cli", *command],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "HOME": str(checkout), "PYTHONPATH": str(checkout)} | variables,
        capture_output=True,
        text=True,
    )
    return run.returncode, run.stdout, run.stderr


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    if DROPPED and not shutil.which("setpriv"):
        pytest.skip("root cannot give up its rights here")
    root = tmp_path_factory.mktemp("read-only") / "book"
    ignored = shutil.ignore_patterns("_build", "results", ".*", "__pycache__")
    shutil.copytree(ROOT, root, ignore=ignored)
    text = root / "book" / "chapters" / "ren2023.md"
    text.write_text(text.read_text() + "\nEdited.\n")
    folders = [root, *(p for p in root.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield root
    for folder in folders:
        folder.chmod(0o755)


READ_ONLY = [
    (["run", "ren2023.pushes", "--tier", "smoke"], "Results could not be written"),
    (["claims", "ren2023.d4d_split", "--tier", "smoke"], "Results could not be written"),
    (["figure", "ren2023.fig5", "--tier", "smoke"], "Results could not be written"),
    (["build", "--tier", "smoke"], "_build cannot be written"),
    (["sync"], "make it readable and writable"),
    (["data", "fetch", "mnist"], "cannot be written|could not be"),
    (["train-clip", "small"], "Nothing can be written|needs data"),
]


@pytest.mark.parametrize(("command", "words"), READ_ONLY, ids=[" ".join(c) for c, _ in READ_ONLY])
def test_in_a_read_only_checkout_what_must_write_says_so_in_one_sentence(checkout, command, words):
    status, _, err = in_a_read_only_checkout(checkout, command)
    assert status == 2 and err.startswith("mmcl: ") and err.count("\n") == 1, err
    assert any(w in err for w in words.split("|")) and len(err.replace(str(checkout), "")) < 300, err


@pytest.mark.parametrize("command", [["list", "ren2023"], ["doctor"], ["data", "list"], ["why", "ren2023.pushes"]])
def test_in_a_read_only_checkout_what_only_reads_works(checkout, command):
    status, out, err = in_a_read_only_checkout(checkout, command)
    assert status == 0 and out and not err


@pytest.mark.parametrize("home", ["/proc", "/dev/null", "~nosuchuser", "a home"])
def test_matplotlib_has_a_folder_whatever_the_home(home, tmp_path, monkeypatch):
    """It warns on stderr in every process, and makes a folder in each, where its own cannot be written."""
    for name in ("XDG_CONFIG_HOME", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("HOME", str(tmp_path) if home == "a home" else home)
    give_matplotlib_a_folder()
    given = os.environ["MPLCONFIGDIR"]
    assert given == "" and (tmp_path / ".config" / "matplotlib").is_dir() if home == "a home" else Path(given).is_dir()


def test_results_elsewhere_make_a_read_only_checkout_usable_and_are_read_where_they_cannot_be_written(
    checkout, tmp_path
):
    place = {"MMCL_RESULTS": str(tmp_path / "results")}
    figure = ["figure", "ren2023.fig5", "--tier", "smoke", "--format", "csv", "--out", str(tmp_path / "drawn")]
    assert in_a_read_only_checkout(checkout, ["run", "ren2023.pushes", "--tier", "smoke"], **place)[0] == 0
    folders = [tmp_path / "results", *(p for p in (tmp_path / "results").rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert in_a_read_only_checkout(checkout, figure, **place)[::2] == (0, "")
        status, _, err = in_a_read_only_checkout(checkout, figure[:-1] + [str(checkout / "drawn")], **place)
        assert status == 2 and err.count("\n") == 1 and "drawn" in err
    finally:
        for folder in folders:
            folder.chmod(0o755)
