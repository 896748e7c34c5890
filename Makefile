# Everything that a fresh machine needs: Python 3.11, make, a package registry.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
# dg starts other programs of the environment and wants to find it activated.
ACTIVATED := VIRTUAL_ENV="$(CURDIR)/$(VENV)" PATH="$(CURDIR)/$(BIN):$$PATH"
export VIDPIPE_HOME ?= $(CURDIR)/.vidpipe
export DAGSTER_HOME ?= $(VIDPIPE_HOME)/dagster

.DEFAULT_GOAL := help
.PHONY: help demo dev test lint bench clean

help: ## show this
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml
	@echo "Installing vidpipe (about two minutes the first time)"
	$(BIN)/python -m pip install --quiet -e '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	@echo "Installing vidpipe and its test tools (about two minutes the first time)"
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@

$(DAGSTER_HOME)/dagster.yaml: dagster.yaml
	@mkdir -p $(DAGSTER_HOME)
	cp dagster.yaml $@

demo: $(VENV)/.demo $(DAGSTER_HOME)/dagster.yaml ## a made-up talk in, finished clips out, through Dagster
	@$(BIN)/python -m deploy.demo

dev: $(VENV)/.demo $(DAGSTER_HOME)/dagster.yaml ## the Dagster UI and daemon, with a drop folder
	@mkdir -p $(VIDPIPE_HOME)/drop/default
	@echo "Drop videos into $(VIDPIPE_HOME)/drop/{channel}/; the UI opens at http://127.0.0.1:3000"
	@$(ACTIVATED) $(BIN)/dg dev -w workspace.yaml

test: $(VENV)/.dev ## the tests, with coverage
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

lint: $(VENV)/.dev $(DAGSTER_HOME)/dagster.yaml ## style, types, floors, definitions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(ACTIVATED) $(BIN)/dg check defs --no-check-yaml

bench: $(VENV)/.dev ## side-by-side measurements, most of an hour
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	$(BIN)/python -m benchmarks.talk
	$(BIN)/python -m benchmarks.silence
	$(BIN)/python -m benchmarks.words
	$(BIN)/python -m benchmarks.slides
	$(BIN)/python -m benchmarks.framing
	$(BIN)/python -m benchmarks.layout --kinds inset beside filmed
	$(BIN)/python -m benchmarks.topics
	$(BIN)/python -m benchmarks.clips
	$(BIN)/python -m benchmarks.tiers
	$(BIN)/python -m benchmarks.exports

clean: ## remove the virtual environment and everything made
	rm -rf $(VENV) .vidpipe clips build *.egg-info
