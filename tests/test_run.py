"""Running through the store: computed once, recomputed exactly when something that matters has changed."""

import ast
import shutil
import sys
import textwrap
import types

import numpy as np
import pytest
import torch

from mmcl_core.errors import InputError
from mmcl_core.lab import fingerprint as sources
from mmcl_core.lab import remembered
from mmcl_core.lab import units as units_module
from mmcl_core.lab.experiment import Experiment, experiment
from mmcl_core.lab.run import parse_seeds, run, why
from mmcl_core.lab.store import Store, fingerprint
from mmcl_core.lab.units import store_key
from mmcl_core.runtime import resolve_device
from tests.toy import CALLS, ToyConfig, line


@pytest.fixture(autouse=True)
def nearby_source(monkeypatch):
    """The toy lies outside the package; give it a source of its own."""
    monkeypatch.setattr(units_module, "closure", lambda module: {module: "1"})


def test_the_second_run_is_read_from_the_store(tmp_path):
    store = Store(tmp_path)
    first = run(line, "book", store=store)
    calls = len(CALLS)
    second = run(line, "book", store=store)
    assert (first.cached, second.cached, len(CALLS)) == (False, True, calls)
    np.testing.assert_array_equal(first["y"], second["y"])
    assert second["y"].shape == (4, 5)


@pytest.mark.parametrize("change", [{"seeds": 5}, {"slope": 3.0}, {"tier": "smoke"}])
def test_other_seeds_fields_or_tiers_are_other_results(tmp_path, change):
    store = Store(tmp_path)
    run(line, "book", store=store)
    assert not run(line, **({"tier": "book", "store": store} | change)).cached


def test_why_names_what_differs(tmp_path, monkeypatch):
    store = Store(tmp_path)
    assert why(line, "book", store=store) == ["nothing is stored for this experiment yet"]
    run(line, "book", store=store)
    assert why(line, "book", store=store) == []
    assert why(line, "book", store=store, slope=3.0) == ["config slope: 2.0 -> 3.0"]
    monkeypatch.setattr(units_module, "closure", lambda module: {module: "2"})
    assert why(line, "book", store=store) == ["source tests.toy: 1 -> 2"]


def test_versions_device_and_data_are_in_the_key(monkeypatch):
    config, cpu = ToyConfig.at("book"), resolve_device("cpu")
    key = store_key(line, config, [0], cpu)
    assert {"torch", "numpy", "scipy"} <= key["versions"].keys() and key["device"] == "cpu"
    with_data = Experiment(line.name, line.config, line.function, "", line.coordinates, lambda c: {"digits": "abc"})
    assert fingerprint(store_key(with_data, config, [0], cpu)) != fingerprint(key)
    monkeypatch.setattr(units_module, "versions", units_module.versions.__wrapped__)  # they are read once a process
    monkeypatch.setattr(units_module, "version", lambda name: "0")
    assert fingerprint(store_key(line, config, [0], cpu)) != fingerprint(key)


@pytest.mark.parametrize(
    ("given", "expected"), [(None, (0, 1, 2, 3)), (2, (0, 1)), ("3", (0, 1, 2)), ("3,5", (3, 5)), ([7], (7,))]
)
def test_seeds(given, expected):
    assert parse_seeds(given, ToyConfig.at("book")) == expected


@pytest.mark.parametrize("given", [0, -1, "x", "1,1", "-1,2", [], 1.5, "0"])
def test_bad_seeds(given):
    with pytest.raises(InputError, match="Seeds"):
        parse_seeds(given, ToyConfig.at("book"))


def test_an_experiment_is_held_to_its_shapes():
    def wrong(arrays):
        return Experiment("toy.wrong", ToyConfig, lambda c, s, d: arrays, "", frozenset({"x"}))

    config, cpu = ToyConfig.at("book"), resolve_device("cpu")
    for arrays in (
        {"x": np.zeros(3), "y": np.zeros(3)},
        {"y": np.zeros(2)},
        {"x": np.zeros(3), "y": np.array([{}, {}], object)},
        {"x": np.zeros(1), "y": np.float64(1)},
    ):
        with pytest.raises(ValueError):
            wrong(arrays).compute(config, [0, 1], cpu)


SOURCE = '''
"""Docstring."""
from mmcl_core import errors  # comment

def f(x):
    """Another."""
    return x + 1
'''


@pytest.mark.parametrize(
    ("edited", "same"),
    [
        (SOURCE.replace("# comment", "# other words"), True),
        (SOURCE.replace('"""Another."""', '"""Entirely\n    different."""'), True),
        (SOURCE.replace("x + 1", "(x   +  1)"), True),
        (SOURCE.replace("x + 1", "x + 2"), False),
        (SOURCE.replace("def f(x)", "def f(x, y=0)"), False),
    ],
)
def test_only_code_counts(edited, same):
    assert (sources.normalised(edited) == sources.normalised(SOURCE)) is same
    ast.parse(sources.normalised(edited))


