"""The scheduler: side by side, longest first, errors kept apart, kills survived, nothing left behind."""

import io
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from mmcl_core.errors import InputError
from mmcl_core.lab import capacity, schedule
from mmcl_core.lab.durations import Durations
from mmcl_core.lab.progress import Progress, spoken
from mmcl_core.lab.run import request, run
from mmcl_core.lab.schedule import Processes, prepare, requests
from mmcl_core.lab.store import Store
from tests import toy_units as toy

ROOT = Path(__file__).parents[1]


def test_what_is_missing_is_computed_side_by_side(tmp_path, capsys):
    store = Store(tmp_path)
    told = []
    asked = requests([toy.slow, toy.quick, toy.where], "book")
    failed = prepare(asked, store, jobs=2, begin=lambda *a: told.append(a), finished=lambda n: f"finished {n}")
    assert failed == {} and told[0][0] == 3 and told[0][2] == 2
    assert sorted(capsys.readouterr().out.split()[1::2]) == ["toy.quick", "toy.slow", "toy.where"]
    where = run(toy.where, "book", store=store)
    assert where.cached and len(set(where["pid"])) == 2 and os.getpid() not in where["pid"]
    assert set(where["threads"]) == {1}
    for e in (toy.slow, toy.quick):
        expected = np.stack([np.random.default_rng(s).normal(size=100) for s in range(6)])
        assert run(e, "book", store=store)["x"].tobytes() == expected.tobytes()
    told.clear()
    assert prepare(asked, store, jobs=2, begin=lambda *a: told.append(a)) == {} and not told


def test_here_when_a_process_is_not_worth_its_start(tmp_path):
    prepare(requests([toy.where], "smoke"), Store(tmp_path), jobs=2)  # three seconds
    assert set(run(toy.where, "smoke", store=Store(tmp_path))["pid"]) == {os.getpid()}


def test_an_error_stays_with_its_experiment(tmp_path):
    store = Store(tmp_path)
    failed = prepare(requests([toy.wrong, toy.slow], "book"), store, jobs=2)
    assert list(failed) == ["toy.wrong"] and "third seed" in str(failed["toy.wrong"])
    assert isinstance(failed["toy.wrong"], InputError)
    assert request(toy.slow, "book").missing(store) == []
    assert len(request(toy.wrong, "book", 2).missing(store)) == 0  # what was finished is kept


def test_a_killed_worker_costs_only_time(tmp_path):
    (tmp_path / "marks").mkdir()
    store = Store(tmp_path / "store")
    asked = requests([toy.killed, toy.slow], "book", settings={"toy.killed": {"place": str(tmp_path / "marks")}})
    assert prepare(asked, store, jobs=2) == {}
    assert [r.missing(store) for r in asked] == [[], []]


def test_a_unit_that_kills_its_process_is_named_and_the_others_are_computed(tmp_path):
    store = Store(tmp_path)
    failed = prepare(requests([toy.doomed, toy.slow], "book"), store, jobs=2)
    assert list(failed) == ["toy.doomed"] and "toy.doomed seed 1 was killed" in str(failed["toy.doomed"])
    assert request(toy.slow, "book").missing(store) == []


def test_what_is_not_done_within_the_limit_is_given_up(tmp_path):
    before = set(psutil.Process().children(recursive=True))
    failed = prepare(
        requests([toy.slow], "paper", 4, settings={"toy.slow": {"nap": 60.0}}), Store(tmp_path), jobs=2, limit=3
    )
    assert "not done within 3 s" in str(failed["toy.slow"])
    new = set(psutil.Process().children(recursive=True)) - before
    left_alive([p for p in new if "resource_tracker" not in " ".join(p.cmdline())], 3)  # that one stays with us


def left_alive(processes, within):
    """Fails when one of `processes` is alive after so many seconds."""
    alive = [
        p
        for p in psutil.wait_procs(processes, timeout=within)[1]
        if p.is_running() and p.status() != psutil.STATUS_ZOMBIE
    ]
    assert not alive, [p.cmdline() for p in alive]


def test_longest_first_by_what_was_measured(tmp_path):
    durations = Durations(tmp_path)
    (three, _), (one, *_) = (request(e, "book").units for e in (toy.quick, toy.slow))
    assert durations(three) == 0.5 and durations(one) == 1.0  # declared, by the share of seeds
    durations.note(three, 7.25)
    assert Durations(tmp_path)(three) == 7.25
    assert Durations(tmp_path)(request(toy.quick, "book", "3,").units[0]) == 7.25  # the next block is of the same kind
    assert Durations(tmp_path)(request(toy.quick, "smoke").units[0]) == 0.5
    order = []

    class Noted(schedule.Here):
        def submit(self, unit):
            order.append(unit.experiment.name)
            return super().submit(unit)

    prepare(requests([toy.slow, toy.quick], "book"), Store(tmp_path), jobs=1, pool=Noted)
    assert order == ["toy.quick"] * 2 + ["toy.slow"] * 6


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": "b", "c": -1}', "\x00"])
def test_a_spoilt_memory_of_seconds_loses_nothing(tmp_path, content):
    (tmp_path / "seconds.json").write_text(content)
    durations = Durations(tmp_path)
    assert durations.known == {}
    durations.note(request(toy.slow, "book").units[0], 2.0)
    assert len(Durations(tmp_path).known) == 1


