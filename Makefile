# Each target makes what it needs of a virtual environment in $(VENV) and installs again only when
# pyproject.toml has changed.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= auto
# Tests run side by side and the demonstration's models are small: more threads inside each process would wait
# for one another, not work.
single = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

bin := $(VENV)/bin
install = $(bin)/python -m pip install --disable-pip-version-check --quiet --editable

.PHONY: help demo test parity check bench oclgrind gpu-check clean

help:
	@echo 'make demo    train two models on every device found, plot and compare them'
	@echo 'make test    run the tests'
	@echo 'make parity  run the tests that compare with PyTorch (installs it)'
	@echo 'make check   format, lint, types, import contracts, sizes, smoke tests'
	@echo 'make bench   time Unison against PyTorch'
	@echo 'make oclgrind  run the OpenCL kernels under Oclgrind, which watches every access'
	@echo 'make gpu-check  test, judge and time an NVIDIA GPU; needs nothing installed but what it names'
	@echo 'make clean   remove the virtual environment and what the tools left'

demo: $(VENV)/.installed-demo
	$(single) $(bin)/python -m examples.demo $(ARGS)

test: $(VENV)/.installed-test
	$(single) $(bin)/python -m pytest -n $(JOBS) $(ARGS)

parity: $(VENV)/.installed-test $(VENV)/.installed-parity
	$(single) $(bin)/python -m pytest -n $(JOBS) tests/parity $(ARGS)

check: $(VENV)/.installed-dev $(VENV)/.installed-test
	$(bin)/ruff format --check --quiet .
	$(bin)/ruff check --quiet .
	$(bin)/python tools/size_table.py
	$(bin)/lint-imports --no-logo
	$(bin)/mypy
	$(bin)/python -m pytest -q tests/house

bench: $(VENV)/.installed-parity
	$(bin)/python -m benchmarks $(ARGS)

oclgrind: $(VENV)/.installed-test
	$(bin)/python tools/oclgrind.py --out docs/results/oclgrind.md $(ARGS)

# Without a virtual environment: the machine's own Python, CuPy and PyTorch, and the source tree.
gpu-check:
	$(PYTHON) -m tools.gpu_check $(ARGS)

clean:
	rm -rf $(VENV) build demo-output bench-output .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(bin)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Unison needs Python 3.11 or newer; $(PYTHON) is not. Name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-%: pyproject.toml | $(bin)/python
	$(install) '.[$*]'
	@touch $@
