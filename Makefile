# Two commands on a fresh machine: `make up` and `make test`. All set-up is done by them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
REQUIREMENTS := requirements/build.txt requirements/test.txt
# Tests wait more than they work: one worker more than the two cores they are made for.
WORKERS ?= 3

.PHONY: help up install test test-faults bench check format requirements clean

help: ## What there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

up: install ## Start everything here, with the demo county: no Docker, no Kafka, no account
	@exec $(BIN)/qingfeng up --demo

install: $(READY) ## Make .venv with the pinned dependencies; .venv/bin/qingfeng works after it

$(READY): $(REQUIREMENTS) pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "qingfeng: needs Python 3.11 ($(PYTHON) not found; set PYTHON=…)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

check: install ## Lint and layering
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

test: install check ## All set-up and all tests (a real PostgreSQL and a real Kafka are started)
	$(BIN)/python -m pytest -m "not faults" -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-faults: install ## The long fault and property profiles
	$(BIN)/python -m pytest -m faults $(ARGS)

bench: install ## The benchmarks, as ratios side by side in one run
	$(BIN)/python -m bench $(ARGS)

format: install ## Put the code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

requirements: ## Pin requirements/*.in anew, with hashes and without addresses
	@for name in base test build; do \
	  $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header \
	    --python-version 3.11 requirements/$$name.in -o requirements/$$name.txt; done

clean: ## Remove what tests and builds left; data folders stay
	rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
