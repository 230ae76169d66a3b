"""The measuring scripts: the GPU check takes its way on a processor, the page says what was measured and no more."""

import json
import math
import subprocess
import sys

import pytest
import torch

from benchmarks import bench, clip_gpu, gpu_check
from benchmarks.bench import interleaved, seconds
from benchmarks.gpu import place, precision, theory
from mmcl_core.site import speed
from mmcl_core.site.at_size import at_size
from tests.tolerances import close


def test_the_gpu_check_passes_on_a_processor_and_writes_what_the_page_reads(tmp_path, capsys):
    assert gpu_check.main(["--device", "cpu", "--out", str(tmp_path / "card.json")]) == 0
    report = json.loads((tmp_path / "card.json").read_text())
    assert len(report["rows"]) == len(gpu_check.CHECKS)
    for row in report["rows"]:
        assert 0 <= row["error"] <= row["tolerance"] and row["way"] in row["probe"] and row["share"] > 0
    assert [(r["family"], r["precision"]) for r in report["audit"]].count(("small CLIP", "bfloat16")) == 1
    assert all(0 < row["error"] <= row["tolerance"] for row in report["audit"])
    shown = speed.graphics(report)
    assert "bfloat16" in shown
    assert all(row["family"] in shown for row in report["rows"]) and report["card"] in shown


def test_a_wrong_answer_fails_the_check(tmp_path, monkeypatch, capsys):
    """The error of a family is that of the device: here the one-sided softmax of a broken kernel."""
    monkeypatch.setattr(gpu_check, "CHECKS", (theory.ren2023,))
    from mmcl_core.papers.ren2023 import dynamics

    right = dynamics._plain_pull
    monkeypatch.setattr(
        dynamics, "_plain_pull", lambda logits, *h: right(logits, *h) * (1.1 if h[0].dtype == torch.float32 else 1)
    )
    assert gpu_check.main(["--device", "cpu", "--out", str(tmp_path / "card.json")]) == 1
    assert "FAIL" in capsys.readouterr().out


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens where there is no GPU")
def test_without_a_gpu_the_check_says_so(capsys):
    assert gpu_check.main([]) == 2
    assert "no GPU" in capsys.readouterr().err


@pytest.mark.skipif(not torch.cuda.is_available(), reason="a graph can be captured on a GPU only")
def test_a_captured_step_does_what_the_step_does():
    p = place.Place(torch.device("cuda"))
    x = torch.ones(3, device="cuda")
    replay = p.captured(lambda: x.add_(1))
    before = x.clone()
    replay()
    p.wait()
    assert torch.equal(x, before + 1)


def test_a_place_counts_the_seconds_of_one_step(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(place.time, "perf_counter", lambda: clock[0])

    def step():
        clock[0] += 0.25

    assert close(place.Place(torch.device("cpu")).seconds(step, 4.0), 0.25)


def test_fewer_digits_cost_what_the_audit_says():
    """Single precision is closer than bfloat16 by what the digits say, and the settings are put back."""
    p, before = place.Place(torch.device("cpu")), torch.backends.cuda.matmul.allow_tf32
    rows = {(r["family"], r["precision"]): r["error"] for r in precision.audit(p, 0.01)}
    for family in {f for f, _ in rows}:
        assert rows[family, "single"] < 1e-2 * rows[family, "bfloat16"]
    with pytest.raises(ZeroDivisionError), precision.precision("TF32", p.device):
        assert torch.backends.cuda.matmul.allow_tf32
        _ = 1 / 0
    assert torch.backends.cuda.matmul.allow_tf32 is before


def test_the_peak_is_of_the_process_itself():
    """`ru_maxrss` begins at the parent's: a run then seems to add nothing."""
    program = (
        "import torch\nfrom benchmarks.bench import peak\n"
        "before = peak()\nkept = torch.ones(2**26)\nprint(peak() - before)"
    )
    root = bench.HERE.parent
    added = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root)
    assert 200 < float(added.stdout) < 300


def test_cast_keeps_what_is_no_float():
    from mmcl_core.papers.huang2024 import setting

    problem = place.cast(setting.gaussian([0], 6, 3, 10, 1.0, 2.0, 0.1), torch.device("cpu"), torch.float32)
    assert problem.negatives.dtype == torch.bool and problem.first.gram.dtype == torch.float32


def test_repetitions_take_turns():
    calls = []
    ways = {name: (lambda seeds, name=name: calls.append(name)) for name in "ab"}
    taken = interleaved(ways, range(2), 3)
    assert calls == ["a", "b"] + ["a", "b"] * 3 and all(len(t) == 3 for t in taken.values())
    assert seconds(lambda: None) >= 0


def report():
    rows = [
        {"family": f, "way": w, "seeds": s, "seconds": t * s, "least": 0.9 * t * s, "most": 1.2 * t * s, "gflops": 9.0}
        for f in ("one", "two")
        for s in (1, 4)
        for w, t in (("plain", 6.0), ("ours", 0.5), ("jax", 2.0))
        if not (f == "two" and w == "jax")
    ]
    return {
        "processor": "some <processor>",
        "cores": 2,
        "versions": {"torch": "2"},
        "commit": "abc",
        "date": "2026-01-01",
        "load_before": 0.1,
        "load_after": 5.0,
        "ceiling": {"float32": 100.0, "float64": 50.0},
        "rows": rows,
        "growth": [{"family": "one", "size": "n", "values": [1, 2], "exponent": 1.5}],
        "memory": [{"family": "one", "way": "ours", "seeds": 4, "mebibytes": 3.0}],
    }


def test_the_page_shows_ratios_with_their_spread(tmp_path):
    folder = tmp_path / "benchmarks" / "measured"
    assert "Not measured yet" in speed.speed(tmp_path) and "None was measured" in speed.speed(tmp_path)
    folder.mkdir(parents=True)
    (folder / "cpu.json").write_text(json.dumps(report()))
    page = speed.speed(tmp_path)
    assert "12.0 (9.0 to 16.0)" in page and "not run" in page and "some &lt;processor&gt;" in page
    assert page.count("data:image/svg+xml") == 1 and "None was measured" in page
    assert math.isclose(6 * 0.9 / (0.5 * 1.2), 9.0)


def test_clips_step_and_openclips_compute_the_same_and_the_page_shows_both(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "benchmarks" / "measured"
    assert "Not measured" in at_size(tmp_path)
    assert clip_gpu.main(["--tiny", "--out", str(folder / "clip-gpu-none.json")]) == 0
    report = json.loads((folder / "clip-gpu-none.json").read_text())
    assert 0 <= report["error"] < 1e-5
    for way in report["ways"].values():
        assert 0 < way["spread"][0] <= way["images_per_second"] <= way["spread"][1]
    shown = at_size(tmp_path)
    assert "OpenCLIP&#x27;s step, plain" in shown and report["gpu"] in shown
    assert "None was measured" in speed.speed(tmp_path)  # that page's cards are other files
    right = clip_gpu.our_step
    monkeypatch.setattr(
        clip_gpu, "our_step", lambda clip, run, *a: right(clip, run.model_copy(update={"rate": 0.1}), *a)
    )
    assert clip_gpu.main(["--tiny", "--out", str(folder / "clip-gpu-none.json")]) == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens where there is no GPU")
def test_without_a_gpu_the_step_says_so(capsys):
    assert clip_gpu.main([]) == 2
    assert "--tiny" in capsys.readouterr().err
