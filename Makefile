# Everything runs from .venv, which `make setup` builds from the lock files; each target is complete on a bare checkout.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
# Extra words for eval, proof, bench and pytest: make test ARGS="-k release"
ARGS ?=
# Public data sets to measure with; those that are not there are left out.
DATA ?= ../shared/data

# Models come with the packages: nothing may reach for a hub or report usage.
export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false
export UNSTRUCTURED_DISABLE_NOTICE := 1
export DO_NOT_TRACK := 1

.PHONY: help setup setup-dev demo lint check test eval proof bench audit lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Build .venv with what the product runs on (TORCH_INDEX=url picks the build of torch)
	@scripts/setup

setup-dev: ## Build .venv with the tools for tests and checks, too
	@scripts/setup --dev

demo: setup ## Load the demo corpora and serve them on http://127.0.0.1:8000 (PORT=n for another)
	@$(BIN)/partner-copilot demo --port $${PORT:-8000}

lint: setup-dev ## ruff, mypy and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint ## lint and the fast tests
	@$(BIN)/python -m pytest -m "not slow and not browser" $(ARGS)

test: setup-dev ## lint and the tests: real models, databases and browsers (make proof has the long ones)
	@scripts/ensure-test-tools
	@scripts/run-tests $(ARGS)

eval: setup ## Measure search and answers on every data set below DATA, and write the figures into docs/quality.md
	@$(BIN)/partner-copilot eval all $(if $(wildcard $(DATA)),--data $(DATA)) --page docs/quality.md $(ARGS)

proof: setup-dev ## The command line, kills and full disks, and the long proofs at full size (an hour or two); writes docs/proof.md
	@scripts/run-proof $(ARGS)

bench: setup-dev ## Measure speed and size
	@$(BIN)/python -m benchmarks $(ARGS)

audit: setup-dev ## Write the bill of materials (build/sbom.cdx.json), and look for known vulnerabilities of what is locked
	@scripts/run-audit $(ARGS)

lock: ## Write the lock files anew after a change to pyproject.toml or constraints.txt (ARGS=--upgrade for new versions)
	@$${PYTHON:-python3.11} scripts/lock.py $(ARGS)

clean: ## Remove .venv and every cache; data in .copilot stays
	@rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
