# `make` alone lists what there is. Only Python 3.11 or newer, make and git need to be there beforehand.
PYTHON ?= python3
VENV := .venv/bin
DEVELOP := @$(PYTHON) -I webapp/bootstrap.py --develop

.DEFAULT_GOAL := help
.PHONY: help run install test check format format-check lint types imports spelling docs tests fuzz chaos lock bench screenshots clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## Install what is needed and start Assay; Ctrl-C ends it
	@$(VENV)/python -m webapp up

install: ## Make or repair the environment .venv
	@$(PYTHON) -I webapp/bootstrap.py

test: ## Run everything: formatting, linters, types, arrows, spelling and all tests
	$(DEVELOP)
	@$(MAKE) --no-print-directory --keep-going format-check lint types imports spelling tests

check: ## Run what is quick: formatting, linters, types, arrows, spelling, docs
	$(DEVELOP)
	@$(MAKE) --no-print-directory --keep-going format-check lint types imports spelling docs

format: ## Rewrite the code in the house's format
	$(DEVELOP)
	@$(VENV)/python -m ruff format .
	@$(VENV)/python -m ruff check --fix .

format-check:
	@$(VENV)/python -m ruff format --check --quiet . || { echo "Formatting differs; run: make format"; exit 1; }

lint:
	@$(VENV)/python -m ruff check --quiet .

types:
	@$(VENV)/python -m mypy

imports:
	@$(VENV)/python -c "from importlinter.cli import lint_imports_command as lint; lint()" --no-logo

spelling:
	@$(VENV)/codespell $$(git ls-files)

docs:
	@$(VENV)/python -m pytest -q tests/project

tests:
	@$(VENV)/python -m pytest -n 2 --dist loadfile

fuzz: ## Send 100 examples to each operation of REST in each role, against a whole running installation
	$(DEVELOP)
	@FUZZ_EXAMPLES=100 $(VENV)/python -m pytest -q tests/flows/test_rest.py

chaos: ## Try every fault at every stage on both databases, with real processes; half an hour
	$(DEVELOP)
	@CHAOS=all $(VENV)/python -m pytest -n 6 tests/chaos

lock: install ## Compile requirements*.txt, with hashes, from requirements*.in
	@for list in requirements requirements-dev; do \
	  $(VENV)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --custom-compile-command "make lock" --output-file $$list.txt $$list.in || exit 1; done

bench: ## Measure, and write docs/benchmarks.md
	$(DEVELOP)
	@$(VENV)/python -m benchmarks

screenshots: ## Take the README's pictures from a running demo
	$(DEVELOP)
	@$(VENV)/python -m docs.screenshots

clean: ## Remove the environment and all caches; data under ASSAY_HOME stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
