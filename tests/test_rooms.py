"""The rooms of the core and the arrows between them: imports go down the table, never up, and there is no circle."""

import ast
from pathlib import Path

import pytest

import mmcl_core

ROOT = Path(mmcl_core.__file__).parent

# What each room may import, besides itself. `papers` stands for one paper: none imports another.
MAY = {
    "errors": set(),
    "paths": {"errors"},
    "losses": {"errors"},
    "metrics": {"errors"},
    "stats": set(),
    "runtime": {"errors"},
    "checkpoint": {"errors"},
    "flow": {"errors"},
    "models": {"runtime", "errors", "data"},
    "train": {"checkpoint", "runtime", "errors"},
    "data": {"runtime", "errors", "paths"},
    "lab": {"runtime", "checkpoint", "errors", "paths"},
    "evidence": {"lab", "stats", "errors", "mmcl_core"},  # the version, for the files that figures write
    "clip": {"lab", "data", "models", "train", "losses", "metrics", "runtime", "checkpoint", "errors", "paths"},
    "papers": {
        "clip", "evidence", "lab", "data", "models", "train", "flow", "losses", "metrics", "stats",
        "runtime", "checkpoint", "errors", "paths",
    },
    "catalog": {"papers", "evidence", "lab", "errors"},
    "site": {"catalog", "clip", "papers", "flow", "losses", "metrics", "evidence", "lab", "stats",
             "runtime", "errors", "paths", "mmcl_core"},
    "cli": {"site", "catalog", "clip", "evidence", "lab", "data", "runtime", "errors", "paths", "mmcl_core"},
}  # fmt: skip


def module_name(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def imports_of(name):
    """Modules of the core that `name` imports anywhere, also inside functions and for type checking."""
    path, found = MODULES[name], set()
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            found |= {f"{base}.{a.name}" if f"{base}.{a.name}" in MODULES else base for a in node.names}
    return {f for f in found if f in MODULES} - {name}


def room(name):
    return name.split(".")[1] if "." in name else name


IMPORTS = {name: imports_of(name) for name in MODULES}


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_down_the_table(name):
    if name == "mmcl_core":
        assert not IMPORTS[name]  # every experiment's fingerprint has its parent packages in it
        return
    for other in IMPORTS[name]:
        assert room(other) == room(name) or room(other) in MAY[room(name)], f"{name} imports {other}"
        if room(name) == room(other) == "papers" and name.count(".") > 1:
            assert name.split(".")[2] == other.split(".")[2], f"one paper imports another: {name}, {other}"


def test_every_room_has_a_row_and_every_row_a_room():
    assert {room(name) for name in MODULES} - {"mmcl_core"} == set(MAY)


def test_the_walk_sees_imports_inside_functions_and_of_names():
    assert "mmcl_core.cli.asked" in IMPORTS["mmcl_core.cli.commands"]
    assert "mmcl_core.catalog" in IMPORTS["mmcl_core.cli.asked"]  # stands inside a function
    assert "mmcl_core.papers.huang2024.dynamics" in IMPORTS["mmcl_core.papers.huang2024.experiments.figure1"]


def test_there_is_no_circle():
    """Depth-first search; the catalogue's own `importlib` call counts as its arrow to the papers."""
    arrows = {name: set(found) for name, found in IMPORTS.items()}
    arrows["mmcl_core.catalog"] |= {n for n in MODULES if n.startswith("mmcl_core.papers.") and n.endswith(".paper")}
    done, path = set(), []

    def visit(name):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name in done:
            return
        path.append(name)
        for other in sorted(arrows[name]):
            visit(other)
        path.pop()
        done.add(name)

    for name in arrows:
        visit(name)
