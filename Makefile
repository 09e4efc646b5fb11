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
# docker or podman, or the path of either.
ENGINE ?= docker
export ENGINE

# Each is found or made once, and costs a fraction of a second afterwards. Expanded only where a recipe uses it.
find = p=$$(sh tools/python.sh) && py=$$("$$p" tools/setup_machine.py python)
with_nextflow = $(find) && nf=$$("$$p" tools/setup_machine.py nextflow) && export NEXTFLOW="$$nf" PATH="$$(dirname "$$py"):$$PATH"

# One worker a core; each keeps to one thread, and a file's tests stay together because they share costly runs. In their order: the long
# runs of the pipeline start early, and short files fill the end.
pytest = OMP_NUM_THREADS=1 "$$py" -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
WORKERS ?= auto

.PHONY: help demo run test test-all quick images bench lint lock setup nextflow-path python-path clean

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: ## a real run on the embedded organism; writes results/ and prints the report's path
	@$(with_nextflow) && "$$nf" run main.nf -profile demo --outdir "$(OUT)" -resume $(ARGS) && echo "$(abspath $(OUT))/report.html"

run: ## any other run: make run ARGS="--organism yeast --data_dir ..."
	@$(with_nextflow) && "$$nf" run main.nf --outdir "$(OUT)" -resume $(ARGS) && echo "$(abspath $(OUT))/report.html"

test: ## every test that needs no container engine, scheduler, GPU or real data
	@$(with_nextflow) && $(pytest) -m "not docker and not slurm and not gpu and not shared_data" tests $(ARGS)

test-all: ## all tests; those that miss what they need skip and say so
	@$(with_nextflow) && $(pytest) tests $(ARGS)

quick: ## unit and command tests, static checks: no nextflow run
	@$(with_nextflow) && $(pytest) -m "not pipeline and not slow and not docker and not slurm and not gpu and not shared_data" tests $(ARGS)

images: ## container images: regdecode/<process>:<version>, with GPU=1 also -gpu
	@p=$$(sh tools/python.sh) && "$$p" tools/images.py $(if $(GPU),--gpu) $(if $(TORCH_INDEX),--torch-index "$(TORCH_INDEX)") $(ARGS)

bench: ## speed against other tools (tests/benchmarks)
	@$(with_nextflow) && for script in tests/benchmarks/bench_*.py; do echo "== $$script" && PYTHONPATH=bin "$$py" "$$script" $(ARGS) || exit 1; done

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
