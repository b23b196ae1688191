# Every word does its own set-up; the virtual environment and the test cluster's programs are kept between runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 4
# The tests start thousands of processes: each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo casts test test-quick fuzz lint bench docs package clean

demo: $(VENV)/.ready
	@$(BIN)/python -m tests.demo $(if $(KEEP),--keep)

casts: $(VENV)/.ready
	@$(BIN)/python -m tests.demo --record

test: $(VENV)/.ready lint
	@$(BIN)/python -m tests.cluster up --node >/dev/null
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --durations=30 --durations-min=5

test-quick: $(VENV)/.ready
	@$(BIN)/python -m pytest tests/pure tests/actions tests/cli tests/house

fuzz: $(VENV)/.ready
	@FUZZ_SECONDS=$(or $(SECONDS),60) $(BIN)/python -m pytest -x --no-header tests/fuzz

lint: $(VENV)/.ready
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo | tail -n 3

bench: $(VENV)/.ready
	@$(BIN)/python -m benchmarks

docs: $(VENV)/.ready
	@$(BIN)/python -m tests.house.documents
	@$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build
	@echo "file://$(CURDIR)/docs/_build/index.html"

package: $(VENV)/.ready
	@$(BIN)/python -m deploy $(if $(ADDRESS),--address $(ADDRESS))

$(VENV)/.ready: pyproject.toml
	@echo "setting up $(VENV) …" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev,docs]'
	@touch $@
