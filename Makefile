# Two commands do everything: `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
ENV := .venv/.complete
SLO_DIR ?= slo
JOBS ?= 2

.PHONY: help run test check parts lock mutants sizes soak matrix notebooks bench clean

help: ## Show what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# The environment is complete when its stamp is younger than what it is made from.
$(ENV): constraints.txt pyproject.toml tools/environment.sh
	@PYTHON=$(PYTHON) bash tools/environment.sh .venv

run: $(ENV) ## Generate rules, tests, dashboards and runbooks from slo/
	@$(BIN)/rtobs generate --slo-dir $(SLO_DIR)

test: $(ENV) parts ## Run every test, real servers included
	$(BIN)/pytest -n $(JOBS) --dist worksteal

check: $(ENV) ## Format, lint, types, import contract, size figures; under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/figures.py

parts: $(ENV) ## Unpack the real servers that tests start, without installing them
	@$(BIN)/python tools/parts.py

lock: $(ENV) ## Renew the exact versions and hashes in constraints.txt
	$(BIN)/python tools/lock.py

mutants: $(ENV) parts ## Break every kind of rule and see whether a generated test notices
	$(BIN)/python -m benchmarks.mutants

sizes: $(ENV) parts ## Run the library's tests at their full sizes
	RTOBS_FULL_SIZES=1 $(BIN)/pytest tests/telemetry

soak: $(ENV) ## Keep a service under load for half an hour while its receiver comes and goes
	$(BIN)/python -m benchmarks.soak

matrix: $(ENV) parts ## Run the library's tests with every Python and SDK that is promised
	$(BIN)/python -m tools.matrix

notebooks: $(ENV) ## Run every notebook and write notebooks/rendered/*.html and *.ipynb
	$(BIN)/python -m rtobs.analytics.notebook.page notebooks/*.py --out notebooks/rendered
	for file in notebooks/*.py; do \
	  $(BIN)/marimo export ipynb "$$file" -f --include-outputs \
	    -o "notebooks/rendered/$$(basename "$$file" .py).ipynb"; \
	done

bench: $(ENV) parts ## Print the ratios of benchmarks/
	$(BIN)/python -m benchmarks.analytics
	$(BIN)/python -m benchmarks.instrument
	$(BIN)/python -m benchmarks.generate
	$(BIN)/python -m benchmarks.dashboards
	$(BIN)/python -m benchmarks.rule_cost

clean: ## Remove what make has made, but not the parts
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
