# make demo   see it work: an in-process table, the shipped schemas, real items
# make test   every check that can run here; says aloud which cannot
# make install   all that the checks need; with -j the downloads run beside each other
# make quick  the fast ones of them, without a network, for the edit loop: under a minute
# make check  lint, formatting, types
# make figures   how large the code is, and how many of its files a call goes through
# make format rewrite the sources in the project's format
# make bench  what it costs beside other clients; prints, and writes docs/performance.md with its
#             drawing; BENCH=--quick for a short run that writes nothing
# make bench-agents   the adapters for agent frameworks beside other packages; writes docs/agents.md
#             with its drawing; BENCH=--quick for two rounds that write nothing
# make bench-memory   the memory store beside @mastra/dynamodb; LARGE=1 for 100,000 messages
# make bench-migration  memory, pace and processor time of migrations; writes docs/migration.json
# make bench-vectors  reading vectors beside boto3, searching them beside NumPy and Qdrant
# make goldens   write anew what @mastra/memory does, which tests/memory compare with
# make quality   how often recall by meaning finds the right message, here and in TypeScript
# make soak   kill a migration 200 times over a million items; writes docs/soak.json; takes a night
# make soak-agents   kill processes that use the adapters; writes docs/soak-agents.json; some minutes,
#             SOAK="--kills 1000" for longer
# make newcomer  the first hour of somebody new: wheel, clean environment, leyden init, its tests
# make docs   build the documentation's site into .cache/site
# make docs-serve  the same, and serve it at http://127.0.0.1:8008 (PORT=... for another port)
# make agents  the agent frameworks that the adapters are tested with, in .cache/agents
# make generated  rewrite what is generated: TABLE_SETUP.md, schemas/leyden.schema.json, parts of
#             docs/reference, the golden files of deployment formats
#
# Everything lands in .venv and .cache, which git ignores. PYTHON=... names an interpreter,
# TESTS=... what to test (TESTS="tests/keys -k casing"), WORKERS=... how many processes test.

VENV := .venv
CACHE := .cache
PIP := $(VENV)/bin/python -m pip install -qq --disable-pip-version-check
TESTS ?=
WORKERS ?= auto
QUICK := tests/vectors tests/operations tests/keys tests/mapping tests/schema tests/errors --deselect tests/operations/test_stream.py
BENCH ?=
PORT ?= 8008

# The tests start Python hundreds of times. Each start would compile what it imports where the
# environment forbids bytecode, or where pip was told to leave compiling to the first import.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(abspath $(CACHE))/bytecode

.DEFAULT_GOAL := help
.PHONY: help figures demo install test quick check format bench bench-agents bench-memory bench-migration bench-vectors goldens quality soak soak-agents newcomer docs docs-serve docs-tools generated agents npm ministack formats clean

help:
	@sed -n '/^# make/s/^# //p' Makefile

demo: $(VENV)/.installed-demo
	@$(VENV)/bin/leyden demo

install: $(VENV)/.installed-dev npm ministack formats docs-tools agents

test: install
	@$(VENV)/bin/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal $(TESTS)

quick: $(VENV)/.installed-dev
	@HYPOTHESIS_PROFILE=quick $(VENV)/bin/python -m pytest -n $(WORKERS) --maxprocesses 4 $(QUICK)

check: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

figures: $(VENV)/.installed-dev
	@$(VENV)/bin/python tools/figures.py

format: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(CACHE)/bench/.installed npm
	@$(CACHE)/bench/bin/python -m bench.run $(BENCH)

bench-agents: $(CACHE)/bench-agents/.installed npm
	@$(CACHE)/bench-agents/bin/python -m bench.agents.run $(BENCH)

bench-memory: $(VENV)/.installed-dev npm
	@$(VENV)/bin/python -m bench.memory $(if $(LARGE),--large) --json $(CACHE)/bench-memory.json

# One thread, since processor time counts those that wait as well.
bench-migration: $(VENV)/.installed-dev npm
	@$(VENV)/bin/python -m bench.migrating --out docs/migration.json