def test_closure_follows_imports_of_imports(tmp_path, monkeypatch):
    package = tmp_path / "mmcl_core"
    (package / "deep").mkdir(parents=True)
    files = {
        "__init__.py": "",
        "top.py": "from .middle import g\n",
        "middle.py": "def g():\n    from mmcl_core.deep import bottom\n    return bottom\n",
        "deep/__init__.py": "",
        "deep/bottom.py": "x = 1\n",
        "unrelated.py": "y = 1\n",
    }
    for name, text in files.items():
        (package / name).write_text(textwrap.dedent(text))

    def locate(module):
        path = tmp_path.joinpath(*module.split("."))
        return (
            (path / "__init__.py", True)
            if path.is_dir()
            else (path.with_suffix(".py"), False)
            if path.with_suffix(".py").exists()
            else None
        )

    monkeypatch.setattr(sources, "_locate", locate)
    before = sources.closure("mmcl_core.top")
    assert set(before) == {"mmcl_core", "mmcl_core.top", "mmcl_core.middle", "mmcl_core.deep", "mmcl_core.deep.bottom"}
    (package / "deep" / "bottom.py").write_text("x = 22\n")
    after = sources.closure("mmcl_core.top")
    assert {m for m in after if after[m] != before[m]} == {"mmcl_core.deep.bottom"}
    (package / "unrelated.py").write_text("y = 22\n")
    assert sources.closure("mmcl_core.top") == after


def test_what_is_remembered_of_a_source_is_what_its_text_says(tmp_path, monkeypatch):
    """Kept for the next process under a hash of the text: the same text is not parsed again, another one is, and a
    damaged file is as good as none."""
    monkeypatch.setenv("MMCL_CACHE", str(tmp_path / "cache"))
    module, parsed = tmp_path / "kept.py", []
    monkeypatch.setattr(sources, "_locate", lambda name: (module, False) if name == "kept" else None)
    plain = sources.normalised
    monkeypatch.setattr(sources, "normalised", lambda text: parsed.append(text) or plain(text))

    def anew(text):
        """In a process that knows nothing but the file."""
        module.write_text(text)
        for known in (sources._read.cache_clear, sources._SEEN.clear):
            known()
        monkeypatch.setattr(remembered, "_KNOWN", None)
        return sources.closure("kept"), len(parsed)

    first = anew("x = 1")
    assert first[1] == 1 and anew("x = 1") == first
    assert anew("x = 2")[0] != first[0] and anew("x = 1") == (first[0], 2)
    file = tmp_path / "cache" / "sources.json"
    file.write_text(file.read_text().replace(first[0]["kept"], "0" * 16))
    assert anew("x = 1") == (first[0], 3)
    shutil.rmtree(file.parent)
    file.parent.write_text("no folder")
    assert anew("x = 1")[0] == first[0]


def test_real_experiments_do_not_depend_on_figures_claims_or_the_site():
    names = sources.closure("mmcl_core.papers.huang2024.experiments.figure1")
    assert "mmcl_core.papers.huang2024.dynamics" in names
    assert not [n for n in names if "claims" in n or "figures" in n or "site" in n or n == "mmcl_core.lab.store"]


def test_code_edited_after_its_import_is_noticed_before_a_result_is_kept(monkeypatch, tmp_path):
    """A notebook's kernel goes on with the old code while the file is edited: its numbers must not be kept under the
    new code's key."""
    module = tmp_path / "edited.py"
    module.write_text("x = 1")
    monkeypatch.setattr(sources, "_locate", lambda name: (module, False) if name == "edited" else None)
    monkeypatch.setitem(sys.modules, "edited", types.SimpleNamespace(__file__=str(module)))
    first = sources.closure("edited")
    module.write_text("x = 1  # a remark")
    assert sources.closure("edited") == first
    module.write_text("x = 22")
    with pytest.raises(InputError, match="restart the kernel"):
        sources.closure("edited")
    monkeypatch.delitem(sys.modules, "edited")  # a process that has not imported it may take the new text
    assert sources.closure("edited") != first


def test_an_experiment_that_never_looks_at_its_device_says_cpu():
    def moved(config, seeds, device):
        return {"x": torch.zeros(len(seeds), device=device).cpu().numpy()}

    def handed_on(config, seeds, device):
        return {"x": np.array([(lambda: device)() is not None for _ in seeds])}

    gpu = torch.device("cuda")
    assert line.place(gpu).type == "cpu"
    for function in (moved, handed_on):
        assert experiment("toy.device", ToyConfig)(function).place(gpu) == gpu
