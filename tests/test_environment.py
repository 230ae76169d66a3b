"""`make` sets itself up on anybody's machine: an environment that was interrupted, moved or broken is made anew."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = """
[project]
name = "toy-of-ready"
version = "1"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """
import pathlib, time, zipfile
def build_editable(folder, settings=None, metadata=None):
    slow = pathlib.Path("slow")
    if slow.exists():
        slow.unlink(); pathlib.Path("started").touch(); time.sleep(60)
    name = "toy_of_ready-1-py3-none-any.whl"
    files = {
        "toy.pth": str(pathlib.Path.cwd()),
        "toy_of_ready-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: toy-of-ready\\nVersion: 1\\n",
        "toy_of_ready-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        wheel.writestr("toy_of_ready-1.dist-info/RECORD", "".join(f"{p},,\\n" for p in files))
    return name
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone that installs nothing but itself, made ready once."""
    root = tmp_path_factory.mktemp("clone") / "here"
    (root / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "ready.py", root / "tools")
    (root / "requirements.lock").write_text("# nothing\n")
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "backend.py").write_text(BACKEND)
    (root / "wordllama.py").write_text("")
    (root / "mine.py").write_text("")
    assert "Making the environment" in ready(root)
    return root


def begin(root, python=sys.executable, **environment):
    return subprocess.Popen(
        [python, "tools/ready.py"],
        cwd=root,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def ready(root, python=sys.executable, **environment):
    process = begin(root, python, **environment)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    code = "import mine, pip, sys; print(mine.__file__)"
    run = subprocess.run([root / ".venv/bin/python", "-P", "-c", code], cwd="/", capture_output=True, text=True)
    assert run.stdout.strip() == str(root / "mine.py"), run.stderr
    return out


def test_what_is_ready_is_left_alone(clone):
    begin = time.perf_counter()
    assert ready(clone) == "" and time.perf_counter() - begin < 30


def without_pip(root):
    shutil.rmtree(next((root / ".venv" / "lib").glob("*/site-packages/pip")))
    (root / ".venv" / ".ready").unlink()


def dangling_interpreter(root):
    for link in (root / ".venv" / "bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nowhere/python")


def half_a_stamp(root):
    os.truncate(root / ".venv" / ".ready", 10)


def a_file_in_its_place(root):
    shutil.rmtree(root / ".venv")
    (root / ".venv").write_text("x")


@pytest.mark.parametrize("damage", [without_pip, dangling_interpreter, half_a_stamp, a_file_in_its_place])
def test_a_broken_environment_is_made_anew(clone, damage):
    damage(clone)
    assert "Making the environment" in ready(clone) and ready(clone) == ""


def test_an_environment_whose_removal_was_interrupted_is_not_taken_for_ready(clone):
    """The interpreter comes back (an upgrade is undone) after half of the packages have gone."""
    link = clone / ".venv" / "bin" / "python"
    before = os.readlink(link)
    link.unlink()
    code = "import sys; sys.path.insert(0, 'tools'); import ready; ready.shutil.rmtree = sys.exit; ready.main()"
    subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True)
    link.symlink_to(before)
    assert "Making the environment" in ready(clone) and ready(clone) == ""


def test_from_an_activated_environment_it_is_made_anew_by_the_interpreter_that_made_it(clone):
    (clone / ".venv" / ".ready").unlink()
    assert "Making the environment" in ready(clone, clone / ".venv/bin/python") and ready(clone) == ""


def test_other_requirements_are_installed_without_making_it_anew(clone):
    (clone / "requirements.lock").write_text("# nothing new\n")
    out = ready(clone)
    assert "Installing" in out and "Making" not in out


def test_a_copied_clone_gets_an_environment_of_its_own(clone):
    copy = clone.with_name("copy")
    shutil.copytree(clone, copy, symlinks=True)
    assert "Making the environment" in ready(copy) and ready(clone) == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_installation_is_begun_again_and_two_wait_for_each_other(clone, number):
    (clone / "requirements.lock").write_text(f"# {number}\n")
    (clone / "slow").touch()
    (clone / "started").unlink(missing_ok=True)
    first = begin(clone)
    while not (clone / "started").exists():
        time.sleep(0.05)
        assert first.poll() is None
    second = begin(clone)
    assert "Another make" in second.stdout.readline()
    os.killpg(first.pid, number)
    first.communicate(timeout=30)
    out, _ = second.communicate(timeout=120)
    assert second.returncode == 0 and "Making the environment" in out and ready(clone) == ""


def test_a_reader_whose_pip_installs_elsewhere(clone, tmp_path):
    (tmp_path / "pip.conf").write_text("[install]\nuser = yes\n")
    shutil.rmtree(clone / ".venv")
    settings = {"PIP_USER": "1", "PIP_TARGET": str(tmp_path / "t"), "PYTHONPATH": str(tmp_path)}
    ready(clone, PIP_CONFIG_FILE=str(tmp_path / "pip.conf"), **settings)
    assert not (tmp_path / "t").exists()


def test_an_interpreter_without_venv_is_named_in_one_sentence(clone, tmp_path):
    (tmp_path / "venv.py").write_text("raise SystemExit('ensurepip is not available')\n")
    shutil.move(clone / ".venv", tmp_path / "kept")
    code = (
        "import sys; sys.path.insert(0, 'tools'); import ready; "
        f"ready.environment = lambda: {{'PYTHONPATH': {str(tmp_path)!r}}}; ready.main()"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True, text=True)
    assert run.returncode == 1 and "-venv), or name another interpreter" in run.stderr.splitlines()[-1]
    assert not (clone / ".venv").exists()
    shutil.move(tmp_path / "kept", clone / ".venv")


@pytest.fixture
def makefile(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for folder in ("results", "_build", ".venv", "mmcl_core/__pycache__"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def test_clean_keeps_what_was_computed_and_distclean_says_what_it_takes(makefile):
    out = subprocess.run(["make", "clean"], cwd=makefile, capture_output=True, text=True, check=True).stdout
    assert {p.name for p in makefile.iterdir()} == {"Makefile", "results", ".venv", "mmcl_core"}
    assert "results/ is kept" in out and not (makefile / "mmcl_core/__pycache__").exists()
    out = subprocess.run(["make", "distclean"], cwd=makefile, capture_output=True, text=True, check=True).stdout
    assert "everything that was computed" in out
    assert {p.name for p in makefile.iterdir()} == {"Makefile", "mmcl_core"}


def test_a_missing_interpreter_is_one_sentence(makefile):
    run = subprocess.run(["make", "book", "PYTHON=nopython"], cwd=makefile, capture_output=True, text=True)
    assert run.returncode == 2 and "there is no nopython here" in run.stderr
