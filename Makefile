# make lists the targets.
PYTHON ?= python3
BIN := .venv/bin
ENV := .venv/.installed
DEV := .venv/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help book check test lint audit bench growth lab edition shapes lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

book: $(ENV) ## check the tables, build the book, print its address
	$(BIN)/python -m dossier build

check: $(ENV) ## check the tables against their schema and rules, and the settings around them
	@$(BIN)/python -m dossier check

test: $(DEV) ## run all tests, browser tests included
	$(BIN)/python -m pytest

lint: $(DEV) ## check the style of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: $(DEV) ## time this book beside a stock Jupyter Book, and open its pages on a slow network
	$(BIN)/python -m bench book $(BENCH)

growth: $(DEV) ## time the check and the build with 1, 10, 100 times the claims and sources
	$(BIN)/python -m bench growth $(BENCH)

lab: $(DEV) ## open the chapters as notebooks in JupyterLab
	@mkdir -p .venv/share/jupyter/lab/settings
	@cp jupyterlab.json .venv/share/jupyter/lab/settings/overrides.json
	$(BIN)/jupyter lab $(LAB)

edition: $(ENV) ## at a release: build, and keep the addresses that no later edition may lose
	$(BIN)/python -m dossier edition

shapes: $(ENV) ## make the country outlines anew for a region (west south east north); needs npm
	$(BIN)/python -m dossier.shapes -30 -27 55 62

lock: $(DEV) ## resolve pyproject.toml anew into the two requirements files
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements.txt -o requirements-dev.txt

audit: $(DEV) ## ask for known vulnerabilities of the locked dependencies; needs a network
	$(BIN)/pip install --quiet pip-audit
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements-dev.txt

clean: ## remove what was built, keep the environment
	rm -rf _build

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed")'
	$(PYTHON) -m venv .venv

$(ENV): requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked dependencies into .venv (about a minute)"
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.txt $(ENV)
	@echo "Installing the tools for tests and notebooks"
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@
