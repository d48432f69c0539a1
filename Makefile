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
HOSTS ?=
RESULTS ?=
VARIANTS ?= all
JOBS ?= 2
WEIGHTS ?= random
REPRESENTATIVE ?= synthetic
ARCH ?= $(shell go env GOARCH 2>/dev/null || echo amd64)
PREFIX ?= /usr/local
PYTHON ?= python3

# ---- The TensorFlow Lite library ---------------------------------------------
# TFLITE_PREFIX names an installation that is there already; without it the
# pinned one is fetched.
RUNTIME := $(CURDIR)/backends/tflite/runtime
FETCHED := $(RUNTIME)/linux-$(ARCH)
ifdef TFLITE_PREFIX
RUNTIME_READY :=
else
TFLITE_PREFIX := $(FETCHED)
RUNTIME_READY := runtime
endif
export CGO_ENABLED := 1
export CGO_CFLAGS := -O2 -g -I$(TFLITE_PREFIX)/include
export CGO_LDFLAGS := -L$(TFLITE_PREFIX)/lib -Wl,-rpath,$(TFLITE_PREFIX)/lib

BUILD := .build
CROSSOVER := $(BUILD)/crossover
SUITES := $(BUILD)/suites.test
VENV := fixtures/.venv

.PHONY: help
help: ## list the targets
	@echo "Crossover: is the device or the host the better place for this network?"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  bench takes GRID=quick|thesis|FILE COUNT=rounds BENCHTIME=time a block BUDGET=10m"
	@echo "  PRECISION=1% SUSTAINED=1 MODELS=folder of own .tflite files HOSTS=FILE"

# ---- The two commands --------------------------------------------------------
.PHONY: bench
bench: tools build ## measure a grid on this machine and print the table
	@$(MAKE) --no-print-directory fixtures VARIANTS="$$($(CROSSOVER) list --grid $(GRID) $(if $(MODELS),--models $(MODELS)) --fixtures-needed)"
	@$(CROSSOVER) bench --suites $(SUITES) --grid $(GRID) \
	  $(if $(COUNT),--count $(COUNT)) $(if $(BENCHTIME),--benchtime $(BENCHTIME)) \
	  $(if $(PRECISION),--precision $(PRECISION)) $(if $(BUDGET),--budget $(BUDGET)) \
	  $(if $(filter-out 0,$(SUSTAINED)),--sustained) $(if $(MODELS),--models $(MODELS)) \
	  $(if $(HOSTS),--hosts $(HOSTS)) $(if $(RESULTS),--results $(RESULTS)) $(BENCHFLAGS) \
	  || { code=$$?; echo "crossover bench: exit code $$code"; exit $$code; }

.PHONY: test
test: tools $(RUNTIME_READY) ## run the fast tests (no Python needed)
	go test ./...

# ---- Set-up ------------------------------------------------------------------
.PHONY: build
build: tools $(RUNTIME_READY) ## build the command and the test binary into .build
	@mkdir -p $(BUILD)
	@go build -o $(CROSSOVER) ./cmd/crossover
	@go test -c -o $(SUITES) ./suites

.PHONY: env
env: $(RUNTIME_READY) ## print the cgo variables: eval "$$(make -s env)"
	@echo 'export CGO_ENABLED=1'
	@echo 'export CGO_CFLAGS="$(CGO_CFLAGS)"'
	@echo 'export CGO_LDFLAGS="$(CGO_LDFLAGS)"'

.PHONY: tools
tools:
	@.ci/prerequisites check $(if $(RUNTIME_READY),mvn) $(TOOLS)

.PHONY: prerequisites
prerequisites: ## install what is missing (Debian, Ubuntu; as root or with sudo)
	@.ci/prerequisites install

.PHONY: clean
clean: ## remove what was fetched, built and measured, models too
	rm -rf $(BUILD) $(RUNTIME)/linux-* $(RUNTIME)/target $(VENV) fixtures/models fixtures/work results
