# The comparison with the Python package ai-edge-litert. The top Makefile includes
# this after runtime.mk. BUILT is the folder of the built variants; COMPARE takes
# further flags of compare.py.

litert_dir := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
litert_venv := $(CURDIR)/.build/litert
BUILT ?= fixtures/models

# The variants that compare.py measures.
LITERT_MODELS = Mobilenet 128,Mobilenet PQ 128,VGG16 128,VGG16 PQ 128,ResNet50 128,ResNet50 PQ 128

.PHONY: compare-litert

compare-litert: tools runtime $(litert_venv)/done ## latency beside the Python package ai-edge-litert: COMPARE=
	@$(MAKE) --no-print-directory fixtures VARIANTS="$(LITERT_MODELS)"
	go build -o $(CURDIR)/.build/litert-ours $(litert_dir)
	$(litert_venv)/bin/python $(litert_dir)/compare.py --program $(CURDIR)/.build/litert-ours \
	  --models "$(BUILT)" $(COMPARE)

$(litert_venv)/done: $(litert_dir)/requirements.txt | tools
	rm -rf $(litert_venv)
	$(PYTHON) -m venv $(litert_venv)
	$(litert_venv)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	touch $@
