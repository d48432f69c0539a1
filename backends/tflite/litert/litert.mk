# The comparison with the Python package ai-edge-litert: include this in the top
# Makefile, after runtime.mk. BUILT is the folder of the built variants;
# COMPARE takes further flags of compare.py.

litert_dir := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
litert_venv := $(CURDIR)/.build/litert
BUILT ?= fixtures/models

.PHONY: compare-litert

compare-litert: runtime $(litert_venv)/done
	go build -o $(CURDIR)/.build/litert-ours $(litert_dir)
	$(litert_venv)/bin/python $(litert_dir)/compare.py --program $(CURDIR)/.build/litert-ours --models "$(BUILT)" $(COMPARE)

$(litert_venv)/done: $(litert_dir)/requirements.txt
	rm -rf $(litert_venv)
	python3 -m venv $(litert_venv)
	$(litert_venv)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	touch $@
