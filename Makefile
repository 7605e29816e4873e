# make demo   see it work: an in-process table, the shipped schemas, real items
# make test   every check that can run here; says aloud which cannot
# make check  lint, formatting, types
# make format rewrite the sources in the project's format
# make bench  client CPU beside boto3 and PynamoDB, as ratios
# make bench-memory   the memory store beside @mastra/dynamodb; LARGE=1 for 100,000 messages
# make docs   rewrite what is generated: TABLE_SETUP.md, schemas/leyden.schema.json, the domains
#             of the memory store
#
# Everything lands in .venv and .cache, which git ignores. PYTHON=... names an interpreter,
# TESTS=... what to test (TESTS="tests/keys -k casing").

VENV := .venv
CACHE := .cache
PIP := $(VENV)/bin/python -m pip install -qq --disable-pip-version-check
TESTS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench bench-memory docs npm clean

help:
	@sed -n '/^# make/s/^# //p' Makefile

demo: $(VENV)/.installed-demo
	@$(VENV)/bin/leyden demo

test: $(VENV)/.installed-dev npm
	@$(VENV)/bin/python -m pytest $(TESTS)

check: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/.installed-dev npm
	@$(VENV)/bin/python bench/run.py

bench-memory: $(VENV)/.installed-dev npm
	@$(VENV)/bin/python -m bench.memory $(if $(LARGE),--large) --json $(CACHE)/bench-memory.json

docs: $(VENV)/.installed-dev
	@$(VENV)/bin/leyden table schemas/memory --format markdown > TABLE_SETUP.md
	@$(VENV)/bin/python -c 'import json; from leyden.schema import json_schema; \
	  print(json.dumps(json_schema(), indent=2, ensure_ascii=False))' > schemas/leyden.schema.json
	@$(VENV)/bin/python tools/facades.py

# What the checks compare with. Quick where it is there already.
npm: $(VENV)/.python
	@$(VENV)/bin/python tools/node_packages.py $(CACHE)

clean:
	rm -rf $(VENV) $(CACHE) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.python: tools/make-venv
	@PYTHON="$(PYTHON)" tools/make-venv $(VENV)
	@touch $@

$(VENV)/.installed-demo: $(VENV)/.python pyproject.toml
	@echo "Installing Leyden into $(VENV)"
	@$(PIP) --editable '.[cli,local]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.python pyproject.toml
	@echo "Installing Leyden and its development tools into $(VENV)"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.installed-demo
