"""Shapes are checked in every test, and no test touches the checkout's own results."""

import os
import shutil
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

import tests.typecheck  # noqa: F401  (the hook looks it up by name)
from mmcl_core.data.sources import CLIP_FILES

# Only the numeric rooms: the hook rewrites functions, which the source fingerprints and pydantic need not see.
install_import_hook(
    [
        "mmcl_core.stats",
        "mmcl_core.flow",
        "mmcl_core.losses",
        "mmcl_core.metrics",
        "mmcl_core.models",
        "mmcl_core.papers.huang2024.setting",
        "mmcl_core.papers.huang2024.dynamics",
        "mmcl_core.papers.huang2024.reference",
        "mmcl_core.papers.huang2024.heads",
        "mmcl_core.papers.ren2023.setting",
        "mmcl_core.papers.ren2023.dynamics",
        "mmcl_core.papers.ren2023.reference",
        "mmcl_core.papers.ren2023.closure",
        "mmcl_core.papers.ren2023.theory",
        "mmcl_core.papers.ren2023.two_towers",
        *(
            f"mmcl_core.papers.xue2024.{module}"
            for module in ("setting", "linear", "supervised", "theory", "bridge", "contrast", "optimum", "lenet")
        ),
        *(
            f"mmcl_core.papers.yaras2024.{module}"
            for module in ("parallel", "schemes", "dynamics", "longtime", "bessel", "points", "swapping", "towers")
        ),
        "mmcl_core.data.augment",
        "mmcl_core.data.backgrounds",
        "mmcl_core.data.vector_captions",
        "mmcl_core.data.scenes",
    ],
    "tests.typecheck.checked",
).__enter__()


@pytest.fixture(scope="session", autouse=True)
def results(tmp_path_factory):
    """One store for the whole session: experiments are computed once at smoke and shared by the tests that look at
    them."""
    here = tmp_path_factory.getbasetemp()
    folder = (here.parent if os.environ.get("PYTEST_XDIST_WORKER") else here) / "results"  # side by side, one store
    folder.mkdir(exist_ok=True)
    os.environ["MMCL_RESULTS"] = str(folder)
    os.environ.setdefault("MMCL_JOBS", "1")  # the tests themselves run side by side
    os.environ["MMCL_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    given = os.environ.pop("MMCL_DATA_DIR", None)
    if given and all((Path(given) / file).exists() for file in CLIP_FILES):  # the one source that no package carries
        place = Path(os.environ["MMCL_CACHE"]) / "clip_features"
        place.mkdir()
        for file in CLIP_FILES:
            shutil.copy(Path(given) / file, place)
    import torch

    torch.set_num_threads(1)
    return folder


@pytest.hookimpl(optionalhook=True)  # the suite also runs without xdist
def pytest_xdist_make_scheduler(config, log):
    """Side by side a file stays with one worker, and the files that read the built book with one, which builds it."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::", 1)[0]
            return "book" if file.endswith(("test_site.py", "test_browser.py", "test_browser_ways.py")) else file

    return ByFile(config, log)


@pytest.fixture(scope="module")
def browser():
    from tests.chromium import launched

    with launched() as instance:
        yield instance


def copy_of_the_book(folder):
    """What a build reads, without what it wrote."""
    root = Path(__file__).parents[1]
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(root / name, folder)
    shutil.copytree(root / "book", folder / "book")
    return folder


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """The whole book, built once at smoke outside the checkout; for the tests of the site and of its pages."""
    from mmcl_core.site.build import build

    root = copy_of_the_book(tmp_path_factory.mktemp("book"))
    assert build("smoke", root=root) == 0
    return root
