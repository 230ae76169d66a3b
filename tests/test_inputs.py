"""What the library is handed at the edges: one row a case. Refused in one sentence, or answered rightly; never a
traceback of another kind, never a number that means nothing."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mmcl_core import stats
from mmcl_core.catalog import find_experiment
from mmcl_core.cli import main
from mmcl_core.errors import InputError
from mmcl_core.papers.huang2024 import encoders, heads, setting
from mmcl_core.papers.ren2023 import dynamics, theory
from mmcl_core.papers.ren2023.closure import Closure
from mmcl_core.papers.ren2023.closure import Path as FlowPath
from mmcl_core.papers.ren2023.setting import cube, initial_encoders, views
from mmcl_core.papers.xue2024 import spread
from mmcl_core.papers.xue2024.setting import IntraClass
from mmcl_core.papers.yaras2024.claims import fig2
from mmcl_core.papers.yaras2024.points import Ring
from tests.tolerances import close

ROOT = Path(__file__).parents[1]
FLOW = Closure(10, (1.0, 0.5), 0.2, 5.0)


def at_smoke(name, **values):
    return lambda: find_experiment(name).config.at("smoke", **values)


def head_without_shifted_samples():
    return inspect.unwrap(heads.head_b)(None, setting.orthogonal([0], 4, 2, 1.0, 2.0, 1.0, 1e-3))


REFUSED = {
    "a spectrum that rises": (lambda: Closure(10, (0.5, 1.0), 0.2, 5.0), "not in falling order.*write \\(1.0, 0.5\\)"),
    "a spectrum that rises, on the command line": (at_smoke("ren2023.runs", signal=[0.2, 1]), "not in falling order"),
    "negative noise of one view": (lambda: FLOW.but(noise_b=-0.1), "at least 0"),
    "nan for a noise": (lambda: FLOW.but(noise=np.nan), "at least 0"),
    "more signals in view B": (lambda: views(6, (1.0, 0.5), 0.2, (1.0, 0.5, 0.2)), "view B 3"),
    "fewer signals in view B": (lambda: views(6, (1.0, 0.5), 0.2, (1.0,)), "view B 1"),
    "more signals than directions": (lambda: views(1, (1.0, 0.5), 0.2), "do not fit"),
    "a signal that is zero": (lambda: views(6, (1.0, 0.0), 0.2), "must all be positive"),
    "negative noise of data": (lambda: views(6, (1.0,), 0.2, noise_b=-0.1), "at least 0"),
    "negative noise inside": (lambda: views(6, (1.0,), 0.2, noise_inside=-0.1), "at least 0"),
    "unknown captions": (
        lambda: encoders.clip(None, 0, torch.device("cpu"), "colours"),
        "Unknown kind of captions 'colours'.*did you mean",
    ),
    "a head without its test set": (head_without_shifted_samples, "downstream"),
    "a signal whose square is no number": (at_smoke("huang2024.figure1", signal=1e-300), "equal to 0.000001"),
    "a signal too large to square": (at_smoke("huang2024.figure1", signal=1e308), "1000000"),
    "one neuron": (at_smoke("huang2024.figure1", m=1), "greater than or equal to 2"),
    "foreign features as strong as the own": (at_smoke("xue2024.sharing_population", betas=[1.0]), "less than 1"),
    "the same for rich captions": (at_smoke("xue2024.threshold_richness", low_betas=[1.0]), "less than 1"),
    "a ring shifted by itself": (lambda: Ring(5, 5), "a shift from 0 to n - 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_is_refused_in_one_sentence(case):
    call, sentence = REFUSED[case]
    with pytest.raises(InputError, match=f"(?s){sentence}"):
        call()


@pytest.mark.parametrize("n, matched, peak", [(5, 3.722, 2.064), (7, 16.9, None), (9, 63.0, None)])
def test_larger_rings_match_later_and_are_waited_for(n, matched, peak):
    """The gap peaks before the pairs match, and both times are read off a long orbit by eye of a dense grid."""
    ring = Ring(n, (n - 1) // 2)
    orbit = ring.run(np.concatenate([[0.0], np.geomspace(0.1, 500, 4000)]))
    apart = np.abs(orbit.angle) > np.pi / n
    assert ring.matched() == pytest.approx(orbit.times[apart][-1], rel=0.003)
    assert ring.peak()[0] == pytest.approx(orbit.times[orbit.gap.argmax()], rel=0.003)
    if peak is not None:
        assert ring.peak()[0] == pytest.approx(peak, abs=0.01)


def test_a_ring_that_starts_matched_or_never_matches_says_so():
    assert Ring(5, 0).matched() == 0
    assert np.isnan(Ring(7, 3).matched(end=1.0))
    other_way = Ring(5, 3)  # three vertices one way are two the other
    assert other_way.matched() == pytest.approx(Ring(5, 2).matched(), rel=1e-6)
    for mine, theirs in zip(other_way.start(), Ring(5, -3 % 5).start(), strict=True):
        assert close(mine, np.stack([theirs[:, 0], -theirs[:, 1], theirs[:, 2]], 1)[[0, 4, 3, 2, 1]])


def test_a_claim_on_a_ring_that_does_not_match_fails_and_does_not_stop_the_ledger():
    never = {"plotted_time": np.geomspace(0.1, 10, 20), "gap": np.ones(20), "matched": np.array(np.nan)}
    for claim in (fig2.fig2_matched, fig2.fig2_falls):
        assert np.isnan(claim.estimator(never).value)


def test_a_crossing_in_the_first_interval_from_time_zero_is_found_where_it_is():
    path = FlowPath(FLOW, np.array([0.0, 4.0, 8.0]), np.zeros((3, 9)))
    assert path.first_time(np.array([0.0, 1.0, 2.0]), 0.25) == 1.0
    assert path.first_time(np.array([0.5, 0.5, 2.0]), 0.5) == 0.0
    assert close(path.first_time(np.array([3.0, 1.0, 0.0]), 0.5), np.sqrt(32))
    assert np.isnan(path.first_time(np.array([3.0, 1.0, 0.9]), 0.5))


@pytest.mark.parametrize("tau2, negatives", [(1000.0, 31.0), (5.0, np.inf), (1000.0, np.inf)])
def test_low_temperatures_and_any_number_of_negatives_keep_the_population_s_flow(tau2, negatives):
    """Against Python's integers-as-logarithms: a literal double loop over all points in extended precision."""
    v = views(4, (1.0, 0.5), 0.3)
    e = initial_encoders(v, 6, [0])
    points, positive = cube(v)
    form = dynamics.similarity(e, v)
    q, factor = dynamics.population_contrastive(points, positive, tau2, negatives)(form)
    logits = (tau2 * points @ form[0] @ points.T).numpy().astype(np.longdouble)
    p, k, size = positive.numpy(), np.longdouble(negatives), len(points)
    coefficients = np.zeros((size, size), np.longdouble)
    for table, chance, into in ((logits, p, coefficients), (logits.T, p.T, coefficients.T)):
        for i in range(size):
            z = np.exp(table[i]).mean()
            total = np.exp(table[i]) / k + z
            into[i] += chance[i] * z / total - np.exp(table[i]) / size * (chance[i] / total).sum()
    assert factor == tau2 and torch.isfinite(q).all()
    assert close(q[0], (points.numpy().T @ coefficients @ points.numpy()).astype(float))
    assert bool(torch.isinf(dynamics.population_loss(e, v, points, positive, tau2, negatives))) == np.isinf(negatives)


