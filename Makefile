# regdecode: `make demo` and `make test` set the machine up by themselves (README.md).
SHELL := /bin/bash
.DEFAULT_GOAL := help
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' bin/regdecode/__init__.py)
OUT ?= results
ARGS ?=
# `make images GPU=1` builds the -gpu images too; TORCH_INDEX names another index for torch (CPU-only wheels, a mirror).
GPU ?=
TORCH_INDEX ?=
export TORCH_INDEX

# Each is found or made once, and costs a fraction of a second afterwards. Expanded only where a recipe uses it.
find = p=$$(sh tools/python.sh) && py=$$("$$p" tools/setup_machine.py python)
with_nextflow = $(find) && nf=$$("$$p" tools/setup_machine.py nextflow) && export NEXTFLOW="$$nf" PATH="$$(dirname "$$py"):$$PATH"

.PHONY: help demo run test test-all quick images bench lint lock setup nextflow-path python-path clean

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: ## a real run on the embedded organism; writes results/ and prints the report's path
	@$(with_nextflow) && "$$nf" run main.nf -profile demo --outdir "$(OUT)" -resume $(ARGS) && echo "$(abspath $(OUT))/report.html"

run: ## any other run: make run ARGS="--organism yeast --data_dir ..."
	@$(with_nextflow) && "$$nf" run main.nf --outdir "$(OUT)" -resume $(ARGS) && echo "$(abspath $(OUT))/report.html"

test: ## every test that needs no engine, GPU or real data
	@$(with_nextflow) && "$$py" tools/run_tests.py test $(ARGS)

test-all: ## all tests; those without what they need skip
	@$(with_nextflow) && "$$py" tools/run_tests.py all $(ARGS)

quick: ## unit tests and static checks alone
	@$(with_nextflow) && "$$py" tools/run_tests.py quick $(ARGS)

images: ## container images: regdecode/<process>:<version>, with GPU=1 also -gpu
	@p=$$(sh tools/python.sh) && "$$p" tools/images.py $(if $(GPU),--gpu) $(if $(TORCH_INDEX),--torch-index "$(TORCH_INDEX)") $(ARGS)

bench: ## speed against other tools (tests/benchmarks)
	@$(with_nextflow) && "$$py" tools/run_tests.py bench $(ARGS)

lint: ## ruff, mypy, nextflow lint
	@$(with_nextflow) && "$$py" -m ruff check bin tools tests && "$$py" -m mypy && "$$nf" lint main.nf workflows subworkflows modules

lock: ## renew requirements.lock and the images' locks from pyproject.toml and containers/*/requirements.in
	@$(find) && { "$$py" -m uv --version >/dev/null 2>&1 || "$$py" -m pip install -q uv; } && "$$py" tools/lock.py

setup: ## only the set-up: Python environment, Java, Nextflow
	@$(with_nextflow) && echo "python $$py" && echo "nextflow $$nf"

nextflow-path: ## path of the nextflow command used here
	@p=$$(sh tools/python.sh) && "$$p" tools/setup_machine.py nextflow

python-path: ## path of the Python used here
	@$(find) && echo "$$py"

clean: ## remove what runs left behind (results stay)
	rm -rf work .nextflow .nextflow.log* .pytest_cache .ruff_cache .mypy_cache
