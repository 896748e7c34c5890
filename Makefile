# Everything that a fresh machine needs: Python 3.11, make, a package registry.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
# dg starts other programs of the environment and wants to find it activated.
ACTIVATED := VIRTUAL_ENV="$(CURDIR)/$(VENV)" PATH="$(CURDIR)/$(BIN):$$PATH"
export VIDPIPE_HOME ?= $(CURDIR)/.vidpipe
export DAGSTER_HOME ?= $(VIDPIPE_HOME)/dagster
# Where models are kept; tests look there too.
MODELS := $(or $(VIDPIPE_MODELS),$(VIDPIPE_HOME)/models)
REGISTRY := $(wildcard vidpipe/models/registry.yaml)
# A container's wish to write no bytecode would have every command that is started, by tests for
# one, compile the same thousand modules.
unexport PYTHONDONTWRITEBYTECODE
# Where `make dev` shows clips: links in the UI go there.
LINKS_PORT ?= 3001
export VIDPIPE_PUBLIC_URL ?= http://127.0.0.1:$(LINKS_PORT)

.DEFAULT_GOAL := help
.PHONY: help demo dev test test-fast test-posts lint audit bench fuzz soak chaos scale walk pictures docs \
	lock clean studio

help: ## show this
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 11

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

# What a default installation loads; each is fetched once. Without a network everything runs
# with what there is: the next call tries again.
$(MODELS)/.demo: $(VENV)/.demo $(REGISTRY)
	@$(BIN)/vidpipe models fetch centerface minilm piper-joe && touch $@ || \
		echo "Not every model could be fetched: what stands in for it is used (vidpipe check)"

# Tests of other models are skipped where those are not: vidpipe models fetch NAME.
$(MODELS)/.test: $(VENV)/.dev $(REGISTRY)
	@$(BIN)/vidpipe models fetch centerface minilm piper-joe whisper-base && touch $@ || \
		echo "Not every model could be fetched: the tests of the others are skipped"

demo: $(VENV)/.demo $(MODELS)/.demo $(DAGSTER_HOME)/dagster.yaml ## a synthetic talk in, finished clips out, through Dagster
	@$(BIN)/python -m deploy.demo

dev: $(VENV)/.demo $(MODELS)/.demo $(DAGSTER_HOME)/dagster.yaml ## the Dagster UI and daemon, a drop folder, clips to watch
	@mkdir -p $(VIDPIPE_HOME)/drop/default
	@echo "Drop videos into $(VIDPIPE_HOME)/drop/{channel}/; the UI opens at http://127.0.0.1:3000"
	@$(BIN)/vidpipe serve --port $(LINKS_PORT) & trap "kill $$!" EXIT; \
		$(ACTIVATED) $(BIN)/dg dev -w workspace.yaml

# Each worker takes over what another has not begun; what they share is made once. A test that
# fails is run once more, and listed as RERUN: on a busy machine a browser or a process may be
# late once. What is wrong fails both times.
TESTS := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal --reruns 1 -rfER

test: $(VENV)/.dev $(MODELS)/.test ## all tests; with COVERAGE=1 what they run is measured, half as long again
	$(TESTS) $(if $(COVERAGE),--cov --cov-report=term:skip-covered)

# Of these many wait, for times and for threads: four on two cores took 4:41 where two took 7:13.
test-fast: $(VENV)/.dev ## the tests that start no program and need no media
	$(TESTS) --fast -n 4

test-posts: $(VENV)/.dev ## every test of posts on PostgreSQL, too
	TEST_POSTS=all $(TESTS) vidpipe_tests/posts

lint: $(VENV)/.dev $(DAGSTER_HOME)/dagster.yaml ## style, types, layers, spelling, words, dependencies, definitions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python docs/words.py
	$(BIN)/deptry .
	$(ACTIVATED) $(BIN)/dg check defs --no-check-yaml

studio: studio/node_modules/.made ## build the studio into vidpipe/web/static: types, checks, tests (Node 20.19)
	cd studio && npm run --silent api && npm run --silent check && npm run --silent lint
	cd studio && npm run --silent test && npm run --silent build

studio/node_modules/.made: studio/package-lock.json
	cd studio && npm ci --no-fund --no-audit
	@touch $@

audit: $(VENV)/.dev ## known faults of the versions that go into the image; needs a network
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --disable-pip --no-deps --requirement deploy/constraints.txt

bench: $(VENV)/.dev ## side-by-side measurements, most of an hour
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.reality
	$(BIN)/python -m benchmarks.talk
	$(BIN)/python -m benchmarks.silence
	$(BIN)/python -m benchmarks.words
	$(BIN)/python -m benchmarks.slides
	$(BIN)/python -m benchmarks.framing
	$(BIN)/python -m benchmarks.layout --kinds inset beside filmed
	$(BIN)/python -m benchmarks.topics
	$(BIN)/python -m benchmarks.clips
	$(BIN)/python -m benchmarks.template_cost
	$(BIN)/python -m benchmarks.tiers
	$(BIN)/python -m benchmarks.exports
	$(BIN)/python -m benchmarks.overhead
	$(BIN)/python -m benchmarks.resumable
	$(BIN)/python -m benchmarks.metrics
	$(BIN)/python -m benchmarks.events soak
	$(BIN)/python -m benchmarks.events soak --postgres
	$(BIN)/python -m benchmarks.events idle
	$(BIN)/python -m benchmarks.events idle --postgres
	$(BIN)/python -m benchmarks.observability
	$(BIN)/python -m benchmarks.costs
	$(BIN)/python -m benchmarks.studio
	$(BIN)/python -m benchmarks.calendar

fuzz: $(VENV)/.dev ## 500 damaged recordings of every container through everything; half an hour
	$(BIN)/python -m benchmarks.fuzz

soak: $(VENV)/.dev ## sixty uploads under a whole deployment: S3, PostgreSQL, daemon; half an hour
	$(BIN)/python -m benchmarks.soak

chaos: $(VENV)/.dev ## the same while one part after the other is killed; at most half an hour
	$(BIN)/python -m benchmarks.chaos

scale: $(VENV)/.dev ## 10,000 videos and 100,000 objects: ticks, pages, memory
	$(BIN)/python -m benchmarks.scale

walk: $(VENV)/.dev ## the Dagster UI in a browser (Chromium): 30 videos, then 10,000 partitions
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	$(BIN)/python -m benchmarks.walk
	$(BIN)/python -m benchmarks.walk --partitions 10000

pictures: $(VENV)/.dev ## take the pictures of docs/ again, in a browser (Chromium); half an hour
	$(BIN)/python -m pip install --quiet -e '.[bench]'
	$(BIN)/python -m benchmarks.pictures
	$(BIN)/python -m benchmarks.studio --pictures --home /tmp/vidpipe-pictures
	$(BIN)/python -m benchmarks.walk --pictures

docs: $(VENV)/.demo ## write docs/reference, the drawing of the architecture and dashboards from the code
	$(BIN)/python docs/generate.py
	$(BIN)/python -m deploy.dashboards
	$(BIN)/python docs/drawing.py

lock: $(VENV)/.made ## write down the versions that go into the image
	@$(BIN)/python -m pip install --quiet --dry-run --ignore-installed --report .lock.json \
		'.[aws,postgres,k8s,api,links,mcp,notify,ocr,service,timeline,traces]' && $(BIN)/python -m deploy.lock < .lock.json > \
		deploy/constraints.txt; rm -f .lock.json

clean: ## remove the virtual environment and everything made
	rm -rf $(VENV) .vidpipe clips build *.egg-info
