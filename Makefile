# Everything a person types. `make` alone says what there is.
VENV := .venv
BIN := $(VENV)/bin
# The first Python on PATH that is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.DEFAULT_GOAL := help
.PHONY: help lab setup build gallery pictures lint test verify proofs bench lock

help:
	@echo 'make lab      open the course in JupyterLab (the first time sets up $(VENV), which takes a minute or two)'
	@echo 'make build    make the notebooks from source/'
	@echo 'make gallery  make docs/gallery, all widgets on one page'
	@echo 'make pictures the pictures of them in the README'
	@echo 'make test     everything that must hold: style, types, drift, the proof of the bank, tests'
	@echo 'make lint     its quick part: style, types, layers, drift'
	@echo 'make verify   prove the bank: right answers pass, mistakes and mutants fail'
	@echo 'make proofs   the longer proofs of the grader: two hundred submissions, fifty kills, every cheat'
	@echo 'make bench    measure'
	@echo 'make lock     renew requirements.txt from pyproject.toml'

lab: setup
	@$(BIN)/leftcontext lab

setup: $(VENV)/ready

# The packages, pinned, from requirements.txt; again when it changes. Nothing outside $(VENV) is touched.
$(VENV)/ready: requirements.txt pyproject.toml
	@test -n '$(PYTHON)' || { echo 'Left Context needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python3' >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo '$(PYTHON) is older than Python 3.11. Name a newer one: make PYTHON=/path/to/python3' >&2; exit 2; }
	@echo 'Setting up $(VENV): a minute or two ...'
	@$(PYTHON) -m venv $(VENV) || { echo 'Python cannot make a venv here. On Debian and Ubuntu: apt install python3-venv' >&2; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

build: setup
	$(BIN)/leftcontext build

gallery: setup
	$(BIN)/python -m leftcontext.widgets.gallery

pictures: gallery
	$(BIN)/python docs/pictures.py

lint: setup
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/leftcontext build --check

# Two at a time, so that both cores have work to the end.
test: lint verify
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(PYTEST)

verify: setup
	$(BIN)/leftcontext verify

# The longer proofs: two hundred honest submissions beside stock nbgrader, fifty kills, every case of which stock nbgrader errs,
# and every unit through stock nbgrader.
proofs: setup
	LEFTCONTEXT_HONEST=67 LEFTCONTEXT_KILLS=50 LEFTCONTEXT_STOCK=999 LEFTCONTEXT_UNITS=all OPENBLAS_NUM_THREADS=1 \
		$(BIN)/python -m pytest --timeout 7200 tests/grading tests/hostile tests/nbgrader

bench: setup
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

lock: setup
	$(BIN)/python -m pip install --quiet 'uv>=0.9'
	$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --extra test --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --upgrade --output-file requirements.txt pyproject.toml