def clocked(units, terminal=False):
    class Stream(io.StringIO):
        def isatty(self):
            return terminal

    now = [0.0]
    return Progress(units, lambda unit: 10.0, Stream(), every=0.01, clock=lambda: now[0]), now


def test_progress_says_what_is_done_what_runs_and_what_is_left():
    units = [u for r in requests([toy.slow, toy.quick], "book") for u in r.units]  # six and two
    progress, now = clocked(units)
    progress.width = 2
    assert progress.seconds_left() == 40
    progress.begin(units[0])
    progress.begin(units[-1])
    now[0] = 4.0
    assert progress.line() == (
        "0 of 2 experiments done; toy.slow seed 0 4 of 10 s, toy.quick seed 3 to 5 4 of 10 s; about 36 s left"
    )
    assert not progress.done(units[0], 20.0)  # twice what was expected: so will the others take
    assert progress.seconds_left() == (6 * 20 + (20 - 4)) / 2
    progress.done(units[-1], 20.0)
    assert progress.done(units[-2], 20.0) and progress.line().startswith("1 of 2 experiments done; nothing runs")


def test_progress_writes_lines_into_a_log_and_one_live_line_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    for terminal in (False, True):
        progress, _ = clocked(list(request(toy.slow, "book").units), terminal)
        progress.every = 0.01
        with progress:
            progress.say("a result")
            time.sleep(0.2)
        text = progress.stream.getvalue()
        assert "0 of 1 experiments done" in text
        assert (text.count("\n") > 1, "\r" in text) == (not terminal, terminal)
        assert not terminal or text.endswith("\r\x1b[K")
    assert capsys.readouterr().out == "a result\na result\n"


def test_progress_survives_a_closed_terminal():
    progress, _ = clocked(list(request(toy.slow, "book").units))
    progress.stream.close()
    with progress:
        time.sleep(0.1)


@pytest.mark.parametrize(("seconds", "words"), [(3.2, "3 s"), (100, "2 min"), (4000, "67 min"), (9000, "2 h 30 min")])
def test_seconds_as_a_person_says_them(seconds, words):
    assert spoken(seconds) == words


def test_processes_are_bounded_by_cores_quota_and_memory(monkeypatch, tmp_path):
    monkeypatch.delenv("MMCL_JOBS", raising=False)
    monkeypatch.setattr(capacity.joblib, "cpu_count", lambda: 8)
    monkeypatch.setattr(capacity, "available_memory", lambda: 3 << 30)
    assert capacity.jobs() == 3
    monkeypatch.setattr(capacity, "available_memory", lambda: 0)
    assert capacity.jobs() == 1 and capacity.jobs("12") == 12
    monkeypatch.setenv("MMCL_JOBS", "5")
    assert capacity.jobs() == 5 and capacity.jobs(2) == 2
    for wrong in ("0", "-1", "two", "²", "1.5", "99999999999", ""):
        with pytest.raises(InputError, match="--jobs"):
            capacity.jobs(wrong)
    monkeypatch.undo()
    free = psutil.virtual_memory().available
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("5\n")
    assert capacity.available_memory(tmp_path) > free / 2
    (tmp_path / "memory.max").write_text("1005\n")
    assert capacity.available_memory(tmp_path) == 1000


def started(folder):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.toy_units", str(folder)], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )


def test_killed_at_random_moments_it_goes_on_and_ends_with_the_same_bits(tmp_path):
    """SIGKILL of the parent; its workers notice within seconds; what was stored stays."""
    chance, folder = random.Random(1), tmp_path / "store"
    asked = requests([toy.slow, toy.quick], "book")
    for _ in range(4):
        process = started(folder)
        time.sleep(chance.uniform(1.0, 5.0))
        family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        process.wait()
        left_alive(family, 10)
    assert started(folder).wait(timeout=120) == 0
    store = Store(folder)
    assert [r.missing(store) for r in asked] == [[], []]
    for e in (toy.slow, toy.quick):
        expected = np.stack([np.random.default_rng(s).normal(size=100) for s in range(6)])
        assert run(e, "book", store=store)["x"].tobytes() == expected.tobytes()


def test_a_pool_restarts(tmp_path):
    pool = Processes(1)
    try:
        unit = request(toy.where, "smoke", "0,").units[0]
        first = pool.submit(unit).result().arrays["pid"][0]
        os.kill(int(first), signal.SIGKILL)
        pool.restart(1)
        assert pool.submit(unit).result().arrays["pid"][0] != first
    finally:
        pool.close()
