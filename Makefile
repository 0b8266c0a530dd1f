# `make help` lists the targets. A fresh machine needs Python 3.11 or newer, git and make; the tests also need root or sudo
# on Debian, once, for OpenSSH's server and Slurm.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST_OPTIONS ?=
TEST_MINUTES ?= 40
CLUSTER_MINUTES ?= 75
CONTAINED ?= tests/conformance/messaging tests/integration/orchestrator tests/integration/registry tests/integration/stream \
	tests/integration/api tests/integration/api_experiments tests/integration/data tests/integration/services
WORKERS ?= -n 3 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install run test test-packages unit conformance integration failure e2e proof sabotage bench bench-compute bench-lanes bench-console \
	images test-images test-s3 test-kubernetes manifests \
	format lint types arch check schemas lock clean console console-test console-pictures console-api console-packages

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP) ## make .venv with exactly what requirements.lock names, every file checked by its hash

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || \
		{ echo "$(PYTHON) has no venv module: on Debian, apt-get install python3-venv"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

console: install ## build the web console, when its sources changed
	@$(BIN)/python scripts/build_console.py

NPM := cd web_console && PATH="$(CURDIR)/$(BIN):$$PATH" npm

console-packages: install
	@$(BIN)/python scripts/build_console.py --install

console-test: console-packages ## the console's unit tests
	$(NPM) run --silent test

console-api: console-packages ## the console's API types anew from docs/openapi.json
	$(NPM) run --silent api

console-pictures: console ## real runs on the stack in .howdah, then every screen as a picture; the main ones into docs/
	$(BIN)/python scripts/console_runs.py .howdah
	$(BIN)/python scripts/console_pictures.py .howdah web_console/pictures

run: install console ## start the whole platform here, run the example over SSH, stay up until Ctrl-C
	@exec $(BIN)/howdah up --example

test: install test-packages console console-test ## every test but the long proofs: unit, conformance, integration, failure, e2e
	timeout --signal=INT --kill-after=30 $(TEST_MINUTES)m $(BIN)/python -m pytest $(WORKERS) $(PYTEST_OPTIONS)

test-packages: ## what the tests need from Debian: OpenSSH's server and Slurm, when missing
	scripts/install-test-packages.sh

unit: install ## the tests that need no daemon
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) tests/unit tests/architecture

conformance: install ## one suite of messaging on the in-memory twin, the mock cluster and Kafka
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) tests/conformance

integration: install test-packages ## single rooms on real daemons
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) tests/integration

failure: install test-packages ## killing, cutting and stopping, at a size that fits CI
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) tests/failure

e2e: install test-packages ## the whole platform from outside
	$(BIN)/python -m pytest $(PYTEST_OPTIONS) tests/e2e

images: install console ## the container images, with Docker; DEBIAN_IMAGE, IMAGE_PREFIX, IMAGE_TAG and IMAGES may be set
	scripts/build-images.sh

test-s3: install ## objects of buckets against a server that speaks S3, in an environment of its own (.venv-s3)
	scripts/s3-test-venv.sh $(BIN)/python
	.venv-s3/bin/python -m pytest $(PYTEST_OPTIONS) tests/s3

test-images: install test-packages ## compose.yaml on our images, then the integration suite with Kafka and PostgreSQL from them; needs Docker
	HOWDAH_TEST_IMAGES=1 timeout --signal=INT --kill-after=60 $(TEST_MINUTES)m $(BIN)/python -m pytest -p no:xdist $(PYTEST_OPTIONS) tests/images
	HOWDAH_TEST_DAEMONS=containers timeout --signal=INT --kill-after=60 $(TEST_MINUTES)m $(BIN)/python -m pytest $(WORKERS) \
		$(PYTEST_OPTIONS) $(CONTAINED)

test-kubernetes: install test-packages ## the platform on a real cluster: KUBECONFIG's, or one of HOWDAH_CLUSTER_MAKER
	timeout --signal=INT --kill-after=60 $(CLUSTER_MINUTES)m $(BIN)/python -m pytest -p no:xdist $(PYTEST_OPTIONS) \
		tests/kubernetes tests/conformance/cluster

manifests: install ## what is generated in deploy/k8s anew: topics, dashboard
	PYTHONPATH=. $(BIN)/python scripts/generate_manifests.py

proof: install test-packages ## the promises at full size; each proof ends with one line of JSON
	$(BIN)/python -m tests.failure.proof --full
	@if [ -n "$$KUBECONFIG$$HOWDAH_CLUSTER_MAKER" ]; then $(MAKE) test-kubernetes; \
		else echo "no cluster was given (tests/kubernetes/README.md): upgrade, deleted pods and restore are left out"; fi

sabotage: install test-packages ## break the platform in every way on purpose: the proofs' witnesses must report it
	$(BIN)/python -m tests.failure.proof --sabotage all

bench: install ## how fast it is here; the last line is one JSON object
	$(BIN)/python -m benchmarks

bench-compute: install ## how fast resources are reached; the last line is one JSON object
	$(BIN)/python -m benchmarks.compute

bench-lanes: install ## whether slow never blocks fast; the last line is one JSON object
	$(BIN)/python -m benchmarks.lanes

bench-console: console ## how fast the console is with 100,000 experiments; the last line is one JSON object
	$(BIN)/python -m benchmarks.console

check: lint types arch ## all that needs no test run

lint: install console-packages ## ruff: format and rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(NPM) run --silent lint
	$(NPM) run --silent fresh

format: install ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: install console-packages ## mypy and TypeScript, strict
	$(BIN)/mypy
	$(NPM) run --silent types

arch: install ## floors of the house, and its rules that no linter knows
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

schemas: install ## what is generated in docs/ anew: schemas of messages, tables of schedulers' words
	$(BIN)/python -m howdah.contracts.schemas docs/schemas
	$(BIN)/python -m howdah.compute.schedulers.glossary docs/compute-resources.md

lock: install ## requirements.lock anew from pyproject.toml, with hashes and without any address
	$(BIN)/python scripts/lock.py

clean: ## remove .venv and caches; .howdah, where your data is, stays
	rm -rf $(VENV) web_console/node_modules web_console/dist .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis
