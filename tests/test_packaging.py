"""One environment, described three times: pyproject.toml, requirements.lock and environment.yml agree; the wheel
works."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DIRECT = [Requirement(r) for r in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]]
LOCK = {
    canonicalize_name(r.name): r
    for line in (ROOT / "requirements.lock").read_text().splitlines()
    if line and not line.startswith("#")
    for r in [Requirement(line)]
}


def test_every_direct_dependency_is_pinned_within_its_bounds():
    for requirement in DIRECT:
        pin = LOCK[canonicalize_name(requirement.name)]
        (specifier,) = pin.specifier
        assert specifier.operator == "==" and requirement.specifier.contains(specifier.version), requirement


def test_the_lock_holds_plain_pins_only():
    for name, pin in LOCK.items():
        assert pin.url is None and len(pin.specifier) == 1 and "+" not in str(pin.specifier), name
    assert "torchvision" not in LOCK and "torchaudio" not in LOCK
    assert str(LOCK["torch"].specifier) == "==2.13.0"
    assert int(str(LOCK["jupyter-book"].specifier).removeprefix("==").split(".")[0]) < 2


def test_conda_installs_the_same_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    assert pip == ["-r requirements.lock", "-e ."]
    (python,) = [d for d in environment["dependencies"] if str(d).startswith("python=")]
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python.removeprefix("python="))


def test_the_installed_versions_are_the_locked_ones():
    from importlib.metadata import version

    for requirement in DIRECT:
        assert LOCK[canonicalize_name(requirement.name)].specifier.contains(version(requirement.name)), requirement.name


def test_every_pinned_version_installs_on_the_oldest_python_that_is_named():
    """Debian 12 has 3.11.2. A version that is not installed here says nothing of itself."""
    from importlib.metadata import distributions

    for found in distributions():
        pin, needs = LOCK.get(canonicalize_name(found.name)), found.metadata.get("Requires-Python")
        if pin and needs and pin.specifier.contains(found.version):
            assert Requirement(f"python{needs}").specifier.contains("3.11.2"), f"{found.name} needs Python {needs}"


def test_a_wheel_runs_outside_the_checkout(tmp_path):
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            str(tmp_path),
            str(ROOT),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    place = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place), str(wheel)],
        check=True,
        capture_output=True,
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MMCL")} | {
        "PYTHONPATH": str(place),
        "HOME": str(tmp_path),
    }
    code = (
        "import sys, mmcl_core; assert mmcl_core.__file__.startswith(sys.argv[1]), mmcl_core.__file__; "
        "from mmcl_core.cli import main; sys.exit(main(['doctor']))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(place)], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "mlxtend" in run.stdout and "checkout     none" in run.stdout
