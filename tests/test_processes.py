"""Whatever ends a command, nothing that it started outlives it: three seconds after SIGTERM and a closed terminal, ten
after SIGKILL."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from mmcl_core.cli import interrupt, main
from mmcl_core.errors import InputError
from mmcl_core.lab.processes import alone
from tests.test_schedule import left_alive

ROOT = Path(__file__).parents[1]

# A chapter in which a cell sleeps, executed under the command line's own handling of signals.
CHAPTER = """
import sys
from pathlib import Path
from mmcl_core import cli
from mmcl_core.cli import commands
from mmcl_core.site.execute import Limits, execute_all

def execute(arguments):
    folder = Path(sys.argv[1])
    execute_all([folder / "nap.ipynb"], folder / "executed", {}, Limits(60, 600, 600), folder, {"nap": ""}, print)

commands.command_doctor = execute
sys.exit(cli.main(["doctor"]))
"""


def kernels(process):
    return [p for p in process.children(recursive=True) if "-m ipykernel" in " ".join(p.cmdline())]


def workers(process):
    return [p for p in process.children(recursive=True) if "spawn_main" in " ".join(p.cmdline())]


def chapter(folder):
    cells = [nbformat.v4.new_code_cell("open('napping', 'w').close(); import time; time.sleep(600)")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "nap.ipynb")
    return [sys.executable, "-c", CHAPTER, str(folder)], lambda process: (folder / "napping").exists()


def experiments(folder):
    """Processes that compute: workers are there, and the first results are stored."""
    command = [sys.executable, "-m", "mmcl_core.cli", "run", "huang2024", "--tier", "smoke", "--jobs", "2"]
    return command, lambda process: len(workers(process)) == 2 and list(folder.glob("results/*/*/meta.json"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda s: s.name)
@pytest.mark.parametrize("what", [experiments, chapter])
def test_nothing_is_left(what, number, tmp_path):
    command, begun = what(tmp_path)
    environment = os.environ | {"MMCL_RESULTS": str(tmp_path / "results"), "PYTHONPATH": str(ROOT)}
    process = psutil.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # the suite itself may run under nohup
    )
    start = time.monotonic()
    while not begun(process):
        assert process.poll() is None and time.monotonic() - start < 120, process.communicate()
        time.sleep(0.05)
    family = [process, *process.children(recursive=True)]
    assert len(family) > 2 and (what is experiments or kernels(process))
    process.send_signal(number)
    if number != signal.SIGKILL:
        left_alive(family, 3)
        out, err = process.communicate(timeout=5)
        assert process.returncode == 128 + number
        last = err.splitlines()[-1]
        assert last.startswith(f"mmcl: ended by {number.name}; every result that was finished is kept"), err
        assert "Traceback" not in err and "leaked" not in err, err
    else:
        left_alive(family[1:], 10)
        process.communicate()


def test_the_second_signal_does_not_wait(tmp_path):
    """The clean-up hangs; asked again, the command ends at once with all that it started."""
    code = (
        "import subprocess, sys, time\n"
        "from mmcl_core import cli\nfrom mmcl_core.cli import commands\n"
        "def hang(arguments):\n"
        "    try:\n        subprocess.Popen(['sleep', '600']); print('ready', flush=True); time.sleep(600)\n"
        "    finally:\n        print('cleaning', flush=True); time.sleep(600)\n"
        "commands.command_doctor = hang\nsys.exit(cli.main(['doctor']))\n"
    )
    process = psutil.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    family = process.children()
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "cleaning\n"
    process.send_signal(signal.SIGINT)
    left_alive([process, *family], 3)
    assert process.wait() == 130 and len(family) == 1
    err = process.stderr.read()
    assert err.startswith("mmcl: interrupted") and err.count("\n") == 1


def test_handlers_are_put_back_and_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupt.signals_noted():
            assert signal.getsignal(signal.SIGTERM) == interrupt.remember_interrupt
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)
    assert main(["fly"]) == 2


HOLDER = """
import sys, time
from pathlib import Path
from mmcl_core.lab.processes import alone
with alone(Path(sys.argv[1])):
    print("inside", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_of_two_the_second_waits_and_a_killed_one_holds_nothing(tmp_path):
    def start(seconds):
        command = [sys.executable, "-c", HOLDER, str(tmp_path / "new"), str(seconds)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    first = start(600)
    assert first.stdout.readline() == "inside\n"
    second = start(0)
    assert "this one waits" in second.stderr.readline() and second.poll() is None
    first.kill()
    assert second.communicate(timeout=30)[0] == "inside\n" and second.returncode == 0
    first.communicate()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"), alone(tmp_path / "file" / "build"):
        pass
