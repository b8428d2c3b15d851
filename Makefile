# What one does with Warren; `make help` lists it. Everything else is in the scripts that these call.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
DATA ?= warren-data
PRESET ?= release
# Puts Node.js, Go and the Python test clients that tools/setup installed on PATH.
env := [[ ! -e .deps/env ]] || source .deps/env;

.PHONY: help setup setup-run build run test bench bench-long profile format lint fuzz simulate two-nodes clean

help: ## list these targets
	@echo "Warren, a chat backend. Targets:"
	@sed -nE 's/^([a-z][a-z-]*):[^#]*## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s'|' 2>/dev/null || \
	 sed -nE 's/^([a-z][a-z-]*):[^#]*## (.*)/  make \1: \2/p' $(MAKEFILE_LIST)

setup: ## install everything that building and testing need (Debian 12, as root)
	@tools/setup test

setup-run:
	@tools/setup run

build: setup-run ## build build/release/bin/warren and warren-echo
	@$(env) tools/build $(PRESET) -j$(JOBS) warren warren-echo

run: build ## build, then serve a demo on http://127.0.0.1:8080 with its data in ./warren-data
	@$(env) exec build/$(PRESET)/bin/warren serve --demo --data-dir $(DATA)

test: setup ## run every test; some of them: tools/test --only unit,e2e
	@$(env) tools/test

bench: setup ## build and run the benchmarks: an hour, one table
	@$(env) tools/bench

bench-long: setup ## the same, longer, with more people
	@$(env) tools/bench --rounds 7 --seconds 15 --people 19000 --most 500000

profile: setup ## a flame graph of a loaded server in build/profile/ (SCENARIO=chat, durable, connect or page)
	@$(env) tools/build release -j$(JOBS) warren warren-load && bench/profile.py --scenario $(or $(SCENARIO),chat)

format: setup ## format every C++ file in place
	@git ls-files -z -c -o --exclude-standard '*.cpp' '*.hpp' | xargs -0 -r clang-format-16 -i

lint: setup ## look for likely mistakes with clang-tidy (FILES='src/chat/*.cpp' for some only)
	@$(env) tools/lint $(FILES)

fuzz: setup ## fuzz every parser for SECONDS (60) each
	@$(env) tools/fuzz $(or $(SECONDS_EACH),60)

simulate: setup ## run SEEDS (20000) simulations of append and delivery from seed FROM (1)
	@$(env) tools/simulate $(or $(SEEDS),20000) $(or $(FROM),1)

two-nodes: setup build ## start RabbitMQ, a MongoDB-protocol server and two nodes, until Ctrl-C
	@$(env) tools/two-nodes

clean: ## delete what was built (not .deps/ and not data)
	@rm -rf build
