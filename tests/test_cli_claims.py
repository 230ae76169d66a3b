"""`mmcl claims` on a toy chapter: one row whole, patterns, other tolerances, the reader's own seeds, JSON and
JSON-LD."""

import json

import numpy as np
import pytest
from pydantic import Field

from mmcl_core import catalog, stats
from mmcl_core.cli import main
from mmcl_core.evidence.claim import Condition, Quantifier, claim
from mmcl_core.evidence.paper import Paper
from mmcl_core.evidence.rules import PAPER, AtLeast, Positive, Within, after, before
from mmcl_core.evidence.verdicts import Author, Verdict
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import experiment


class NoiseConfig(Config):
    seeds: int = Field(6, ge=1, description="chosen")
    spread: float = Field(1.0, gt=0, description="chosen")
    book = {"spread": 0.2}
    smoke = {"spread": 0.1}


@experiment("toy.noise", NoiseConfig)
def noise(config, seeds, device):
    """One number a seed."""
    return {"y": np.array([1 + config.spread * np.random.default_rng(s).normal() for s in seeds])}


def average(r):
    """The mean is one.

    Measured: mean of y over seeds.
    """
    return stats.mean(r["y"])


def declared(**changes):
    fields = {"item": "Theorem 1", "on": "noise", "quantifier": Quantifier.mean, "paper": "1", "chapter": "toy"}
    return claim(**(fields | changes))(average)


CLAIMS = (
    declared(
        name="thm1_mean",
        rule=Within(1, absolute=0.3, basis=before("three standard errors")),
        conditions=(Condition("$s$", lambda r: r.config.spread, AtLeast(1)),),
    ),
    declared(name="thm1_sign", rule=Positive()),
    declared(name="ours", rule=Within(1, absolute=0.5, basis=after("the spread was seen first")), author=Author.ours),
    declared(name="large", rule=AtLeast(3, PAPER), declared=Verdict.not_reproduced, note="too small"),
)
TOY = Paper("toy", "A toy", "Nobody 2000", "Nobody. Nowhere.", (noise,), (), CLAIMS)


@pytest.fixture(autouse=True)
def toy_book(monkeypatch, tmp_path):
    monkeypatch.setattr(catalog, "PAPERS", ("toy",))
    monkeypatch.setattr(catalog, "paper", {"toy": TOY}.__getitem__)
    monkeypatch.setenv("MMCL_RESULTS", str(tmp_path))


def asked(capsys, *arguments):
    status = main(["claims", *arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_chapter_is_a_line_a_row_and_two_totals(capsys):
    status, out, err = asked(capsys, "toy", "--tier", "smoke")  # claims need tier book
    assert status == 0 and out.count("needs tier book") == 4
    status, out, err = asked(capsys, "toy")
    lines = out.splitlines()
    assert status == 0 and not err and len(lines) == 4 + 3
    assert lines[4] == "3 statements of the papers: 2 reproduced, 1 not reproduced"
    assert lines[5] == "1 of ours: 1 holds"
    assert "with a number set after a run: 1" in lines[6]


def test_one_claim_prints_everything_of_the_row(capsys):
    status, out, _ = asked(capsys, "toy.thm1_mean")
    assert status == 0
    for part in ("The mean is one.", "three standard errors", "$s$ = 0.2, needed at least 1: not met", "reproduced"):
        assert part in out
    assert "tests/test_cli_claims.py:average" in out and "mmcl claims toy.thm1_mean --tier book" in out
    low, high = stats.prediction(stats.mean(noise.compute(NoiseConfig.at("book"), range(6), None)["y"]))
    assert f"one more seed: {low:.4g} to {high:.4g}" in out


def test_a_pattern_chooses(capsys):
    _, out, _ = asked(capsys, "toy.thm1_*")
    assert [line.split()[0] for line in out.splitlines()[:2]] == ["toy.thm1_mean", "toy.thm1_sign"]


def test_other_tolerances_change_verdicts_and_are_no_surprise(capsys):
    status, out, err = asked(capsys, "toy", "--tolerance", "0.1")
    assert status == 0 and "with every tolerance times 0.1, 2 of 4 verdicts are other: toy.thm1_mean, toy.ours" in err
    assert main(["claims", "toy", "--tolerance", "0"]) == 2


def test_seeds_of_ones_own_are_held_against_the_prediction(capsys):
    status, out, _ = asked(capsys, "toy.thm1_mean", "--seeds", "4,9,17")
    low, high = stats.prediction(stats.mean(noise.compute(NoiseConfig.at("book"), range(6), None)["y"]))
    for seed in (9, 17):
        value = float(noise.compute(NoiseConfig.at("book"), [seed], None)["y"][0])
        word = "inside" if low <= value <= high else "OUTSIDE"
        assert f"toy.thm1_mean seed {seed}: {value:.4g}, {word} the 95 % prediction interval" in out
    assert "seed 4:" not in out and status == 0
    assert "all of these seeds are among the 6" in asked(capsys, "toy.thm1_mean", "--seeds", "3")[1]
    assert "seed 8" in asked(capsys, "toy.thm1_mean", "--seeds", "8,")[1]


def test_a_surprise_is_exit_status_1_only_where_the_tier_is_as_it_stands(capsys):
    status, _, err = asked(capsys, "toy.large", "--set", "spread=0.1")
    assert status == 0
    status, _, err = asked(capsys, "toy", "--set", "spread=30")
    assert status == 0 and not err


def test_json_and_jsonld(capsys):
    _, out, _ = asked(capsys, "toy", "--json")
    rows = json.loads(out)
    assert [r["basis"].get("rule", {}).get("source") for r in rows] == [
        "set before any run",
        None,
        "set after a run",
        "the paper",
    ]
    _, out, _ = asked(capsys, "toy", "--jsonld")
    graph = json.loads(out)
    assert graph["@context"] == "https://schema.org"
    kinds = [node["@type"] for node in graph["@graph"]]
    assert (kinds.count("Claim"), kinds.count("ClaimReview"), kinds.count("ScholarlyArticle")) == (4, 4, 1)
    reviews = {
        n["itemReviewed"]["@id"]: n["reviewRating"]["alternateName"] for n in graph["@graph"] if "itemReviewed" in n
    }
    assert reviews["#toy.ours"] == "holds" and reviews["#toy.thm1_mean"] == "reproduced"
    ours = next(n for n in graph["@graph"] if n.get("@id") == "#toy.ours")
    assert ours["author"]["name"] == "MMCL, Reproduced" and "appearance" not in ours


@pytest.mark.parametrize("pattern", ["toy.thm1_men", "toi", "", "toy.x*"])
def test_a_name_that_fits_nothing_is_one_sentence(pattern, capsys):
    status, out, err = asked(capsys, pattern)
    assert status == 2 and not out and err.count("\n") == 1 and len(err) < 300
    if pattern == "toy.thm1_men":
        assert "did you mean 'toy.thm1_mean'" in err
