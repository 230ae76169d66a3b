"""The command line: what it prints, what it refuses, and with which exit status."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmcl_core.cli import main

ROOT = Path(__file__).parents[1]


def said(capsys):
    captured = capsys.readouterr()
    return captured.out, captured.err


def test_list_json(capsys):
    assert main(["list", "--json"]) == 0
    items = json.loads(said(capsys)[0])
    assert {i["kind"] for i in items} == {"chapter", "experiment", "figure"}
    for item in items:
        assert item["tiers"] == ["smoke", "book", "paper"] and item["seconds"]["book"] > 0 and item["title"], item


def test_run_then_cached(capsys):
    assert main(["run", "huang2024.identities", "--tier", "smoke"]) == 0
    assert main(["run", "huang2024.identities", "--tier", "smoke"]) == 0
    assert [line for line in said(capsys)[0].splitlines() if "cached" in line]


def test_a_slip_in_a_name_is_answered_without_loading_the_papers():
    """From the index that the first `mmcl list` leaves beside the data."""
    assert main(["list", "ren2023"]) == 0
    code = (
        "import sys; from mmcl_core.cli import main; from mmcl_core.cli.commands import command_run; "
        "assert main(['run', 'ren2023.clok']) == main(['why', 'huang2023']) == 2; "
        "assert not {'torch', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


def test_settings_reach_the_configuration(capsys):
    assert main(["why", "huang2024.figure1", "--tier", "smoke", "--set", "ratio=1.5"]) == 0
    assert main(["run", "huang2024.identities", "--tier", "smoke", "--set", "steps=3", "--seeds", "4,9"]) == 0
    assert "computed" in said(capsys)[0]


def test_figure_without_a_notebook(tmp_path, capsys):
    assert (
        main(
            ["figure", "huang2024.power_law", "--tier", "smoke", "--format", "pdf,svg,png,csv", "--out", str(tmp_path)]
        )
        == 0
    )
    files = {p.suffix: p for p in tmp_path.iterdir()}
    assert set(files) == {".pdf", ".svg", ".png", ".csv", ".json"}  # the last says where the table comes from
    assert files[".pdf"].read_bytes().startswith(b"%PDF") and files[".png"].read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in files[".svg"].read_bytes() and files[".csv"].read_text().startswith("seed,initial_scale")


def test_claims_json(capsys):
    assert main(["claims", "huang2024", "--tier", "smoke", "--json"]) == 0
    rows = json.loads(said(capsys)[0])
    needed = {
        "id",
        "paper",
        "item",
        "statement",
        "paper_value",
        "value",
        "low",
        "high",
        "n",
        "rule",
        "tier",
        "declared",
        "verdict",
    }
    assert len(rows) > 100 and all(needed <= row.keys() for row in rows)


def test_a_surprising_verdict_is_exit_status_1(monkeypatch, capsys):
    from dataclasses import replace

    from mmcl_core import catalog
    from mmcl_core.evidence.verdicts import Verdict

    paper = catalog.paper("ren2023")
    wrong = tuple(replace(c, declared=Verdict.does_not_hold) if c.id == "ren2023.d1" else c for c in paper.claims)
    monkeypatch.setattr(catalog, "paper", lambda key: replace(paper, claims=wrong))
    assert main(["claims", "ren2023", "--tier", "smoke"]) == 1
    out, err = said(capsys)
    assert "! ren2023.d1 " in out and err.endswith("other verdicts than declared: ren2023.d1\n")


def test_doctor_and_data_list(capsys):
    assert main(["doctor"]) == 0
    assert main(["data", "list"]) == 0
    out = said(capsys)[0]
    assert "torch" in out and "mnist" in out and "sha256" in out


BAD = [
    (["run", "huang2023"], "did you mean 'huang2024'"),
    (["run", "huang2024.figur1"], "did you mean 'huang2024.figure1'"),
    (["figure", "huang2024.fig7"], "Unknown figure"),
    (["figure", "huang2024.fig1", "--format", "jpg"], "allowed are svg, pdf, png, csv"),
    (["run", "huang2024", "--tier", "tiny"], "allowed are smoke, book, paper"),
    (["run", "huang2024", "--device", "tpu"], "allowed are auto, cpu, cuda"),
    (["run", "huang2024.figure1", "--tier", "smoke", "--set", "epoch=5"], "did you mean 'epochs'"),
    (["run", "huang2024.figure1", "--tier", "smoke", "--set", "epochs=many"], "integer"),
    (["run", "huang2024.figure1", "--tier", "smoke", "--set", "epochs=-1"], "greater than or equal to 1"),
    (["run", "huang2024.figure1", "--tier", "smoke", "--set", "epochs"], "name=value"),
    (["run", "huang2024", "--tier", "smoke", "--set", "epochs=5"], "belongs to"),
    (["run", "huang2024", "--tier", "smoke", "--set", "figur.epochs=5"], "figure1"),
    (["run", "huang2024.figure1", "--seeds", "none"], "Seeds 'none'"),
    (["claims", "huang"], "Unknown chapter"),
    (["data", "fetch", "cifar"], "Unknown data source"),
    (["data", "fetch"], "needs a name"),
    (["data", "drop"], "invalid choice"),
    (["fly"], "invalid choice"),
    ([], "required"),
    (["serve", "--port", "x"], "invalid int value"),
    (["serve", "--port", "99999999"], "built site|Port"),
    (["run", "huang2024.colored_mnist", "--tier", "smoke", "--set", "source=mnist"], "mmcl data fetch mnist"),
    (["run", "huang2024.colored_mnist", "--tier", "smoke", "--set", "train_samples=6000"], "take fewer"),
    (["run", "huang2024.colored_mnist", "--tier", "smoke", "--set", "clip_batch=5000"], "batch of 5000"),
]


@pytest.mark.parametrize(("argv", "words"), BAD, ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_bad_input_is_one_sentence_and_status_2(argv, words, capsys):
    assert main(argv) == 2
    out, err = said(capsys)
    assert out == "" and err.startswith("mmcl: ") and err.count("\n") == 1 and "Traceback" not in err
    assert any(w in err for w in words.split("|")), err


def test_results_that_cannot_be_written(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    monkeypatch.setenv("MMCL_RESULTS", str(tmp_path / "file" / "results"))
    assert main(["run", "huang2024.identities", "--tier", "smoke"]) == 2
    assert "MMCL_RESULTS" in said(capsys)[1] and (tmp_path / "file").read_text() == "kept"


def test_figures_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    assert main(["figure", "huang2024.power_law", "--tier", "smoke", "--out", str(tmp_path / "file")]) == 2
    assert "--out" in said(capsys)[1] and (tmp_path / "file").read_text() == "kept"


def test_a_damaged_data_file(monkeypatch, tmp_path, capsys):
    from mmcl_core.data import sources

    monkeypatch.setenv("MMCL_CACHE", str(tmp_path))
    (tmp_path / "mnist").mkdir()
    for name in sources.MNIST_FILES:
        (tmp_path / "mnist" / name).write_bytes(b"")
    assert main(["run", "huang2024.colored_mnist", "--tier", "smoke"]) == 2
    err = said(capsys)[1]
    assert "damaged" in err and "mmcl data fetch mnist" in err and err.count("\n") == 1


def test_interrupting_keeps_what_is_finished(tmp_path):
    environment = os.environ | {"MMCL_RESULTS": str(tmp_path), "MMCL_THREADS": "1"}
    command = [sys.executable, "-m", "mmcl_core.cli", "run", "huang2024", "--tier", "smoke"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    first = process.stdout.readline().split()
    assert first[1] == "computed"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    said, last = err.splitlines()
    assert process.returncode == 130 and "Traceback" not in err and err.splitlines()[-1].startswith("mmcl: interrupted")
    again = subprocess.run(
        [*command[:-3], first[0], "--tier", "smoke"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert "cached" in again.stdout


def test_help_and_typos_do_not_wait_for_torch():
    code = "import sys; from mmcl_core.cli import main; main(['fly']); print('torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout.strip() == "False"
    )


def test_absent_data_are_bad_input_alone_and_passed_over_among_others(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MMCL_CACHE", str(tmp_path))
    assert main(["run", "yaras2024.clip_features", "--tier", "smoke"]) == 2
    alone = said(capsys)[1]
    assert alone.count("\n") == 1 and "mmcl data fetch clip_features" in alone
    from mmcl_core import catalog

    paper = catalog.paper("yaras2024")
    few = tuple(f for f in paper.figures if f.id in ("yaras2024.clip_features", "yaras2024.fig3"))
    monkeypatch.setattr(catalog, "papers", lambda: (type(paper)(**{**vars(paper), "figures": few}),))
    assert main(["figure", "all", "--tier", "smoke", "--format", "csv", "--out", str(tmp_path)]) == 0
    out, err = said(capsys)
    assert "fig3.csv" in out and "clip_features is left out" in err


def test_a_chapter_says_what_is_absent_and_goes_on(capsys, monkeypatch, tmp_path):
    from mmcl_core.site.chapter import Chapter

    monkeypatch.setenv("MMCL_CACHE", str(tmp_path))
    chapter = Chapter("yaras2024", tier="smoke", device="cpu")
    chapter.figure("clip_features")
    assert not chapter.available("clip_features")
    assert "not shown. The CLIP features" in said(capsys)[0]


def test_the_list_is_kept_and_made_anew_after_an_edit(tmp_path, monkeypatch):
    """Without torch while the code is the same; from the catalogue as soon as one source file differs."""
    from mmcl_core.cli import index

    monkeypatch.setattr(index, "cache_folder", lambda: tmp_path)
    assert index.items() == index.from_catalogue()
    monkeypatch.setattr(index, "from_catalogue", lambda: [{"kind": "other code"}])
    assert len(index.items()) > 100
    monkeypatch.setattr(index, "digest", lambda: "of other code")
    assert index.items() == [{"kind": "other code"}]
    (tmp_path / "index.json").write_text('{"digest"')
    assert index.items() == [{"kind": "other code"}]


def test_one_more_line_gives_another_digest(tmp_path):
    from mmcl_core.cli.index import digest

    (tmp_path / "one.py").write_text("x = 1\n")
    first = digest(tmp_path)
    (tmp_path / "one.py").write_text("x = 2\n")
    assert digest(tmp_path) != first


@pytest.mark.parametrize("words", [["--help"], ["list", "--help"], ["claims", "--help"], ["list"]])
def test_help_and_list_start_without_the_heavy_libraries(words, tmp_path):
    from mmcl_core.cli import index

    kept = {"digest": index.digest(), "items": [{"kind": "figure", "id": "a", "title": "b", "seconds": {}}]}
    (tmp_path / "index.json").write_text(json.dumps(kept))
    program = f"""
import sys
from mmcl_core.cli import main
try:
    main({words!r})
except SystemExit:
    pass
print(sorted({{"torch", "numpy", "pandas", "scipy", "matplotlib", "sklearn"}} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "MMCL_CACHE": str(tmp_path)},
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_list_of_a_chapter_and_of_an_experiment(capsys):
    assert main(["list", "huang2024"]) == 0
    lines = said(capsys)[0].splitlines()
    assert len(lines) > 10 and all("huang2024" in line for line in lines)
    assert main(["list", "huang2024.figure1"]) == 0
    text = said(capsys)[0]
    assert "epochs" in text and "Figure 1: 200 epochs" in text and "int, >= 1" in text
    assert main(["list", "huang2025"]) == 2 and "did you mean 'huang2024'" in said(capsys)[1]


def test_version(capsys):
    from mmcl_core import __version__

    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0 and said(capsys)[0] == f"mmcl {__version__}\n"


def test_a_run_prints_means_over_seeds_shapes_and_where_to_find_them(capsys):
    assert main(["run", "huang2024.identities", "--tier", "smoke"]) == 0
    out = said(capsys)[0]
    assert "(standard deviation), 2 seeds" in out and "huang2024.identities; in Python: from mmcl_core" in out
