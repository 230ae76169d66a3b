"""Makes and keeps the environment in `.venv`: what `make` runs before anything else. Standard library only.

The environment is ready when its stamp says so: for this place, this interpreter and these requirements. An interrupted
installation, a renamed or copied clone and an interpreter that was upgraded away leave no such stamp, and it is made
anew. Two at once wait for each other.
"""

import hashlib
import os
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 14)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin", "python")
STAMP = os.path.join(VENV, ".ready")
# The reader's settings of pip stay, a mirror among them, but not those that put packages elsewhere.
ELSEWHERE = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE")


def stop(sentence):
    """End with one sentence."""
    sys.exit("make: " + sentence)


def wanted():
    """What the stamp must say: a digest of place, interpreter and requirements."""
    digest = hashlib.sha256((VENV + "\n" + sys.version).encode())
    for name in ("requirements.lock", "pyproject.toml", os.path.join("tools", "ready.py")):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return VENV + "\n" + digest.hexdigest() + "\n"


def stamped():
    """What the stamp says, or nothing."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def environment():
    """The environment for pip and Python: the reader's, without what would lead installations elsewhere."""
    kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    return dict(kept, PIP_USER="0", PYTHONNOUSERSITE="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_REQUIRE_VIRTUALENV="0")


def works():
    """Whether the interpreter in `.venv` starts, is this place's, and has pip."""
    code = "import sys, os, pip; sys.exit(os.path.realpath(sys.prefix) != os.path.realpath(sys.argv[1]))"
    try:
        return subprocess.run([BIN, "-c", code, VENV], env=environment(), stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def run(*command):
    """Run a command, or end with the last line of what it said."""
    done = subprocess.run(command, env=environment(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip().splitlines()
        sys.stderr.write("\n".join(said[-20:]) + "\n")
        stop("the installation failed, for the reason above; the same command starts it again")


def interpreter():
    """The interpreter to make it with: where `.venv` is activated, not its own, which goes with it."""
    inside = os.path.realpath(sys.prefix) == os.path.realpath(VENV)
    return getattr(sys, "_base_executable", sys.executable) if inside else sys.executable


def make():
    """A new, empty environment."""
    python = interpreter()
    if os.path.islink(VENV) or os.path.isfile(VENV):
        os.remove(VENV)
    shutil.rmtree(VENV, ignore_errors=True)
    done = subprocess.run([python, "-m", "venv", VENV], env=environment(), stdout=subprocess.PIPE)
    if done.returncode or not works():
        shutil.rmtree(VENV, ignore_errors=True)
        stop(
            "%s cannot make an environment with pip: install its venv module (on Debian and Ubuntu: apt install "
            "python%d.%d-venv), or name another interpreter with make PYTHON=..." % ((python,) + sys.version_info[:2])
        )


def prepare():
    """Install what the lock file says, unless the stamp says that it is there."""
    if stamped() == wanted() and os.path.exists(BIN):
        return
    ours = stamped().splitlines()[:1] == [VENV]  # made here and finished once: only its packages have changed
    sound = ours and works()
    if os.path.exists(STAMP):  # first of all: what is interrupted from here on was never finished
        os.remove(STAMP)
    if not sound:
        print("Making the environment .venv", flush=True)
        make()
    print("Installing the pinned packages into .venv (a minute or two the first time)", flush=True)
    pip = (BIN, "-m", "pip", "install", "-qq")
    run(*pip, "-r", "requirements.lock")
    run(*pip, "--no-deps", "--no-build-isolation", "-e", ".")
    # Where wordllama has no package, its two files are taken out of another machine's; without them a section says so.
    if subprocess.run([BIN, "-c", "import wordllama"], env=environment(), stderr=subprocess.DEVNULL).returncode:
        subprocess.run([BIN, "-m", "mmcl_core.cli", "data", "fetch", "wordllama"], env=environment())
    with open(STAMP + ".new", "w", encoding="utf-8") as file:
        file.write(wanted())
    os.replace(STAMP + ".new", STAMP)


def main():
    """Wait for whoever is making it, then make what is missing."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        stop(
            "Python %d.%d cannot be used: 3.11 to 3.14 can; name one with make PYTHON=python3.11" % sys.version_info[:2]
        )
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return prepare()
    with open(os.path.join(ROOT, ".venv.lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another make is making the environment; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        prepare()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("make: interrupted; the same command starts the installation again")
    except OSError as error:
        stop("the environment .venv could not be made (%s)" % error)
