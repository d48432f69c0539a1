# The TensorFlow Lite runtime. The top Makefile includes this; its target tools names
# what is missing.
#   make runtime [ARCH=arm64]           fetches it unless it is there
#   LIBRARY=litert|bytedeco             one build of it instead of the fastest that runs on this machine
#   make install-runtime PREFIX=/usr/local   installs it for the whole machine
#   eval "$(make -s env)"               sets in a shell what go build needs
#   TFLITE_PREFIX=/some/prefix          uses an existing installation

LIBRARY ?= auto
# Without Go, what else is missing depends on the machine's architecture.
tflite_machine := $(patsubst x86_64,amd64,$(patsubst aarch64,arm64,$(shell uname -m)))
tflite_host := $(or $(shell go env GOHOSTARCH 2>/dev/null),$(tflite_machine))
ARCH ?= $(tflite_host)
PREFIX ?= /usr/local

tflite_dir := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
ifdef TFLITE_PREFIX
tflite_home := $(abspath $(TFLITE_PREFIX))
else
tflite_home := $(tflite_dir)/linux-$(ARCH)
endif

# A cross-built program looks for the library beside itself, because it runs on another machine.
ifeq ($(ARCH),$(tflite_host))
tflite_rpath := $(tflite_home)/lib
tflite_vars := CGO_ENABLED CGO_CFLAGS CGO_LDFLAGS
else
tflite_rpath := $$ORIGIN
tflite_vars := CGO_ENABLED CGO_CFLAGS CGO_LDFLAGS GOARCH CC
export GOARCH := $(ARCH)
export CC := $(or $(filter-out cc,$(CC)),$(if $(filter arm64,$(ARCH)),aarch64,x86_64)-linux-gnu-gcc)
endif

export CGO_ENABLED := 1
export CGO_CFLAGS := '-I$(tflite_home)/include'
export CGO_LDFLAGS := '-L$(tflite_home)/lib' '-Wl,-rpath,$(tflite_rpath)'

.PHONY: runtime install-runtime env

runtime: tools ## fetch the TensorFlow Lite library: ARCH=arm64, LIBRARY=litert|bytedeco, TFLITE_PREFIX=
ifdef TFLITE_PREFIX
	@for f in lib/libtensorflowlite_c.so include/tensorflow/lite/c/c_api.h; do \
		test -e "$(tflite_home)/$$f" || { echo "TFLITE_PREFIX=$(TFLITE_PREFIX) has no $$f" >&2; exit 1; }; done
else
	@env -u GOOS -u GOARCH -u CC CGO_ENABLED=0 go run "$(tflite_dir)" \
	  -dir "$(tflite_dir)" -arch "$(ARCH)" -library "$(LIBRARY)"
endif

install-runtime: runtime ## install that library for the whole machine: PREFIX=/usr/local
	install -d "$(DESTDIR)$(PREFIX)/lib" "$(DESTDIR)$(PREFIX)/include"
	install -m 0644 "$(tflite_home)/lib/libtensorflowlite_c.so" "$(DESTDIR)$(PREFIX)/lib/"
	cp -R "$(tflite_home)/include/tensorflow" "$(DESTDIR)$(PREFIX)/include/"
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

# The shell that evaluates this needs the $ of $ORIGIN quoted.
env: ## print the cgo variables, for a shell's eval
	@$(foreach v,$(tflite_vars),printf 'export %s="%s"\n' $(v) "$$$(v)" | sed 's/\$$/\\$$/g';)
