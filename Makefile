# `make demo` and `make test` do all set-up themselves on a machine with Rust, Node and make.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export PATH := $(CURDIR)/.tools/bin:$(PATH)
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),$(CURDIR)/target)
HALLMARK := $(TARGET)/release/hallmark
export HALLMARK_BINARY := $(HALLMARK)
# One profile for the binary and the tests: the dependencies are compiled once.
CARGO := cargo
FLAGS := --release --locked --workspace

.PHONY: help setup build demo test anvil e2e walkthrough slither solhint fmt lint test-rust test-forge test-slow fixtures templates init bench scaling clean

help: ## What can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## forge, anvil and solc, pinned, into this folder (see tools/setup.sh).
	@tools/setup.sh

build: setup ## The `hallmark` binary.
	$(CARGO) build $(FLAGS)

demo: build ## The main job on the embedded model: model, proof, verifier, green forge test, gas.
	rm -rf demo
	$(HALLMARK) new demo
	cd demo && forge test
	$(HALLMARK) --project demo gas

test: setup lint test-forge test-rust ## Everything that CI checks.

anvil: build ## Deployment, verification, submission and refusals on a local chain.
	tools/anvil.sh

e2e: build ## The pages that `gas --html` writes, in headless Chromium (from npm, or one on PATH).
	cd test/e2e && npm ci --no-fund --no-audit --loglevel=error
	node --test test/e2e/

slither: setup ## Static analysis of contracts/, every finding answered in docs/static-analysis.md.
	tools/slither.sh

solhint: build ## solhint on contracts/ and a project of every template, every finding answered in the same file.
	tools/solhint.sh

fmt: setup ## Formats Rust and Solidity.
	$(CARGO) fmt --all
	forge fmt

lint: setup ## Formatting and lints, warnings being errors.
	$(CARGO) fmt --all --check
	forge fmt --check
	$(CARGO) clippy $(FLAGS) --all-targets -- -D warnings

test-forge: setup ## Forge tests of contracts/, with a real proof.
	forge test

test-rust: setup build ## Unit, integration and end-to-end tests of the binary.
	$(CARGO) test $(FLAGS)

test-slow: setup build ## What takes minutes: 10,000 fuzz runs per Forge test, ignored Rust tests.
	FOUNDRY_PROFILE=ci forge test
	$(CARGO) test $(FLAGS) -- --ignored

fixtures: build ## Remakes test/generated from the embedded model.
	tools/fixtures.sh
	forge fmt --check

templates: build ## Makes a project of every template for every framework, builds and tests it; prints seconds and gas.
	tools/templates.sh

init: build ## `hallmark init` in the starters of forge and Hardhat: their tests, ours, undo.
	tools/init.sh

walkthrough: ## docs/walkthrough.md again: its commands in a fresh clone, without any cache (20 minutes).
	node tools/walkthrough.mjs

bench: ## Criterion benchmarks of hot paths.
	$(CARGO) bench --locked -p hallmark-circuit -p hallmark-proof

scaling: build ## Rows and CPU seconds of growing layers (docs/results.md); minutes, mostly for the SRS.
	$(TARGET)/release/hallmark-scaling --max-k 18

clean: ## Removes what was built; node_modules and the cargo registry stay.
	rm -rf out cache demo .tools
	$(CARGO) clean