def test_the_closed_form_takes_a_spectrum_of_any_kind():
    of_tuple, of_array = (theory.NonContrastive(10, s, 0.2) for s in ((1.0, 0.5), np.array([1.0, 0.5])))
    for mine, theirs in zip(of_tuple.at(3.0), of_array.at(3.0), strict=True):
        assert np.array_equal(mine, theirs)


def test_negatives_of_the_same_class_alone_leave_no_prediction_without_detail_in_captions():
    seen = spread.Observation(100, 10, 1.0)
    assert np.isnan(spread.predict(IntraClass(pi_core=0.0), seen, same=1.0).value)
    assert np.isfinite(spread.predict(IntraClass(pi_core=1.0), seen, same=1.0).value)


def test_of_several_estimates_the_one_that_is_nan_is_never_passed_over():
    good, broken = stats.exact(1.0), stats.exact(np.nan)
    for order in ((good, broken), (broken, good)):
        assert np.isnan(stats.reaching_lowest(*order).value) and np.isnan(stats.reaching_highest(*order).value)


# The command line: one row a command that cannot be, with words of its one sentence.

FIGURE1 = ["run", "huang2024.figure1", "--tier", "smoke"]
COMMANDS = [
    ([*FIGURE1, "--set", "seeds=3"], "chosen with --seeds"),
    ([*FIGURE1, "--set", "figure1.seeds=3"], "chosen with --seeds"),
    ([*FIGURE1, "--set", "epochs=true"], "true and false are no numbers"),
    ([*FIGURE1, "--set", "epochs=5", "--set", "epochs=6"], "given twice"),
    ([*FIGURE1, "--set", "ratio=" + "9" * 6000], "cannot be"),
    ([*FIGURE1, "--set", "n=1000000000000000000000"], "larger than anything can hold"),
    ([*FIGURE1, "--set", "n=100000000"], "more memory than there is"),
    ([*FIGURE1, "--set", "d=1000000000"], "more memory than there is"),
    ([*FIGURE1, "--set", "signal=1e308", "--tier", "paper"], "less than or equal to 1000000"),
    ([*FIGURE1, "--set", "n=" + "[" * 5000], "cannot be read as a list"),
    ([*FIGURE1, "--set", "x" * 6000 + "=1"], "Unknown field"),
    (["run", "yaras2024.toy_swaps", "--tier", "smoke", "--set", "hard=[1,x.5]"], "write numbers as 0.5"),
    ([*FIGURE1, "--seeds", "4294967296,5"], "4294967295"),
    ([*FIGURE1, "--seeds", "1," * 3000], "Seeds"),
    (["run", "x" * 6000], "Unknown chapter or experiment"),
    (["run", "ren2023.clock\n\x1b[31m"], "Unknown chapter or experiment 'ren2023.clock\\n"),
    (["run", "ren2023.pushes", "--tier", "smoke", "--seeds", "x"], "Seeds 'x' cannot be used"),
    (["why", "ren2023.pushes", "--tier", "smoke", "--seeds", "0"], "Seeds '0' cannot be used"),
    (["run", "ren2023.pushes", "--set", "noise=1e300"], "between 1e-15 and 1e+15"),
    (["run", "ren2023.pushes", "--set", "signal=[1e-200]"], "between 1e-15 and 1e+15"),
    (["run", "ren2023.pushes", "--set", "inverse_temperatures=[1e-300,1,5,15,30]"], "between 1e-15 and 1e+15"),
    (["run", "ren2023.rates", "--set", "cases=[[1e300,3]]"], "between 1e-15 and 1e+15"),
    (["run", "ren2023.sweep", "--set", "inverse_temperatures=[3,1]"], "write [1, 3]"),
    (["run", "yaras2024.scenes_fixed", "--set", 'methods=["FLT 1e300"]'], "names no fixed temperature"),
    (["run", "hoang2024.figure1"], "did you mean 'huang2024.figure1'"),
    (["claims", ""], "An empty name"),
    (["claims", "  "], "An empty name"),
    (["claims", "--tolerance", "inf", "ren2023.d1"], "--tolerance inf cannot be used"),
    (["claims", "--tolerance", "nan", "ren2023.d1"], "--tolerance nan cannot be used"),
    (["figure", "huang2024.fig1", "--tier", "smoke", "--out", ""], "--out is empty"),
    (["figure", "huang2024.fig1", "--tier", "smoke", "--out", "~nosuchuser/x"], "--out ~nosuchuser/x cannot be used"),
    (["figure", "huang2024.fig1", "--tier", "smoke", "--out", "a\x00b"], "--out a\\x00b cannot be used"),
    (["figure", "huang2024.fig1", "--tier", "smoke", "--out", "x" * 300], "cannot be used"),
    (["figure", "huang2024.fig1", "--tier", "smoke", "--out", "/dev/null"], "it is a file"),
    (["train-clip", "small", "--out", "~nosuchuser/x", "--set", "data=/nowhere"], "--out ~nosuchuser/x cannot be used"),
    (["figure", "", "--tier", "smoke"], "Unknown figure"),
    (["data", "list", "x"], "Unknown data source 'x'"),
    (["data", "list", ""], "Unknown data source ''"),
    (["serve", "--port", "0"], "built site|out of range"),
]


