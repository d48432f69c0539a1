# Crossover's two commands are `make bench` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules

# ---- What a person sets ------------------------------------------------------
GRID ?= quick
COUNT ?=
BENCHTIME ?=
PRECISION ?=
BUDGET ?=
SUSTAINED ?=
MODELS ?=
NPU ?=
GPU ?=
HOSTS ?=
RESULTS ?=
VARIANTS ?= all
JOBS ?= 2
WEIGHTS ?= random
REPRESENTATIVE ?= synthetic
PYTHON ?= python3

# ---- The TensorFlow Lite library: runtime, install-runtime, env, the cgo variables
include backends/tflite/runtime/runtime.mk

BUILD := .build
CROSSOVER := $(BUILD)/crossover
SUITES := $(BUILD)/suites.test
VENV := fixtures/.venv

.PHONY: help
help: ## list the targets
	@echo "Crossover: is the device or the host the better place for this network?"
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  bench takes GRID=quick|thesis|FILE COUNT=rounds BENCHTIME=time a block BUDGET=10m"
	@echo "  PRECISION=1% SUSTAINED=1 MODELS=folder of own .tflite files HOSTS=FILE"

# ---- The two commands --------------------------------------------------------
# What selects the combinations, and what says how to measure them.
SELECTION = --grid $(GRID) $(if $(MODELS),--models "$(MODELS)") $(if $(HOSTS),--hosts "$(HOSTS)") \
  $(if $(NPU),--npu "$(NPU)") $(if $(GPU),--gpu "$(GPU)")
EFFORT = $(if $(COUNT),--count $(COUNT)) $(if $(BENCHTIME),--benchtime $(BENCHTIME)) \
  $(if $(PRECISION),--precision $(PRECISION)) $(if $(BUDGET),--budget $(BUDGET)) \
  $(if $(filter-out 0,$(SUSTAINED)),--sustained) $(if $(RESULTS),--results "$(RESULTS)")
# make flattens every failure to 2; the command's own exit code is printed.
SAY_CODE = || { code=$$?; echo "exit code $$code" >&2; exit $$code; }

.PHONY: bench
bench: build needed-fixtures ## measure a grid on this machine and print the table
	@$(CROSSOVER) bench --suites $(SUITES) $(SELECTION) $(EFFORT) $(SAY_CODE)

.PHONY: test
test: tools runtime ## run the fast tests; needs no Python packages and no models
	go test ./...

# ---- Set-up ------------------------------------------------------------------
.PHONY: build
build: tools runtime ## build the command and the test binary into .build
	@mkdir -p $(BUILD)
	@go build -o $(CROSSOVER) ./cmd/crossover
	@go test -c -o $(SUITES) ./suites

.PHONY: fixtures
fixtures: $(VENV)/.complete ## build the models: VARIANTS=all or names, JOBS=2, WEIGHTS=, REPRESENTATIVE=
	@cd fixtures && .venv/bin/python -m build --variants "$(VARIANTS)" --jobs $(JOBS) \
	  --weights "$(WEIGHTS)" --representative "$(REPRESENTATIVE)"

# The variants that GRID needs; nothing when they are the user's own or committed.
.PHONY: needed-fixtures
needed-fixtures: build
	@needed=$$($(CROSSOVER) list --fixtures-needed $(SELECTION) | paste -s -d ,); \
	  if [ -n "$$needed" ]; then $(MAKE) --no-print-directory fixtures VARIANTS="$$needed"; fi

$(VENV)/.complete: fixtures/build/requirements.lock
	@.ci/prerequisites check python
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

.PHONY: tools
tools:
	@.ci/prerequisites check $(if $(TFLITE_PREFIX),,mvn)

.PHONY: prerequisites
prerequisites: ## install what is missing (Debian, Ubuntu; as root or with sudo)
	@.ci/prerequisites install

.PHONY: clean
clean: ## remove what was fetched, built and measured, models too
	rm -rf $(BUILD) backends/tflite/runtime/linux-* $(VENV) fixtures/models results

# ---- Work on Crossover -------------------------------------------------------
.PHONY: lint
lint: tools runtime ## gofumpt, go vet, staticcheck
	@unformatted=$$(go tool gofumpt -l .); \
	  if [ -n "$$unformatted" ]; then echo "gofumpt these:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...

.PHONY: test-slow
test-slow: tools runtime ## everything with the race detector, and what takes long
	CROSSOVER_SLOW=1 go test -race ./...

.PHONY: test-fixtures
test-fixtures: $(VENV)/.complete ## the tests of the Python pipeline
	cd fixtures && .venv/bin/python -m unittest discover --start-directory build/tests --top-level-directory .
