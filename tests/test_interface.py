"""The public interface as the README prints it: the ten lines run, and stand alike in the three places that show
them."""

import re
from pathlib import Path

import torch

import mmcl_core
from mmcl_core.site.api import MODULES, interface

ROOT = Path(__file__).parents[1]


def printed(page):
    (block,) = [b for b in re.findall(r"```python\n(.*?)```", page, re.S) if "catalog" in b]
    return block


def test_the_ten_lines_run_and_are_the_same_everywhere(tmp_path, monkeypatch, capsys):
    block = printed((ROOT / "README.md").read_text(encoding="utf-8"))
    assert printed((ROOT / "book" / "api.md").read_text(encoding="utf-8")) == block
    assert [line.strip() for line in block.splitlines()] == [
        line.strip() for line in mmcl_core.__doc__.split("script:\n\n")[1].rstrip().splitlines()
    ]
    monkeypatch.chdir(tmp_path)
    image, text = torch.eye(4, dtype=torch.float64), torch.eye(4, dtype=torch.float64).roll(1, 0)
    names = {"image": image, "text": text}
    exec(compile(block, "README", "exec"), names)
    assert "holds" in capsys.readouterr().out and (tmp_path / "fig1.pdf").read_bytes().startswith(b"%PDF")
    wrong_pair = torch.log(torch.exp(torch.tensor(1 / 0.07, dtype=torch.float64)) + 3)  # the own text has cosine 0
    assert abs(float(names["loss"] - wrong_pair)) < 1e-12
    assert names["gap"] == 0


def test_the_interface_page_has_every_module_and_its_public_names():
    page = interface()
    for name in MODULES:
        assert f'id="{name}"' in page
    for name in ("losses.clip_loss", "metrics.modality_gap", "stats.mean", "evidence.claim.claim", "catalog.results"):
        assert f'id="{name}"' in page
    assert "_logits" not in page
