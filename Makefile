# pitcrew: every target does its own set-up. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
NODE := node_modules/.bin/node
BIN := PATH="$(CURDIR)/node_modules/.bin:$$PATH"
SETUP := node_modules/.package-lock.json

.PHONY: help demo test stories rest check bench fuzz sim measure generate golden sbom images up down status env clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The Node that runs everything comes from the lock file; npm of any Node that is about can fetch it.
$(SETUP): package.json package-lock.json
	@command -v npm >/dev/null || { echo "make: npm is missing: install Node.js 20 or newer"; exit 1; }
	@echo "installing packages" >&2
	@npm ci --no-audit --no-fund --loglevel=error >&2
	@touch $@

demo: $(SETUP) ## a real node, the guide's stack on it, Ready; stays up until `make down`
	@$(NODE) test/demo/main.ts

test: $(SETUP) ## all tests, on a real Kubernetes; ends with `N passed, 0 failed`
	@$(NODE) test/run.ts

stories: $(SETUP) ## every command of docs/ typed on a node, every alert fired by its cause; about 15 minutes
	@$(BIN) vitest run --project stories

rest: $(SETUP) ## a profile under Argo CD for ten minutes in which nothing may happen; PITCREW_REST_SECONDS chooses others
	@$(BIN) PITCREW_REST_SECONDS=$${PITCREW_REST_SECONDS:-600} vitest run --project argocd

chaos: $(SETUP) ## kills at every write, broken watches, dead and stale API servers; about half an hour
	@$(BIN) CHAOS_FULL=1 vitest run --project chaos --project apart test/chaos test/contract/election; code=$$?; \
	for name in chaos crowd leader; do $(NODE) test/cluster/main.ts down --name $$name; done; exit $$code

sim: $(SETUP) ## 50,000 fault schedules before a simulated API server, and memory; SIM_COUNT, SIM_SEED, SIM_PATH choose others
	@$(NODE) test/sim/main.ts
	@[ -n "$$SIM_PATH" ] || $(NODE) --expose-gc test/sim/memory.ts

check: $(SETUP) ## the fast part of the tests: types, lint, unit, golden; no cluster
	@$(NODE) test/run.ts --fast

bench: $(SETUP) ## rendering beside `helm template`, the loop beside a twin in Go; 25 minutes, BENCH_ONLY=render: one
	@$(NODE) test/bench/main.ts

fuzz: $(SETUP) ## 10,000 random profiles before the real servers; FUZZ_COUNT and FUZZ_SEED choose others
	@$(BIN) FUZZ_COUNT=$${FUZZ_COUNT:-10000} vitest run --project e2e test/e2e/agreement.test.ts

measure: $(SETUP) ## the guide's values against ours on a node of its own; about 15 minutes
	@$(NODE) test/measure/main.ts

generate: $(SETUP) ## CRD, references and install channels from their sources
	@$(NODE) crds/bin/generate.ts
	@$(NODE) deploy/bin/generate.ts

golden: $(SETUP) ## renew the expected objects of the examples; review the diff
	@$(BIN) UPDATE_GOLDEN=1 vitest run --project golden

sbom: $(SETUP) ## licences of what is bundled, and a bill of materials beside the bundle in dist
	@$(NODE) release/main.ts

images: $(SETUP) ## build the images whose inputs changed
	@$(NODE) images/build.ts

up: $(SETUP) ## a real node without anything on it
	@$(NODE) test/cluster/main.ts up

down: ## end every cluster of this project; nothing is left behind
	@[ ! -e $(SETUP) ] || $(NODE) test/cluster/main.ts down --all

status: $(SETUP) ## which clusters run
	@$(NODE) test/cluster/main.ts status

env: ## `eval $(make -s env)` points kubectl at the running cluster
	@[ ! -e $(SETUP) ] || $(NODE) test/cluster/main.ts env

clean: down ## remove what was built here (the caches of programs and images stay)
	@rm -rf dist node_modules
