"""README and guide as printed: every command is one that there is, and what can be done in seconds is done."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mmcl_core.cli.asked import claims_named, experiments_of, settings_by_experiment
from mmcl_core.cli.parser import parser

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "book/guide.md", "CONTRIBUTING.md")
COMMANDS = sorted(
    {
        line.split(" #")[0].strip()
        for page in PAGES
        for block in re.findall(r"```bash\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
        for line in block.splitlines()
        if line.strip().startswith("mmcl ")
    }
)
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_printed_command_is_one_that_there_is(command):
    arguments = parser().parse_args(shlex.split(command)[1:])
    if hasattr(arguments, "target"):
        experiments = experiments_of(arguments.target)
        settings_by_experiment(experiments, dict(s.split("=", 1) for s in arguments.set))
    if hasattr(arguments, "pattern"):
        assert claims_named(arguments.pattern)
    if getattr(arguments, "id", "all") != "all":
        from mmcl_core.catalog import find_figure

        assert find_figure(arguments.id)


@pytest.mark.parametrize("page", PAGES)
def test_every_printed_make_target_is_in_the_makefile(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE))
    assert named <= TARGETS, named - TARGETS


def test_the_guide_s_way_to_load_results_runs_as_printed(capsys):
    text = (ROOT / "book/guide.md").read_text(encoding="utf-8")
    (code,) = [c for c in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "catalog.results" in c]
    exec(compile(code, "guide.md", "exec"), {})
    assert "tier smoke" in capsys.readouterr().out


def test_the_contributor_s_experiment_claim_figure_and_chapter_run_as_printed(tmp_path):
    """All four samples, taken for a chapter "toy2026" of a copy of the checkout; no line is added to them."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").replace("ren2023.line", "toy2026.line")
    samples = [textwrap.dedent(code) for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]
    shutil.copytree(ROOT / "mmcl_core", tmp_path / "mmcl_core", ignore=shutil.ignore_patterns("__pycache__"))
    catalogue, chapter = tmp_path / "mmcl_core" / "catalog.py", tmp_path / "mmcl_core" / "papers" / "toy2026"
    catalogue.write_text(catalogue.read_text().replace('PAPERS = ("ren2023"', 'PAPERS = ("toy2026", "ren2023"'))
    for room, module, code in zip(
        ("experiments", "claims", "figures"), ("line", "slopes", "lines"), samples[:3], strict=True
    ):
        (chapter / room).mkdir(parents=True)
        (chapter / room / "__init__.py").touch()
        (chapter / room / f"{module}.py").write_text(code)
    (chapter / "__init__.py").touch()
    rooms = "from mmcl_core.papers.toy2026.{0} import {1}\n"
    imports = "".join(rooms.format(*at) for at in (("experiments", "line"), ("claims", "slopes"), ("figures", "lines")))
    (chapter / "paper.py").write_text(imports + samples[3])
    for command in ("run toy2026.line", "claims toy2026", f"figure toy2026.line --format csv --out {tmp_path}"):
        run = subprocess.run(
            [sys.executable, "-P", "-m", "mmcl_core.cli", *command.split(), "--tier", "smoke"],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(tmp_path), "MMCL_RESULTS": str(tmp_path / "results")},
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        assert not command.startswith("claims") or "verdict    reproduced" in run.stdout, run.stdout


def test_every_environment_variable_is_in_the_guide():
    text = (ROOT / "book/guide.md").read_text(encoding="utf-8")
    used = {
        name
        for path in (ROOT / "mmcl_core").rglob("*.py")
        for name in re.findall(r'environ\.get\("(MMCL_[A-Z_]+)"|_named\("(MMCL_[A-Z_]+)"', path.read_text())
        for name in name
        if name and name != "MMCL_BUILD_DIR"
    }
    assert used and all(f"`{name}`" in text for name in used), used


def test_citation_and_bibtex_say_the_same():
    citation = (ROOT / "CITATION.cff").read_text()
    bibtex = re.search(r"```bibtex\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    version = re.search(r"^version: (\S+)", citation, re.MULTILINE)[1]
    assert (
        f"{{{version}}}" in bibtex and "re-derived by running it" in bibtex and "re-derived by running it" in citation
    )
