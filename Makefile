# Crossover's two commands are `make bench` and `make test`; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules

# ---- What a user sets --------------------------------------------------------
GRID ?= quick
COUNT ?=
BENCHTIME ?=
PRECISION ?=
BUDGET ?=
FEATURES ?= features/quick
TAGS ?=
REQUIRE ?=
FORMAT ?=
SUSTAINED ?=
MODELS ?=
SHAPE ?=
ENCODING ?=
PUBLIC ?= fixtures/public/models
PROFILES ?=
NPU ?=
GPU ?=
HOSTS ?=
BUILT ?= fixtures/models
RESULTS ?=
OUT ?=
VARIANTS ?= all
JOBS ?= 2
WEIGHTS ?=
REPRESENTATIVE ?=
PYTHON ?= python3

# ---- The TensorFlow Lite library: runtime, install-runtime, env, the cgo variables
include backends/tflite/runtime/runtime.mk
include backends/tflite/litert/litert.mk

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
	@echo "  bench takes GRID=quick|thesis|FILE COUNT=rounds BENCHTIME=time per block BUDGET=10m"
	@echo "  PRECISION=1% SUSTAINED=1 MODELS=folder of own .tflite files HOSTS=FILE"
	@echo "  accept takes COUNT, BENCHTIME, MODELS, HOSTS too, and RESULTS=a run to judge"
	@echo "  SHAPE=input=1,5,128,1 ENCODING=raw|uint8|jpeg (of MODELS; several with blanks between)"

# ---- The two commands --------------------------------------------------------
# What selects the combinations, and what says how to measure them. A grid's own
# models folder counts unless the user set BUILT.
INPUTS = --suites $(SUITES) $(if $(filter file,$(origin BUILT)),,--fixtures "$(BUILT)") \
  $(if $(MODELS),--models "$(MODELS)") $(SHAPE:%=--shape "%") $(ENCODING:%=--encoding "%") \
  $(if $(HOSTS),--hosts "$(HOSTS)") \
  $(if $(PROFILES),--profiles "$(PROFILES)") $(if $(NPU),--npu "$(NPU)") $(if $(GPU),--gpu "$(GPU)")
EFFORT = $(if $(COUNT),--count $(COUNT)) $(if $(BENCHTIME),--benchtime $(BENCHTIME)) \
  $(if $(PRECISION),--precision $(PRECISION)) $(if $(BUDGET),--budget $(BUDGET)) \
  $(if $(filter-out 0,$(SUSTAINED)),--sustained) $(if $(OUT),--out "$(OUT)")
# $(call refuse,TARGET,VARIABLES) ends make if the target would ignore a variable that is set.
refuse = $(if $(filter $1,$(MAKECMDGOALS)),$(foreach v,$2,$(if $($v),$(error make $1 takes no $v=))))
$(call refuse,bench,RESULTS TAGS REQUIRE FORMAT)
$(call refuse,accept,PRECISION SUSTAINED)
# make reduces every failure to 2, so the command's own exit code is printed.
SAY_CODE = || { code=$$?; echo "exit code $$code" >&2; exit $$code; }

.PHONY: bench
bench: build needed-fixtures ## measure a grid on this machine and print the table
	@$(CROSSOVER) bench --grid $(GRID) $(INPUTS) $(EFFORT) $(SAY_CODE)

.PHONY: accept
accept: GRID := quick
accept: $(if $(RESULTS),,needed-fixtures)
accept: build ## measure features/quick and judge it: FEATURES=DIR TAGS= REQUIRE=npu BUDGET=10m
	@$(CROSSOVER) accept --features "$(FEATURES)" $(INPUTS) $(if $(TAGS),--tags "$(TAGS)") \
	  $(if $(REQUIRE),--require $(REQUIRE)) $(if $(BUDGET),--budget $(BUDGET)) \
	  $(if $(COUNT),--rounds $(COUNT)) $(if $(BENCHTIME),--benchtime $(BENCHTIME)) \
	  $(if $(RESULTS),--results "$(RESULTS)") $(if $(OUT),--out "$(OUT)") $(if $(FORMAT),--format $(FORMAT)) $(SAY_CODE)

.PHONY: doctor
doctor: build ## is this machine fit to measure, and how noisy is it? HOSTS=
	@$(CROSSOVER) doctor --suites $(SUITES) $(if $(HOSTS),--hosts "$(HOSTS)") $(SAY_CODE)

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
	@PYTHONPATH=fixtures $(VENV)/bin/python -m build --models "$(BUILT)" --variants "$(VARIANTS)" --jobs $(JOBS) \
	  --weights "$(WEIGHTS)" --representative "$(REPRESENTATIVE)"

.PHONY: public-models
public-models: tools ## fetch nine public networks for MODELS=fixtures/public/models: PUBLIC=DIR
	@CGO_ENABLED=0 go run ./fixtures/public -dir "$(PUBLIC)"

# The variants that GRID needs; none if they are the user's own or committed.
.PHONY: needed-fixtures
needed-fixtures: build
	@needed=$$($(CROSSOVER) list --fixtures-needed --grid $(GRID) $(INPUTS) | paste -s -d ,); \
	  if [ -n "$$needed" ]; then $(MAKE) --no-print-directory fixtures VARIANTS="$$needed"; fi

