"""The same units on a real Dask scheduler and two workers on loopback: the same bits, a lost worker costs only time,
and what does not answer is one sentence."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mmcl_core.cli import main
from mmcl_core.errors import InputError
from mmcl_core.lab import cluster
from mmcl_core.lab.run import request, run
from mmcl_core.lab.schedule import place_for, prepare, requests
from mmcl_core.lab.store import Store
from tests import toy_units as toy
from tests.named import run as run_named
from tests.test_schedule import left_alive

ROOT = Path(__file__).parents[1]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Loopback:
    """`dask scheduler` and `dask worker`, as on a cluster; each worker has a results folder of its own."""

    def __init__(self, folder):
        self.folder, self.address, self.processes = folder, f"tcp://127.0.0.1:{free_port()}", []
        host, port = self.address.removeprefix("tcp://").split(":")
        self.scheduler = self.start("scheduler", "--host", host, "--port", port, "--no-dashboard")
        self.workers = [self.worker(), self.worker()]

    def start(self, *arguments):
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "MMCL_RESULTS": str(self.folder / str(len(self.processes))),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def worker(self):
        return self.start("worker", self.address, "--nthreads", "1", "--nworkers", "1", "--no-dashboard", "--no-nanny")

    def wait(self, count):
        from distributed import Client

        with Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=60)

    def close(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()


@pytest.fixture(scope="module")
def loopback(tmp_path_factory):
    made = Loopback(tmp_path_factory.mktemp("dask"))
    try:
        made.wait(2)
        yield made
    finally:
        made.close()


def test_the_same_bits_from_a_cluster(loopback, tmp_path):
    place, store, here = place_for("dask", loopback.address), Store(tmp_path / "there"), Store(tmp_path / "here")
    from mmcl_core.catalog import find_experiment

    chosen = [find_experiment("huang2024.figure1"), find_experiment("yaras2024.toy_swaps"), toy.quick]
    told = []
    assert prepare(requests(chosen, "smoke"), store, pool=place, begin=lambda *a: told.append(a)) == {}
    assert told[0][0] == 3 and told[0][2] == 2
    for e in chosen:
        there, mine = run(e, "smoke", store=store), run(e, "smoke", store=here)
        assert there.cached and there.key == mine.key
        for name in mine:
            assert there[name].tobytes() == mine[name].tobytes(), (e.name, name)
    where = requests([toy.where], "smoke")
    prepare(where, store, pool=place)
    pids = set(run(toy.where, "smoke", store=store)["pid"])
    assert pids <= {w.pid for w in loopback.workers} and len(pids) == 2


def test_a_lost_worker_costs_only_time(loopback, tmp_path):
    store, spare = Store(tmp_path), loopback.worker()
    loopback.wait(3)
    asked = requests([toy.slow], "paper", 8)
    killed = []

    def kill_one(*_):
        killed.append(
            subprocess.Popen([sys.executable, "-c", f"import os, time; time.sleep(1); os.kill({spare.pid}, 9)"])
        )

    assert prepare(asked, store, pool=place_for("dask", loopback.address), begin=kill_one) == {}
    assert killed[0].wait() == 0 and spare.wait() == -signal.SIGKILL
    expected = np.stack([np.random.default_rng(s).normal(size=100) for s in range(8)])
    assert run(toy.slow, "paper", 8, store=store)["x"].tobytes() == expected.tobytes()


def test_an_error_on_a_worker_is_its_experiments(loopback, tmp_path):
    store = Store(tmp_path)
    failed = prepare(requests([toy.wrong, toy.quick], "smoke"), store, pool=place_for("dask", loopback.address))
    assert list(failed) == ["toy.wrong"] and str(failed["toy.wrong"]) == "the third seed is too much"
    assert request(toy.quick, "smoke").missing(store) == []


def test_from_the_command_line(loopback, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MMCL_RESULTS", str(tmp_path))
    ask = ["run", "huang2024.identities", "--tier", "smoke", "--backend", "dask", "--scheduler", loopback.address]
    assert main(ask) == 0 and "computed" in capsys.readouterr().out
    assert run_named("huang2024.identities", "smoke").cached


def test_a_scheduler_that_does_not_answer_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MMCL_RESULTS", str(tmp_path))
    monkeypatch.setattr(cluster, "PATIENCE", 1.0)
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen()  # takes the connection and never says a word
    for address in (f"tcp://127.0.0.1:{free_port()}", f"tcp://127.0.0.1:{silent.getsockname()[1]}", "nowhere", "a://b"):
        start = time.monotonic()
        ask = ["run", "huang2024.identities", "--tier", "smoke", "--backend", "dask", "--scheduler", address]
        assert main(ask) == 2
        out, err = capsys.readouterr()
        assert err.startswith(f"mmcl: No Dask scheduler answers at '{address}'") and err.count("\n") == 1, err
        assert time.monotonic() - start < 20 and out == ""
    silent.close()


@pytest.mark.parametrize("arguments", [("dask", None), ("local", "tcp://a:1"), ("slurm", None)])
def test_what_does_not_go_together_is_refused(arguments):
    with pytest.raises(InputError, match="--backend dask and --scheduler|allowed are local, dask"):
        place_for(*arguments)


def test_a_scheduler_that_is_lost_meanwhile_is_one_sentence(tmp_path):
    made = Loopback(tmp_path)
    try:
        made.wait(2)
        code = f"import os, time; time.sleep(1.5); os.kill({made.scheduler.pid}, 9)"
        killer = []
        with pytest.raises(InputError, match="no longer answers"):
            prepare(
                requests([toy.slow], "paper", 60),
                Store(tmp_path / "store"),
                pool=place_for("dask", made.address),
                begin=lambda *_: killer.append(subprocess.Popen([sys.executable, "-c", code])),
            )
        assert killer[0].wait() == 0
    finally:
        made.close()
    left_alive([], 0)
