# Every target sets itself up: a fresh clone, Python 3.11 or newer with pip, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ASSAY := $(BIN)/assay

.PHONY: demo test lint bench bench-full bench-web soak asan quality interop docs format clean

demo: $(VENV)/.installed
	@$(BIN)/python examples/helpdesk/demo.py demo

test: $(VENV)/.ready
	@$(BIN)/python -m pytest -n 2 -q -m "not soak and not long"

lint: $(VENV)/.ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Small sizes, some minutes; the peers get environments of their own in BENCH, made once.
BENCH ?= .bench

bench: $(VENV)/.ready
	@$(BIN)/python benchmarks/near_dedup.py --sizes 50000 --repetitions 3 --envs $(BENCH)
	@$(BIN)/python benchmarks/pipeline.py --sizes 50000 --repetitions 3 --envs $(BENCH)
	@$(BIN)/python benchmarks/curate.py --rows 50000
	@$(BIN)/python benchmarks/versioning.py --rows 50000

# Up to a million rows, five times each: an hour or more on two cores.
bench-full: $(VENV)/.ready
	@$(BIN)/python benchmarks/near_dedup.py --envs $(BENCH)
	@$(BIN)/python benchmarks/pipeline.py --envs $(BENCH)
	@$(BIN)/python benchmarks/curate.py
	@$(BIN)/python benchmarks/versioning.py

# The web application over a million examples, which are made the first time and stay in BENCH.
bench-web: $(VENV)/.ready
	@$(BIN)/python benchmarks/web.py --map --keep $(BENCH)/web

# Hours of trouble in minutes: kills, bit flips, many writers.
soak: $(VENV)/.ready
	@$(BIN)/python -m pytest -m soak -q -s

# The kernel under the address and undefined-behaviour sanitizers, fed with any bytes. Needs GCC.
asan: $(VENV)/.ready
	@CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover -g -O1" $(BIN)/python setup.py -q build --build-base build/asan --build-lib build/asan/lib
	@LD_PRELOAD="$$(gcc -print-file-name=libasan.so)" ASAN_OPTIONS=detect_leaks=0 PYTHONPATH=build/asan/lib \
	  $(BIN)/python -m pytest -m "soak or not soak" -q -p no:cacheprovider tests/soak/test_kernel_fuzz.py tests/kernels/test_native.py tests/kernels/test_language.py

# Figures on licensed data that is not part of the repository; tests skip, saying so, where it is absent.
quality: $(VENV)/.ready
	@$(BIN)/python -m pytest -m shared_data -q -rs -s

# The tools of others, for real: datasets and mlcroissant read exports, MLflow, W&B and OpenLineage are told of runs. Some 600 MB.
interop: $(VENV)/.ready
	@$(BIN)/python -m pip install --quiet -e . --group dev --group interop --group hub-clients
	@$(BIN)/python -m pytest tests/interop -q -rs

docs: $(VENV)/.ready
	@$(BIN)/python -m pytest tests/docs -q

format: $(VENV)/.ready
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "assay needs Python 3.11 or newer; say which with PYTHON=…")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "Installing assay into $(VENV) …"
	@$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.ready: pyproject.toml | $(VENV)/bin/python
	@echo "Installing assay and the development tools into $(VENV) …"
	@$(BIN)/python -m pip install --quiet -e . --group dev
	@touch $@ $(VENV)/.installed

clean:
	@rm -rf $(VENV) $(BENCH) demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