$(VENV)/.complete: fixtures/build/requirements.lock
	@.ci/prerequisites check python
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

# Building models needs Python (the user's own and the tiny grid's are there), and so
# does fetching LiteRT's library for amd64; all that is missing is named at once.
WANT_PYTHON := $(if $(MODELS)$(filter tiny,$(GRID)),,bench accept) \
  fixtures public-models test-fixtures compare-litert validate-links overhead interop nightly
MAY_BE_LITERT := $(if $(filter bytedeco,$(LIBRARY)),,$(filter amd64,$(ARCH)))
WANTED := $(if $(TFLITE_PREFIX),,mvn $(if $(MAY_BE_LITERT),python)) \
  $(if $(filter $(WANT_PYTHON),$(MAKECMDGOALS)),python)

.PHONY: tools
tools:
	@.ci/prerequisites check $(sort $(WANTED))

.PHONY: prerequisites
prerequisites: ## install what is missing (Debian, Ubuntu; as root or with sudo)
	@.ci/prerequisites install

.PHONY: clean
clean: ## remove what was fetched, built and measured, models too
	rm -rf $(BUILD) backends/tflite/runtime/linux-* $(VENV) fixtures/models fixtures/public/models results

# ---- Work on Crossover -------------------------------------------------------
.PHONY: lint
lint: tools runtime ## golangci-lint, go mod tidy, long lines and files, workflows
	@.ci/lint

.PHONY: format
format: ## format the Go code
	go tool -modfile=.ci/tools/golangci-lint/go.mod golangci-lint fmt

.PHONY: test-slow
test-slow: tools runtime ## everything with the race detector, and what takes long
	CROSSOVER_SLOW=1 go test -race ./...

.PHONY: test-fixtures
test-fixtures: $(VENV)/.complete ## the tests of the Python pipeline
	cd fixtures && .venv/bin/python -m unittest discover --start-directory build/tests --top-level-directory .

.PHONY: generate
generate: ## regenerate the protocol's code (needs protoc)
	backends/offload/oip/generate.sh

.PHONY: check-generated
check-generated:
	@mkdir -p $(BUILD)/oip && OUT=$(abspath $(BUILD)/oip) backends/offload/oip/generate.sh
	@for f in inference.pb.go inference_grpc.pb.go; do diff -u backends/offload/oip/$$f $(BUILD)/oip/$$f || \
	  { echo "$$f is not what inference.proto gives: run make generate" >&2; exit 1; }; done

.PHONY: smoke-arm64
smoke-arm64: ## cross-build for arm64 and run the tiny grid under qemu-user
	.ci/smoke-arm64

.PHONY: validate-links
validate-links: build ## check the emulated links against the cost model
	@$(MAKE) --no-print-directory fixtures VARIANTS="Mobilenet PQ 32,Mobilenet PQ 75,Mobilenet PQ 128"
	@$(CROSSOVER) link validate --models "$(BUILT)" $(VALIDATE) $(SAY_CODE)

INTEROP_MODELS = Mobilenet PQ 32

.PHONY: overhead
overhead: build ## what offloading costs in software, beside MLServer, KServe and a TCP echo
	@$(MAKE) --no-print-directory fixtures VARIANTS="$(INTEROP_MODELS)"
	backends/offload/interop/overhead.sh $(abspath $(CROSSOVER)) $(abspath $(BUILT)) $(BUILD)/interop \
	  $(OVERHEAD) $(SAY_CODE)

.PHONY: interop
interop: build $(BUILD)/ghz ## our host and client with Triton's client, MLServer, KServe and ghz
	@$(MAKE) --no-print-directory fixtures VARIANTS="$(INTEROP_MODELS)"
	backends/offload/interop/interop.sh $(abspath $(BUILT)) $(BUILD)/interop
	backends/offload/interop/load.sh $(abspath $(CROSSOVER)) $(abspath $(BUILT)) $(BUILD)/interop $(LOAD)
	CROSSOVER_GHZ=$(abspath $(BUILD)/ghz) go test -count=1 -v -run Ghz ./internal/load

$(BUILD)/ghz: .ci/tools/ghz/go.mod
	@mkdir -p $(BUILD)
	go build -modfile=.ci/tools/ghz/go.mod -o $@ github.com/bojand/ghz/cmd/ghz

.PHONY: queueing
queueing: tools runtime ## the queueing model beside a host: about 25 minutes, REQUESTS=40000 at each load
	CROSSOVER_QUEUEING=$(or $(REQUESTS),40000) go test -count=1 -v -timeout 3h -run Queueing ./internal/load

.PHONY: nightly
nightly: test-slow fuzz validate-links overhead interop queueing compare-litert ## what is too long for every change
	go test ./internal/stats -stats.heavy
	CROSSOVER_SIEGE=1 go test ./backends/host -run Siege -v
	CROSSOVER_FUZZ=3000 go test -run Fuzzed ./backends/tflite

.PHONY: fuzz
fuzz: tools runtime ## every fuzz test for FUZZTIME (10s)
	.ci/fuzz $(FUZZTIME)
