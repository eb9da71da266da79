# The commands of this project; `make` or `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE ?= 1

KERNELS := $(wildcard ext/*.pyx relay/*.pyx agent/host/capture/*.pyx)
STAMP := .venv/.ready

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z -]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(STAMP): pyproject.toml constraints.txt setup.py tools/build_backend.py tools/vendor.py web/package.json web/package-lock.json $(KERNELS)
	@tools/system-packages build
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the locked dependencies …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@echo "Building the kernels and the browser's vendored code …"
	@$(BIN)/python tools/vendor.py
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	@$(BIN)/python setup.py --quiet build_ext --inplace >/dev/null 2>&1 || echo "No compiler: the Python twins serve."
	@touch $@

.PHONY: build
build: $(STAMP) ## set up .venv and build what needs building

.PHONY: demo
demo: $(STAMP) ## show it: a server, a shared virtual display, this terminal as the customer (CHECK=1 plays both people)
	@tools/system-packages demo
	@$(BIN)/python tools/demo.py

.PHONY: test
test: $(STAMP) ## all tests, in under ten minutes on two cores
	@tools/system-packages test
	@env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX=$(CURDIR)/.venv/pycache \
	  $(BIN)/python -m pytest -n 2 --dist loadgroup -q $(ARGS)

.PHONY: test-postgresql
test-postgresql: $(STAMP) ## the api's tests on a PostgreSQL of their own
	@tools/system-packages test
	@TASUKI_TEST_DATABASE=postgresql $(BIN)/python -m pytest -n 2 --dist loadgroup -q tests/integration/api $(ARGS)

.PHONY: fuzz
fuzz: $(STAMP) ## every fuzz target for FUZZ_SECONDS (60) each; TARGETS="api …" for some of them
	@$(BIN)/python -m tests.fuzz $(TARGETS)

.PHONY: sim
sim: $(STAMP) ## five thousand drawn worlds of host, viewers and relays on a virtual clock (SEEDS=a-b)
	@$(BIN)/python -m tests.simulation $(or $(SEEDS),0-5000)

.PHONY: chaos
chaos: $(STAMP) ## kill relays 200 times (KILLS=n) while somebody works; kill the api at every step of every kind of write
	@tools/system-packages test
	@$(BIN)/python -m tests.chaos $(or $(KILLS),200)
	@TASUKI_KILLS=all $(BIN)/python -m pytest -n 2 -q tests/integration/api/test_api_dies.py

.PHONY: check
check: $(STAMP) ## lint, types, layers, drift of generated files, rules without a test
	@tools/system-packages build
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/tsc.py
	$(BIN)/python -m tests.vectors.generate --check
	$(BIN)/python -m api.openapi --check
	$(BIN)/python tools/check_migrations.py
	$(BIN)/python tools/rules.py

.PHONY: openapi
openapi: $(STAMP) ## write openapi/openapi.json
	@$(BIN)/python -m api.openapi

.PHONY: vectors
vectors: $(STAMP) ## write tests/vectors/*.json
	@$(BIN)/python -m tests.vectors.generate

.PHONY: lock
lock: $(STAMP) ## renew constraints.txt from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --generate-hashes --universal --no-emit-index-url --no-header -q \
	  --python-version 3.11 -o constraints.txt

.PHONY: bench-screen bench-e2e bench-api bench-relay
bench-relay: export SYSTEM_PACKAGES := bench
bench-screen bench-e2e bench-api bench-relay: bench-%: $(STAMP) ## a table of ratios to limits and peers measured in the same run
	@tools/system-packages $${SYSTEM_PACKAGES:-test}
	@$(BIN)/python -m bench.$*

.PHONY: clean
clean: ## remove what was built
	rm -rf .venv .demo demo.png build dist *.egg-info web/vendor web/node_modules bench/out
	find ext relay agent -name '*.so' -delete
