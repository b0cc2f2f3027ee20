# Two commands matter: `make demo` and `make test`. Both need Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
LOCK := build/lock-tool
COMPILE := $(LOCK)/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --quiet

# Tests start some hundred processes: where this is set, each of them would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv demo test lint format types docs bench bench-engine bench-backtest bench-deadlines bench-orders bench-people week nab waterflow soak lock clean python-is-new-enough

help: ## what there is to do
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

python-is-new-enough:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Herun needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo 'not there')."; \
		echo "Name another one like this: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; } >&2

$(BIN)/python: | python-is-new-enough
	@$(PYTHON) -m venv $(VENV) || { \
		echo "'$(PYTHON) -m venv' failed. On Debian and Ubuntu: apt install python3-venv"; rm -rf $(VENV); exit 1; } >&2

# The locks carry hashes; the project itself is put in without asking the net for anything.
$(VENV)/.runtime: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# TimescaleDB in WASM for the tests; node and npm come from the virtual environment. What this machine trusts counts:
# npm would otherwise know its built-in certificates only, and fail behind a proxy where pip works.
node_modules/.installed: package.json package-lock.json .npmrc $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" NODE_OPTIONS="$$NODE_OPTIONS --use-system-ca" npm ci --loglevel=error --no-progress
	@touch $@

venv: $(VENV)/.dev node_modules/.installed ## the virtual environment, from the hashed locks

demo: $(VENV)/.runtime ## watch the Herun estate live; DEMO_SECONDS=60 ends by itself
	DEMO_SECONDS=$(DEMO_SECONDS) $(BIN)/herun demo

test: lint types node_modules/.installed ## everything that has to hold: lint, format, types, every test
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev ## ruff, lint and format, nothing changed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev ## ruff, mending what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev ## mypy --strict
	$(BIN)/mypy

docs: $(VENV)/.dev ## write docs/metrics.md and docs/settings.md from the code
	$(BIN)/python -m tests.architecture.reference

bench: $(VENV)/.dev ## events a second beside the bare broker, the engine, ten thousand deadlines; BENCH_RATE=1000 for latency at a fixed rate
	$(BIN)/python -m tests.load.bench
	$(BIN)/python -m tests.load.engine_bench
	$(BIN)/python -m tests.load.deadlines_bench

bench-engine: $(VENV)/.dev ## the engine alone: what an event costs with 10, 1,000 and 10,000 rules
	$(BIN)/python -m tests.load.engine_bench

bench-backtest: $(VENV)/.dev ## stored events a second through 50 rules, equal to live; BENCH_EVENTS=1000000 is quicker
	$(BIN)/python -m tests.load.backtest_bench

bench-deadlines: $(VENV)/.dev ## ten thousand deadlines due at once: how long until each has fired; BENCH_DEADLINES=1000 is quicker
	$(BIN)/python -m tests.load.deadlines_bench

bench-orders: $(VENV)/.dev ## lists of orders and writes with a million orders beside ten thousand; BENCH_ORDERS=100000 is quicker
	$(BIN)/python -m tests.load.many_orders

bench-people: $(VENV)/.dev ## 50 workers and 500 residents at once: no order twice, nobody waits for each other; BENCH_ORDERS=1000000: among so many
	$(BIN)/python -m tests.load.people_bench

bench-suggestions: $(VENV)/.dev ## what it costs to suggest a category, and to learn
	$(BIN)/python -m tests.load.suggestions_bench

week: $(VENV)/.dev ## 400 simulated sensors with 60 known anomalies: what the detectors find, miss and make up
	$(BIN)/python -m tests.week

# The benchmark's scorer needs pandas, which nothing of ours does: it gets an environment of its own.
build/nab/venv/.installed:
	$(PYTHON) -m venv build/nab/venv
	build/nab/venv/bin/pip install --quiet --disable-pip-version-check pandas==3.1.1
	@touch $@

build/waterflow/.downloaded: | $(BIN)/python
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --dest build/waterflow river==0.26.1
	@touch $@

waterflow: build/waterflow/.downloaded $(VENV)/.dev ## the default detector on river's WaterFlow: three outages
	$(BIN)/python -m tests.nab build/waterflow

nab: build/nab/venv/.installed build/waterflow/.downloaded $(VENV)/.dev ## the same on the Numenta Anomaly Benchmark; NAB=<checkout>
	@test -d "$(NAB)/data" || { echo "NAB=<checkout of the Numenta Anomaly Benchmark> is missing" >&2; exit 1; }
	$(BIN)/python -m tests.nab build/waterflow "$(NAB)" build/nab/venv/bin/python build/nab

soak: $(VENV)/.dev ## 300 kills at random moments, a quiet day, a million steps through the life of orders, in two walks at once
	HERUN_SOAK_KILLS=300 $(BIN)/python -m pytest tests/faults --timeout=0
	HERUN_QUIET_HOURS=24 $(BIN)/python -m pytest tests/e2e/test_quiet_day.py
	$(MAKE) --jobs=2 soak-walk-1 soak-walk-2

soak-walk-%: $(VENV)/.dev # half a million steps with this seed; one core is busy with it for an hour or two
	HERUN_CYCLE_SEED=$* HERUN_CYCLE_STEPS=$${HERUN_CYCLE_STEPS:-500000} $(BIN)/python -m pytest tests/integration/api/test_order_walk.py --log-cli-level=INFO --log-disable=httpx

lock: python-is-new-enough ## requirements*.txt again, newest versions that pyproject.toml allows
	@test -x $(LOCK)/bin/uv || { $(PYTHON) -m venv $(LOCK) && $(LOCK)/bin/pip install --quiet uv==$(UV_VERSION); }
	$(COMPILE) --upgrade --extra build -o requirements.txt
	$(COMPILE) --upgrade --extra build --extra dev -c requirements.txt -o requirements-dev.txt

clean: ## away with what was built (the data folder stays)
	rm -rf $(VENV) build node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