@pytest.mark.parametrize(("argv", "words"), COMMANDS, ids=[" ".join(a)[:60] for a, _ in COMMANDS])
def test_a_command_that_cannot_be_is_one_short_sentence(argv, words, capsys):
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert err.startswith("mmcl: ") and err.count("\n") == 1 and any(w in err for w in words.split("|")), err
    assert len(err) < 330 and "\x1b" not in err, err


SURROUNDINGS = [
    ({"MMCL_THREADS": "²"}, "MMCL_THREADS"),
    ({"MMCL_THREADS": "99999999999"}, "MMCL_THREADS"),
    ({"MMCL_THREADS": "-1"}, "MMCL_THREADS"),
    ({"MMCL_RESULTS": "~nosuchuser/x"}, "MMCL_RESULTS is '~nosuchuser/x'"),
    ({"MMCL_RESULTS": "/tmp/" + "x" * 300}, "MMCL_RESULTS"),
    ({"MMCL_RESULTS": "/dev/null"}, "it is a file"),
    ({"MMCL_RESULTS": "/dev/null/x"}, "MMCL_RESULTS"),
    ({"MMCL_RESULTS": "/proc/x"}, "MMCL_RESULTS"),
    ({"MMCL_CACHE": "~nosuchuser"}, "MMCL_CACHE"),
    ({"MMCL_DATA_DIR": "x" * 300}, "MMCL_DATA_DIR"),
]


