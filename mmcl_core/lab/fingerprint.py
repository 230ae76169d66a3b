"""Fingerprints of code: the normalised source of a module and of every `mmcl_core` module it imports, transitively.

A result is stale when code that could have changed it has changed. Comments, docstrings and formatting cannot, so they
do not count; a helper three imports away can, so it does.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from mmcl_core.errors import InputError
from mmcl_core.lab.remembered import keep, remembered

PACKAGE = __package__.partition(".")[0]
ROOT = Path(__file__).parents[1]


def normalised(source: str) -> str:
    """`source` without comments, docstrings and formatting."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def imported(source: str, module: str, is_package: bool) -> set[str]:
    """Names of `mmcl_core` modules that `source`, the text of `module`, imports anywhere, inside functions too.

    `from package import name` is listed as both `package` and `package.name`; the caller keeps those that are modules.
    """
    names: set[str] = set()
    parts = module.split(".")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            anchor = parts[: len(parts) - node.level + is_package] if node.level else []
            base = ".".join([*anchor, *([node.module] if node.module else [])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return {name for name in names if name == PACKAGE or name.startswith(PACKAGE + ".")}


@cache
def _read(module: str, path: Path, is_package: bool, stamp: tuple[int, int]) -> tuple[str, tuple[str, ...]]:
    """Fingerprint and imports of a module, read once for each state of its file."""
    source = path.read_text(encoding="utf-8")
    name = hashlib.sha256(f"{sys.version} {module} {is_package} {source}".encode()).hexdigest()

    def parsed() -> list:
        digest = hashlib.sha256(normalised(source).encode()).hexdigest()[:16]
        return [digest, sorted(imported(source, module, is_package))]

    digest, names = remembered(name, parsed)
    return digest, tuple(names)


def _locate(module: str) -> tuple[Path, bool] | None:
    """File of a module, and whether it is a package. Ours are looked up by name: `find_spec` imports what a name lies
    in, and with it, where that is a module, libraries that take seconds."""
    first, *rest = module.split(".")
    if first == PACKAGE:
        path = ROOT.joinpath(*rest)
        if (path / "__init__.py").is_file():
            return path / "__init__.py", True
        file = path.with_name(f"{path.name}.py")
        return (file, False) if rest and file.is_file() else None
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin), spec.submodule_search_locations is not None


_SEEN: dict[Path, str] = {}


def _same_as_imported(module: str, path: Path, digest: str) -> None:
    """A result must not be kept under code that did not make it: what is imported stays as it is while its file is
    edited."""
    loaded = getattr(sys.modules.get(module), "__file__", None) == str(path)
    if _SEEN.setdefault(path, digest) != digest and loaded:
        raise InputError(
            f"{path} has changed since this process imported it: restart the kernel or the command, so that the new "
            f"code computes"
        )


def closure(module: str) -> dict[str, str]:
    """`{module name: fingerprint}` of `module` and of all it imports from this package, parents' `__init__` included.

    Raises
    ------
    InputError
        When an imported module's file has changed since its fingerprint was first taken in this process.
    """
    found: dict[str, str] = {}
    queue, seen = [module], set[str]()
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)  # most names that modules import are no modules, and are looked for once
        if (place := _locate(name)) is None:
            continue
        path, is_package = place
        stat = path.stat()
        found[name], imports = _read(name, path, is_package, (stat.st_mtime_ns, stat.st_size))
        _same_as_imported(name, path, found[name])
        parents = [".".join(name.split(".")[:k]) for k in range(1, name.count(".") + 1)]
        queue += [*imports, *parents]
    keep()
    return dict(sorted(found.items()))
