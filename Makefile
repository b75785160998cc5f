# The commands of the house. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .cache/venv/bin/python
export PATH := $(CURDIR)/.cache/venv/bin:$(PATH)
export PETIOLE_ROOT := $(CURDIR)
# The command starts often: let Python keep what it compiled.
unexport PYTHONDONTWRITEBYTECODE
# Without make's flags: two builds at a time each use the whole machine, instead of two jobs between them.
ALONE := env -u MAKEFLAGS -u MFLAGS
CARGO := $(ALONE) CARGO_TARGET_DIR=$(CURDIR)/.cache/cargo/host cargo
# Tests of boards and of bad networks wait more than they compute: more processes than two cores.
WORKERS ?= $(shell n=$$(nproc); echo $$((n > 4 ? n : 4)))
PYTEST := $(PY) -m pytest -q -n $(WORKERS)

.PHONY: help setup demo test test-fast test-rust test-python firmware kills chaos wear power fuzz lint format bench bench-size bench-footprint screenshot deb clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## system packages, Python environment, Rust for the boards
	@tools/setup run

demo: setup ## the story of Petiole on this machine (KEEP=1 leaves it running)
	@petiole demo $(if $(KEEP),--keep)

test: ## every test, from the units to the emulated boards
	@tools/setup test
	@$(MAKE) --no-print-directory -j2 test-rust firmware
	$(PYTEST) --dist loadgroup --durations=15

test-rust: ## host tests of the firmware's crates
	cd firmware && $(CARGO) test --quiet --workspace
	cd examples && $(CARGO) test --quiet -p petiole-guest

test-python: firmware
	$(PYTEST) --dist loadgroup --durations=15

kills: firmware ## 200 power cuts during updates on each emulated board (long; CUTS=, SEED=)
	PETIOLE_CUTS=$(or $(CUTS),200) PETIOLE_SEED=$(or $(SEED),4) $(PY) -m pytest -q -s tests/firmware/test_kills.py

chaos: ## kill agent, leaf, hub and fleet 100 times, cut lines, lose stores, and count records (long; RUNS=, SEED=)
	PETIOLE_RUNS=$(or $(RUNS),100) PETIOLE_SEED=$(or $(SEED),1) $(PY) -m pytest -q -s tests/chaos

wear: setup ## bytes written to disk for telemetry and for a deployment, beside their payload
	$(PY) -m bench.wear

power: ## cut the power at every flash operation, in more ways than the tests do (long; WAYS=)
	cd firmware && POWER_WAYS=$(or $(WAYS),8) $(CARGO) test -p petiole-store --test power -- --nocapture
	cd firmware && POWER_WAYS=$(or $(WAYS),8) $(CARGO) test -p petiole-host --test host power -- --nocapture

fuzz: ## fuzz everything that reads foreign bytes, ten minutes each (long; SECONDS_EACH=, TARGETS=)
	$(PY) firmware/fuzz/run.py --seconds $(or $(SECONDS_EACH),600) $(TARGETS)

test-fast: ## what you run all the time: no emulators, no browser, no other programs but cargo
	cd firmware && $(CARGO) test --quiet
	$(PYTEST) --dist loadgroup -m "not system and not programs"

firmware: ## both emulated boards' firmware and the ahead-of-time compiler
	@$(ALONE) petiole board build qemu-an505
	@$(ALONE) petiole board build qemu-riscv32
	@$(ALONE) petiole component build examples/hello --json >/dev/null

lint: ## ruff, mypy, import rules, shellcheck, rustfmt, clippy; warnings are errors
	@tools/setup run
	shellcheck .ci/run tools/setup packaging/deb/p*
	ruff check .
	ruff format --check .
	mypy
	cd firmware/platform/builder && MYPYPATH=$(CURDIR) mypy --strict --config-file= $$(ls *.py | grep -v main.py)
	lint-imports
	cd firmware && cargo fmt --all --check
	cd firmware/boards && cargo fmt --check
	cd examples && cargo fmt --all --check
	cd firmware && $(CARGO) clippy --quiet --workspace --all-targets -- -D warnings
	@if command -v cargo-deny >/dev/null; then for folder in firmware firmware/boards; do \
		cargo deny --manifest-path $$folder/Cargo.toml --offline --log-level error check --config firmware/deny.toml licenses bans sources || exit; done; \
	else echo "cargo-deny is not installed: licences and sources of the crates were not checked ('cargo install cargo-deny')"; fi

format: ## let ruff and rustfmt format everything
	ruff check --fix --quiet . || true
	ruff format --quiet .
	cd firmware && cargo fmt --all
	cd firmware/boards && cargo fmt
	cd examples && cargo fmt --all

bench: setup ## sizes, memory and speed beside wasmi and wasm3 into bench/*.json and docs/reference/footprint.md
	@command -v clang >/dev/null || { echo "bench: needs clang, to compile wasm3: apt-get install clang" >&2; exit 1; }
	$(PY) -m bench

bench-size: setup ## sizes of firmware, components and heap into bench/sizes.json
	$(PY) -m bench.size

bench-footprint: setup ## memory, idle time and speed of the agent beside bare wasmtime-py into bench/edge.json (20 minutes; QUICK=1: two)
	$(PY) -m bench.footprint $(if $(QUICK),--quick)

screenshot: ## the dashboard's pictures in the README (FLEET=address of a running fleet)
	@tools/setup test
	$(PY) -m docs.screenshot --fleet $(FLEET)

deb: setup ## the agent as a Debian package for this machine's Debian and processor, into build/
	$(PY) -m tools.deb

clean: ## remove what was built (keeps the Python environment)
	rm -rf .cache/cargo .cache/devices .cache/platformio build
