# `make run` and `make test` work on a fresh machine with Python 3.11+ and make; both install what they need into .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SCENARIO ?= paris-2024
PORT ?= 8150
# One more than there are cores: a third of the suite's time is spent waiting for processes and pages.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# Where bytecode is not kept, each of the processes that a campaign or the suite starts compiles all that it imports: 0.3 to 1.5 s.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install run test check fix deep faults fuzz bench soak serve load lock clean

help: ## list what make can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(STAMP) ## install Tenfold and everything it needs into .venv, as pinned in requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@echo "==> installing into $(VENV) (pinned by requirements.lock)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=python3.12, say"; exit 3; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if command -v uv >/dev/null 2>&1; then \
	  VIRTUAL_ENV=$(VENV) uv pip install --quiet --require-hashes -r requirements.lock && \
	  VIRTUAL_ENV=$(VENV) uv pip install --quiet --no-deps --no-build-isolation -e .; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	fi
	@touch $(STAMP)

run: install ## run a campaign (SCENARIO=paris-2024) with the live page on loopback; ends with a scorecard
	@echo "==> campaign $(SCENARIO), about a minute (the first start also compiles the kernels, once)"
	@$(BIN)/tenfold run $(SCENARIO) --port $(PORT)

test: install ## run the whole test suite (WORKERS=1: one test at a time)
	@echo "==> kernels (compiled once, kept on disk)" && $(BIN)/python -m tests.kernels
	@echo "==> tests"
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS) --maxprocesses=4 --dist=loadfile

check: install ## lint, format, types, dependencies
	@echo "==> ruff" && $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "==> mypy" && $(BIN)/mypy
	@echo "==> pip check" && $(BIN)/python -m pip check

fix: install ## mend what the linter and formatter can mend by themselves
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

deep: install ## the test suite with many more hypothesis examples; licences and advisories of what is shipped
	@TENFOLD_PROFILE=deep $(BIN)/python -m pytest
	@$(BIN)/python deploy/supply.py licences
	@$(BIN)/python deploy/supply.py advisories

sbom: install ## a bill of materials (CycloneDX) of what a user installs: sbom.json
	@$(BIN)/python deploy/supply.py sbom sbom.json

faults: install ## the faults at full length: kills, failing calls, histories, overload (TENFOLD_FAULTS=full)
	@TENFOLD_FAULTS=full $(BIN)/python -m pytest tests/faults

fuzz: install ## coverage-guided fuzzing (TARGET=all FOR=120 seconds each); installs atheris where there is a wheel of it
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade >/dev/null
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --only-binary=:all: 'atheris>=3.0' \
	  || echo "==> no wheel of atheris for this Python: a plain mutator takes its place, which is slower"
	@nice -n 15 $(BIN)/python -m tests.fuzz.explore $(or $(TARGET),all) --seconds $(or $(FOR),120) --pack

bench: install ## print the benchmarks: rates, and ratios against peers in the same run
	@for script in $(filter-out benchmarks/soak.py,$(wildcard benchmarks/*.py)); do echo "==> $$script"; $(BIN)/python $$script; done

soak: install ## half an hour at a held load: memory, descriptors, latency (MULTIPLIER=1, or CAPACITY=its folder)
	@$(BIN)/python -m benchmarks.soak --minutes 30 $(if $(CAPACITY),--capacity $(CAPACITY),--multiplier $(or $(MULTIPLIER),1))

serve: install ## serve the API and live page on loopback (PORT=8150)
	@$(BIN)/tenfold serve --port $(PORT)

load: install ## drive the whole chain over HTTP with Locust (SHAPE=climb), against a server that it starts and stops
	@$(BIN)/python -m loadtests.run --shape $(or $(SHAPE),climb)

lock: ## renew requirements.lock, and requirements-run.lock for the image, from pyproject.toml (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra load --extra otel --extra ray --extra lake --extra dev pyproject.toml --output-file requirements.lock
	@echo hatchling | uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --constraint requirements.lock --extra otel --extra ray --extra lake pyproject.toml - --output-file requirements-run.lock

clean: ## remove the virtual environment and caches (runs stay)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
