# The front door. `make demo` and `make test` need Python 3.11+, make and pip; they set up .venv by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check lint bench fuzz docs clean
.DEFAULT_GOAL := test

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(READY)

demo: $(READY)
	$(BIN)/preflight demo

test: $(READY)
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint
	$(BIN)/python -m pytest --cov --cov-report=term

bench: $(READY)
	$(BIN)/python -m tests.benchmarks

fuzz: $(READY)
	$(BIN)/python -m tests.benchmarks.message_fuzz
	$(BIN)/python -m tests.benchmarks.bounces_fuzz

docs: $(READY)
	$(BIN)/preflight rules --format markdown --lang en > docs/rules.md
	$(BIN)/preflight codes --format markdown --lang en > docs/codes.md
	$(BIN)/preflight profiles --format markdown --lang en > docs/receivers.md
	$(BIN)/preflight schema > docs/report.schema.json
	$(BIN)/preflight schema diagnosis > docs/diagnosis.schema.json
	$(BIN)/python -m tests.pages

clean:
	rm -rf $(VENV) dist build .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