@pytest.mark.parametrize(("variables", "words"), SURROUNDINGS, ids=[str(v)[:40] for v, _ in SURROUNDINGS])
def test_an_environment_that_cannot_be_is_one_short_sentence(variables, words, capsys, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    reads_data = next(iter(variables)) in ("MMCL_CACHE", "MMCL_DATA_DIR")
    target = "huang2024.colored_samples" if reads_data else "huang2024.identities"
    assert main(["run", target, "--tier", "smoke", "--seeds", "91,92"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("mmcl: ") and err.count("\n") == 1 and words in err and len(err) < 330, err


HOMELESS = "import os; os.environ.pop('HOME', None); os.setuid(54321); "
CACHES = [
    (HOMELESS, {}, "/tmp/"),
    ("", {"XDG_CACHE_HOME": ""}, "/home/somebody/.cache/"),
    ("", {"XDG_CACHE_HOME": "relative"}, "/tmp/"),
    ("", {"XDG_CACHE_HOME": "/elsewhere"}, "/elsewhere/"),
]


@pytest.mark.parametrize(("before", "variables", "place"), CACHES)
def test_the_cache_has_a_place_for_everybody(before, variables, place):
    if before and os.getuid():
        pytest.skip("only root can become an unknown user")
    code = f"from mmcl_core.paths import cache_folder; {before}print(cache_folder())"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MMCL", "XDG", "TMP"))}
    environment = kept | {"HOME": "/home/somebody", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | variables
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd="/")
    assert run.stdout.strip() == f"{place}mmcl", run.stderr


@pytest.mark.parametrize("command", ["list", "data list"])
def test_a_full_disk_is_one_sentence(command):
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "mmcl_core.cli", *command.split()], cwd=ROOT, stdout=full, stderr=subprocess.PIPE
        )
    err = run.stderr.decode()
    assert run.returncode == 2 and err == (
        "mmcl: The output could not be read or written (No space left on device): free some space, or name another "
        "folder\n"
    )


def test_a_folder_where_a_data_file_should_be_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MMCL_CACHE", str(tmp_path / "none"))
    monkeypatch.setenv("MMCL_DATA_DIR", str(tmp_path))
    (tmp_path / "features_clip.npy").mkdir()
    assert main(["data", "list"]) == 0 and "features_clip.npy is no file" in capsys.readouterr().out
