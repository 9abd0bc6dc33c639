# Everything a person types. `make` alone says what there is.
VENV := .venv
BIN := $(VENV)/bin
# The first Python on PATH that is new enough; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# True where Node is new enough for the checks of the JavaScript.
NODE := npm --version >/dev/null && node -e "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)"

# Python keeps what it has compiled, whatever the shell says: the tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

# Two workers, so that both cores have work to the end; tests/conftest.py says what belongs together and what comes first.
PYTEST_TWO = OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# Over how many seeds `make verify` draws the hidden cases; `make test` takes fewer.
SEEDS ?= 20

.DEFAULT_GOAL := help
.PHONY: help lab setup setup-test build gallery pictures slides documents lint lint-js bundles test pytest test-long proofs coverage site setup-site verify bench lock

help:
	@echo 'make lab        open the course in JupyterLab; the first time sets up $(VENV), which takes one to three minutes'
	@echo 'make setup      only set up $(VENV): what a learner and an instructor need'
	@echo 'make build      make the notebooks from source/'
	@echo 'make gallery    draw docs/gallery, all widgets on one page, and what the first page of a workspace shows'
	@echo 'make pictures   make the pictures in the README: a lesson in JupyterLab, and widgets'
	@echo 'make slides     make slides of the lessons, in build/slides, which needs Node'
	@echo 'make site       build the course as a static site, in site/, which needs Node; SITE=--self-hosted asks no other host'
	@echo 'make documents  write the numbers, the tables of layers and the list of exercises in the documents'
	@echo 'make test       check everything: style, types, drift, the proof of the bank, tests; it takes minutes'
	@echo 'make lint       the quick part of it: style, types, layers, drift'
	@echo 'make lint-js    the part of it for the JavaScript of the widgets, which needs Node'
	@echo 'make bundles    join the JavaScript of the widgets after a change, which needs Node too'
	@echo 'make verify     prove the bank: right answers pass, mistakes and mutants fail'
	@echo 'make test-long  all tests, the longer ones too: in JupyterLab, beside stock nbgrader, kills, every cheat'
	@echo 'make coverage   which lines of the two packages the tests run'
	@echo 'make setup-test only set up what the tests need beside the course'
	@echo 'make bench      measure'
	@echo 'make lock       renew requirements.txt, requirements-test.txt and requirements-site.txt from pyproject.toml'

lab: setup
	@$(BIN)/leftcontext lab

setup: $(VENV)/ready

setup-test: $(VENV)/ready-test

# The packages, pinned, from requirements.txt; again when it changes. Nothing outside $(VENV) is touched.
$(VENV)/ready: requirements.txt pyproject.toml
	@test -n '$(PYTHON)' || { echo 'Left Context needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python3' >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo '$(PYTHON) is older than Python 3.11. Name a newer one: make PYTHON=/path/to/python3' >&2; exit 2; }
	@$(PYTHON) tools/set_up.py $(VENV) requirements.txt --project .
	@touch $@

# What developers need beside them.
$(VENV)/ready-test: $(VENV)/ready requirements-test.txt
	@$(BIN)/python tools/set_up.py $(VENV) requirements-test.txt
	@touch $@

build: setup
	$(BIN)/leftcontext build

# The JavaScript of the widgets, joined: what `make gallery` and every notebook show.
bundles: node_modules/ready
	npm run --silent build

gallery: setup
	$(BIN)/python -m leftcontext.widgets.gallery
	$(BIN)/python -m autograder.workspace.start_outputs

pictures: gallery setup-test
	$(BIN)/python docs/pictures.py

# UNITS='05 07' makes only those.
slides: setup node_modules/ready
	$(BIN)/python tools/slides.py $(UNITS)

# The lessons as pages, the gallery, and JupyterLite. Its tools have a virtual environment of their own.
site: setup-site node_modules/ready
	.venv-site/bin/python tools/make_site.py $(SITE)

setup-site: .venv-site/ready

.venv-site/ready: requirements-site.txt requirements.txt pyproject.toml
	@$(PYTHON) tools/set_up.py .venv-site requirements-site.txt --project .
	@touch $@

documents: setup
	$(BIN)/python tools/documents.py

# Pinned tools from package-lock.json; again when it changes.
node_modules/ready: package.json package-lock.json
	@npm ci --loglevel error
	@touch $@

# Style, types and drift of the JavaScript. Nobody needs Node to use the course, so without it the rest goes on, but in CI.
lint-js:
	@if { $(NODE); } 2>/dev/null; then $(MAKE) -s node_modules/ready && npm run --silent check; \
	else echo 'The checks of the JavaScript are left out: there is no Node 20 or newer here.'; test -z "$$CI"; fi

lint: setup-test lint-js
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet source
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/leftcontext build --check

# Lint has one process, the proof two: side by side they leave no core idle.
test: setup-test
	@$(MAKE) -j2 lint verify SEEDS=2
	@$(MAKE) pytest

pytest: setup-test
	$(PYTEST_TWO) --times=build/test-times.json $(PYTEST)

verify: setup
	$(BIN)/leftcontext verify --seeds $(SEEDS)

# All tests, the longer ones too: those with the mark `long` (in JupyterLab, of stock nbgrader on whole courses, of kills), and
# more of what make test takes a share of: every hostile submission, every fault, every right answer of the bank at every level.
test-long: setup-test verify
	LEFTCONTEXT_LONG=1 $(PYTEST_TWO) --timeout 7200 --times=build/test-long-times.json $(PYTEST)

# Line coverage of the two packages; what runs in other processes (commands, kernels, the sandbox) is not counted.
coverage: setup-test
	$(PYTEST_TWO) --cov leftcontext --cov autograder --cov-report term $(PYTEST)

proofs: test-long
	@echo 'make proofs is now named make test-long.' >&2

bench: setup-test
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

# Without rfc3987-syntax: jsonschema would load it to check international addresses, which nothing here does, and it takes
# a second of processor time at the start of every JupyterLab, nbgrader command and kernel. lark is only its own need.
# Three files: what a learner and an instructor need, and what the tests and the site need beside it, at the same versions.
lock: setup
	$(BIN)/python -m pip install --quiet 'uv>=0.9'
	$(COMPILE) --extra test --output-file $(VENV)/all.txt pyproject.toml
	$(COMPILE) --extra grade --constraint $(VENV)/all.txt --output-file requirements.txt pyproject.toml
	{ echo '-r requirements.txt'; awk -F== 'NR == FNR { course[$$1]; next } !($$1 in course)' requirements.txt $(VENV)/all.txt; } > requirements-test.txt
	$(COMPILE) --extra site --constraint $(VENV)/all.txt --output-file $(VENV)/site.txt pyproject.toml
	{ echo '-r requirements.txt'; awk -F== 'NR == FNR { course[$$1]; next } !($$1 in course)' requirements.txt $(VENV)/site.txt; } > requirements-site.txt

COMPILE = $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links --upgrade --no-emit-package rfc3987-syntax --no-emit-package lark
