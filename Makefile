# Every target sets up what it needs in .venv; neither root nor a server is required.
PYTHON ?= python3
BIN := .venv/bin
SEEDS ?= 1 2 3
# Testers at work side by side: many tests wait for a clock, so a few more than cores.
TESTERS ?= 3
ROOT := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: help demo test check lint types imports docs run chaos bench e2e-browser lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

.venv/.runtime: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --no-deps -e .
	@touch $@

.venv/.dev: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --no-deps -e .
	@touch $@ .venv/.runtime

demo: .venv/.runtime ## a store sale and a VTEX order, from end to end against the simulators
	@$(BIN)/gateway demo

run: .venv/.runtime ## service, worker, console and simulators, left running
	@$(BIN)/gateway demo --stay

test: .venv/.dev ## unit, contract, e2e, golden and short chaos tests, on SQLite and PostgreSQL
	@$(BIN)/pytest -n $(TESTERS) --dist worksteal

check: .venv/.dev lint types imports docs test ## all that CI runs

lint: .venv/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: .venv/.dev
	@$(BIN)/mypy

imports: .venv/.dev
	@$(BIN)/lint-imports

docs: .venv/.dev ## the generated pages are up to date and no link is broken
	@$(BIN)/python -m docs.generate --check

chaos: .venv/.dev ## kill -9 at seeded points, and at every point of every scenario: make chaos SEEDS="1 2 3"
	@CHAOS_SEEDS="$(SEEDS)" CHAOS_POINTS=20 $(BIN)/pytest tests/chaos --timeout 1200
	@SCENARIO_KILLS=all $(BIN)/pytest tests/scenarios/test_killed.py -n $(TESTERS) --dist worksteal

.venv/.browser: .venv/.dev
	@command -v chromium >/dev/null && command -v npm >/dev/null || { $(ROOT) apt-get update -qq && $(ROOT) apt-get install -qq -y --no-install-recommends chromium npm; }
	@mkdir -p .venv/axe && cd .venv/axe && npm pack --silent axe-core@4.14.1 >/dev/null && tar xzf axe-core-4.14.1.tgz package/axe.min.js
	@touch $@

e2e-browser: .venv/.browser ## the console in Debian's Chromium, judged by axe; pictures in var/screenshots (installs Debian packages)
	@$(BIN)/pytest tests/browser --timeout 300

.venv-bench/.ready: requirements-bench.lock
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/pip install --quiet --require-hashes -r requirements-bench.lock
	@touch $@

bench: .venv/.dev .venv-bench/.ready ## the figures of the README, other libraries side by side
	@$(BIN)/gateway bench issue --items 1,10,100,990 --peers --json
	@$(BIN)/gateway bench build --items 1,100 --json
	@$(BIN)/gateway bench sign --items 1,100 --json
	@$(BIN)/gateway bench validate --items 1,100 --json

lock: ## resolve the dependencies again
	@test -x .venv/bin/uv || .venv/bin/pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --quiet --upgrade --extra dev --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" -o requirements-dev.lock
	@$(BIN)/uv pip compile requirements-bench.in --quiet --upgrade --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" -o requirements-bench.lock

clean: ## forget the environment and everything produced
	@rm -rf .venv .venv-bench var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
