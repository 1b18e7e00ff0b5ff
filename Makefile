# Everything sets itself up: a machine with Python >= 3.11 and make is enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint types check wheel verify bench docs clean

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: $(STAMP)            ## the main job on the example cohort
	$(BIN)/her2g demo --out her2g_demo

test: $(STAMP)            ## the test suite
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not verify"

verify: $(STAMP)          ## long statistical verification
	$(BIN)/python -m pytest -m verify

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

check: test lint types    ## everything that has to be green before a commit

wheel: $(STAMP)           ## build the wheel and try it in a clean environment
	rm -rf build/wheel build/clean
	$(BIN)/python -m build --wheel --outdir build/wheel .
	$(PYTHON) -m venv build/clean
	build/clean/bin/python -m pip install --quiet build/wheel/*.whl
	cd build && clean/bin/her2g panels && clean/bin/her2g demo --out clean/demo

bench: $(STAMP)           ## benchmarks; results are recorded in docs/benchmarks.md
	for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

docs: $(STAMP)            ## write the generated pages of docs/
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) build her2g_demo
