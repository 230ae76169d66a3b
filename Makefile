# make book    the site at tier `book` (default)      make test      the whole suite
# make preview the site at tier `smoke`               make lint      style and types
# make mutants plant errors, see each caught          make torture   kills and corrupt bytes by the hundred
# make bench   measure every family's speed
# make clean   remove the site, keep results/         make distclean remove results/ and .venv as well
PYTHON ?= python3
BIN    := .venv/bin
MMCL   := $(BIN)/python -P -m mmcl_core.cli

.PHONY: book preview test torture mutants bench sync lint serve ready clean distclean
book: ready
	@$(MMCL) build --tier book

preview: ready
	@$(MMCL) build --tier smoke

test: ready
	@$(BIN)/python -m pytest -n auto

torture: ready
	@$(BIN)/python -m tests.torture

mutants: ready
	@$(BIN)/python tests/mutants.py

bench: ready
	@$(BIN)/python -m pip install -qq --disable-pip-version-check 'jax>=0.7'
	@$(BIN)/python -m benchmarks.bench

sync: ready
	@$(MMCL) sync

lint: ready
	@$(BIN)/python -m ruff check . && $(BIN)/python -m ruff format --check . && $(BIN)/python -m mypy

serve: ready
	@$(MMCL) serve

# Makes the environment, or mends it; asked every time, and done in a moment when nothing has changed.
ready:
	@command -v $(PYTHON) >/dev/null || { echo "make: there is no $(PYTHON) here: install Python 3.11 or newer, or name it with make PYTHON=..." >&2; exit 2; }
	@$(PYTHON) tools/ready.py

clean:
	rm -rf _build build dist *.egg-info .pytest_cache .hypothesis .ruff_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
	@test ! -d results || echo "results/ is kept; make distclean removes it as well"

distclean: clean
	@test ! -d results || echo "removing results/ and with it everything that was computed"
	rm -rf results .venv .venv.lock
