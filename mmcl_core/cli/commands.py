"""One thin function a subcommand. Heavy imports stand inside, so that a typo is answered at once."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from mmcl_core.cli import show
from mmcl_core.cli.asked import (
    Runner,
    chosen_settings,
    experiments_of,
    passing_over,
    settings_by_experiment,
)
from mmcl_core.cli.places import folder_named
from mmcl_core.errors import InputError, unknown


def command_list(a: argparse.Namespace) -> int:
    from mmcl_core.cli.index import items

    known = items()
    chosen = [i for i in known if a.name in (None, i["id"]) or i["id"].startswith(f"{a.name}.")]
    if not chosen:
        raise unknown("chapter, experiment or figure", a.name, [i["id"] for i in known], "mmcl list shows all")
    if a.json:
        print(json.dumps(chosen, indent=1))
        return 0
    if [i["kind"] for i in chosen if i["id"] == a.name][:1] == ["experiment"]:
        from mmcl_core.catalog import find_experiment

        print("\n".join(show.experiment(find_experiment(a.name))))
        return 0
    for item in chosen:
        print(f"{item['kind']:10} {item['id']:34} {item['seconds'].get('book', 0):7.1f} s at book  {item['title']}")
    return 0


def command_run(a: argparse.Namespace) -> int:
    experiments = experiments_of(a.target)
    from mmcl_core.paths import results_folder

    results = Runner(a, experiments, loud=True)
    results.prepare(experiments)
    for e in experiments:
        with passing_over(e.name, alone=len(experiments) == 1):
            result = results(e.name)
            if len(experiments) == 1:
                print("\n".join(show.result(result, e.coordinates, results_folder() / e.name)))
    return 0


def command_figure(a: argparse.Namespace) -> int:
    from mmcl_core import catalog
    from mmcl_core.evidence.figures import FORMATS

    formats = a.format.split(",")
    for name in formats:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS)
    out = folder_named("--out", a.out)
    specs = [f for p in catalog.papers() for f in p.figures] if a.id == "all" else [catalog.find_figure(a.id)]
    needed = [catalog.find_experiment(name) for name in dict.fromkeys(n for s in specs for n in s.experiments)]
    results = Runner(a, needed)
    results.prepare(needed)
    for spec in specs:
        with passing_over(spec.id, len(specs) == 1, a.set):
            drawn = spec.make(results)
            for path in drawn.export(out, drawn.origin.stem, formats):
                print(path)
    return 0


def command_build(a: argparse.Namespace) -> int:
    from mmcl_core.lab.processes import alone
    from mmcl_core.lab.schedule import place_for
    from mmcl_core.site.build import build
    from mmcl_core.site.disk import written_or_said
    from mmcl_core.site.pairs import root_folder

    place = root_folder() / "_build"
    with alone(place), written_or_said(place):
        status = build(a.tier, a.device, a.seeds, jobs=a.jobs, pool=place_for(a.backend, a.scheduler))
        if a.pdf and not status:
            from mmcl_core.site.pdf import book_pdf

            print(book_pdf(root_folder()))
    return status


def command_serve(a: argparse.Namespace) -> int:
    from mmcl_core.site.serve import serve

    return serve(a.port)


def command_sync(a: argparse.Namespace) -> int:
    from mmcl_core.site.pairs import sync

    for path in sync(keep=a.keep):
        print(path)
    return 0


def command_why(a: argparse.Namespace) -> int:
    experiments = experiments_of(a.target)  # before torch is loaded, so that a slip is answered at once
    from mmcl_core.lab.run import why

    for e in experiments:
        routed = settings_by_experiment([e], chosen_settings(a.set))[e.name]
        with passing_over(e.name, alone=a.target == e.name):
            lines = why(e, a.tier, a.seeds, a.device, **routed)
            print(
                f"{e.name}: stored" if not lines else f"{e.name}: would be computed, because\n  " + "\n  ".join(lines)
            )
    return 0


def command_data(a: argparse.Namespace) -> int:
    from mmcl_core.data import sources

    if a.action == "fetch":
        if not a.name:
            raise InputError(f"data fetch needs a name: allowed are {', '.join(sources.SOURCES)}")
        print(sources.fetch(a.name))
        return 0
    if a.name is not None and a.name not in sources.SOURCES:
        raise unknown("data source", a.name, sources.SOURCES)
    for source in sources.SOURCES.values() if a.name is None else [sources.SOURCES[a.name]]:
        print(
            f"{source.name:19} {source.status():60} {source.licence}\n{'':19} {source.description}; sha256 "
            f"{source.sha256}"
        )
    return 0


def _cannot(attempt: Callable[[], object]) -> str:
    """What is wrong with what `attempt` tries, to be said behind it; nothing when it succeeds."""
    try:
        attempt()
    except InputError as error:
        return f"; {error}"
    return ""


def command_doctor(a: argparse.Namespace) -> int:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    import torch

    from mmcl_core.data import sources
    from mmcl_core.lab.store import Store
    from mmcl_core.paths import cache_folder, checkout, data_folder, results_folder
    from mmcl_core.runtime import device_label, resolve_device

    print(f"python       {platform.python_version()} on {platform.platform()}")
    for name in (
        "mmcl-reproduced",
        "torch",
        "numpy",
        "scipy",
        "scikit-learn",
        "matplotlib",
        "jupyter-book",
        "papermill",
        "jupytext",
    ):
        try:
            print(f"{name:12} {version(name)}")
        except PackageNotFoundError:
            print(f"{name:12} missing: pip install -r requirements.lock")
    print(
        f"device       {device_label(resolve_device())}"
        + ("" if torch.cuda.is_available() else "; no GPU, so tier paper will be slow")
    )
    print(f"checkout     {checkout() or 'none: the book is built from a clone, experiments and figures run anywhere'}")
    print(f"results      {results_folder()}{_cannot(Store(results_folder()).probe)}")
    print(f"data cache   {cache_folder()}; MMCL_DATA_DIR {data_folder() or 'not set'}")
    for source in sources.SOURCES.values():
        print(f"data         {source.name}: {source.status()}")
    return 0
