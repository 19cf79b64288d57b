# What can be done here; `make` alone prints this list.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
GPU ?= auto
# Exit 3 of the set-up: something is missing and was named; what can work without it goes on.
SETUP := ./packaging/setup --gpu $(GPU)

.PHONY: help
help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 10

.PHONY: run
run: ## Set up, start the daemon and show what it does on a copied text
	@$(SETUP) || [ $$? -eq 3 ]
	@$(BIN)/python packaging/demo

.PHONY: test
test: ## Set up what the tests need, check the style, run all tests
	@if [ -n "$$INGLE_TEST_STRICT" ]; then $(SETUP) --tests; else $(SETUP) --tests || [ $$? -eq 3 ]; fi
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest $(PYTEST)

.PHONY: lint
lint: ## Check the style, the types and the import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@MYPYPATH=packaging/bootstrap $(BIN)/mypy --strict packaging/bootstrap/*.py
	@MYPYPATH=packaging/demo:daemon $(BIN)/mypy --strict packaging/demo/*.py
	@PYTHONPATH=daemon $(BIN)/lint-imports --no-logo

.PHONY: bench
bench: ## Measure the figures that are promised (minutes; quiet machine)
	@$(BIN)/python tests/bench $(BENCH)

.PHONY: screenshots
screenshots: ## Pictures of what people see, into screenshots/
	@$(BIN)/python packaging/screenshots $(SCENES)

.PHONY: clean
clean: ## Remove .venv and every cache of the tools; models and settings stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	@find daemon plugins tests packaging -name __pycache__ -prune -exec rm -rf {} +
