# make book    the site at tier `book` (default)      make test    the whole suite
# make preview the site at tier `smoke`               make clean   remove what was generated
# make mutants plant errors, see each caught  make bench   measure every family's speed
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: book preview test mutants bench sync lint serve clean distclean
book: $(READY)
	@$(BIN)/mmcl build --tier book

preview: $(READY)
	@$(BIN)/mmcl build --tier smoke

test: $(READY)
	@$(BIN)/python -m pytest -n auto

mutants: $(READY)
	@$(BIN)/python tests/mutants.py

bench: $(READY)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check 'jax>=0.7'
	@$(BIN)/python -m benchmarks.bench

sync: $(READY)
	@$(BIN)/mmcl sync

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

serve: $(READY)
	@$(BIN)/mmcl serve

# The stamp is redone only when what it installs changes.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python %d.%d is too old: 3.11 or newer is needed; name one with make PYTHON=python3.11" % sys.version_info[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV) (a minute or two the first time)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf _build results build dist *.egg-info .pytest_cache .hypothesis .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV)