bench-vectors: export OPENBLAS_NUM_THREADS := 1
bench-vectors: $(VENV)/.installed-dev
	@$(VENV)/bin/python -m bench.vectors
	@$(VENV)/bin/python -m bench.local_vectors
	@$(VENV)/bin/python -m bench.engine_vectors

goldens: $(VENV)/.installed-dev npm
	@$(VENV)/bin/python -m tools.memory_goldens

soak: $(VENV)/.installed-dev npm
	@$(VENV)/bin/python -m tools.soak.run --json docs/soak.json $(SOAK)

soak-agents: agents npm
	@PYTHONPATH=src:. $(CACHE)/agents/newest/bin/python -m tools.soak.agents --write $(SOAK)

quality: $(VENV)/.installed-dev npm
	@$(VENV)/bin/python -m tools.memory_quality --missed

newcomer: $(VENV)/.python
	@$(VENV)/bin/python tools/newcomer.py $(CACHE)/newcomer

# What pages draw comes from their programs, which need what the tests need.
docs: $(VENV)/.installed-dev docs-tools
	@$(VENV)/bin/python -m tools.site.build $(CACHE)

docs-serve: docs
	@$(VENV)/bin/python -m http.server --bind 127.0.0.1 --directory $(CACHE)/site $(PORT)

generated: $(VENV)/.installed-dev
	@$(VENV)/bin/leyden table schemas/memory --vectors 1536 --format markdown > TABLE_SETUP.md
	@$(VENV)/bin/leyden schema > schemas/leyden.schema.json
	@$(VENV)/bin/python -m tools.site.reference
	@$(VENV)/bin/python -m tests.provision.goldens
	@$(VENV)/bin/python -m tests.chart.goldens

# What the checks compare with. Quick where it is there already.
npm: $(VENV)/.python
	@$(VENV)/bin/python tools/node_packages.py $(CACHE)

ministack: $(VENV)/.python
	@$(VENV)/bin/python -m tools.ministack $(CACHE)

# What the checks verify deployment formats with.
formats: $(VENV)/.python
	@$(VENV)/bin/python -m tools.provision_tools $(CACHE)

# What builds the documentation's site, and checks it.
docs-tools: $(VENV)/.python
	@$(VENV)/bin/python -m tools.site.install $(CACHE)

# What the adapters for agent frameworks are tested with.
agents: $(VENV)/.python
	@$(VENV)/bin/python -m tools.agents_envs $(CACHE)

clean:
	rm -rf $(VENV) $(CACHE) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/.python: tools/make-venv
	@PYTHON="$(PYTHON)" tools/make-venv $(VENV)
	@touch $@

$(VENV)/.installed-demo: $(VENV)/.python pyproject.toml
	@echo "Installing Leyden into $(VENV)"
	@$(PIP) --editable '.[cli,local,embedder]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.python pyproject.toml
	@echo "Installing Leyden and its development tools into $(VENV)"
	@$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.installed-demo

# The clients that are compared. Without those that cannot be had, the bench says so and goes on.
$(CACHE)/bench/.installed: tools/make-venv pyproject.toml bench/requirements.txt
	@mkdir -p $(CACHE)
	@PYTHON="$(PYTHON)" tools/make-venv $(CACHE)/bench
	@echo "Installing Leyden and the clients that it is compared with into $(CACHE)/bench"
	@$(CACHE)/bench/bin/python -m pip install -qq --disable-pip-version-check --editable '.[cli]'
	@if $(CACHE)/bench/bin/python -m pip install -qq --disable-pip-version-check \
	  -r bench/requirements.txt; then touch $@; fi

# The packages that the adapters are compared with.
$(CACHE)/bench-agents/.installed: tools/make-venv pyproject.toml bench/agents-requirements.txt
	@mkdir -p $(CACHE)
	@PYTHON="$(PYTHON)" tools/make-venv $(CACHE)/bench-agents
	@echo "Installing Leyden and the packages that its adapters are compared with into $(CACHE)/bench-agents"
	@$(CACHE)/bench-agents/bin/python -m pip install -qq --disable-pip-version-check \
	  --editable . -r bench/agents-requirements.txt
	@touch $@
