.DEFAULT_GOAL := help
SHELL := /bin/bash

.PHONY: help
help: ## What there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Install what is missing, build the release, serve it on http://127.0.0.1:3000
	@scripts/setup
	@scripts/build
	@scripts/serve

.PHONY: test
test: ## Install what is missing, then every check and test; green or not
	@scripts/test

.PHONY: setup
setup: ## Install what building and testing need
	@scripts/setup --test

.PHONY: build
build: ## Build the release, if anything changed
	@scripts/build

.PHONY: watch
watch: ## Serve, rebuild and reload at every change of a source
	@scripts/setup
	. scripts/env && cargo leptos watch

.PHONY: format
format: ## Format the sources, and the views in them
	@scripts/setup --test
	. scripts/env && leptosfmt --quiet src && cargo fmt

.PHONY: end2end
end2end: ## Only the browser tests
	@scripts/setup --test
	@scripts/build
	@scripts/end2end

.PHONY: test-long
test-long: ## The flow, the stream and forms after Back in Firefox (a minute)
	@scripts/test-long

.PHONY: gate-long
gate-long: ## 100,000 random histories through the gate (two minutes)
	@scripts/setup
	. scripts/env && GATE_CASES=100000 cargo test --features ssr --lib no_second_sees_more_arrivals_than_the_cap

.PHONY: screenshots
screenshots: ## Make the pictures of the README anew
	@scripts/setup --test
	@scripts/build
	@scripts/end2end --config screenshots.config.ts readme

.PHONY: walk
walk: ## A picture of each step of a user's way, on a desk and on a phone, in end2end/walk
	@scripts/setup --test
	@scripts/build
	@scripts/end2end --config screenshots.config.ts walk

.PHONY: bench-pacing
bench-pacing: ## How evenly requests leave, against oha, hey and locust (a quarter of an hour)
	@scripts/bench-pacing

.PHONY: bench-metrics
bench-metrics: ## What recording costs, and a dashboard over a million requests (half an hour)
	@scripts/bench-metrics

.PHONY: bench-web
bench-web: ## Size of the browser's half, Lighthouse, reload, server rendering (ten minutes)
	@scripts/bench-web

.PHONY: proofs
proofs: ## All of the proofs below, one after the other, as root (an hour and a quarter)
	@scripts/setup --test
	@scripts/build
	@proofs/run all

.PHONY: wire-proof
wire-proof: ## A two-minute run at full rate, its arrivals taken from the wire (needs root)
	@scripts/build
	@proofs/run wire

.PHONY: scenario-proof
scenario-proof: ## Each scenario for half a minute: totals, shape, error share, audit, CPU
	@scripts/build
	@proofs/run scenario

.PHONY: bench-sse
bench-sse: ## What 1, 100 and 1,000 viewers of a run cost: CPU, memory, skew (three minutes)
	@scripts/build
	@proofs/run sse

.PHONY: crash-proof
crash-proof: ## 1,000 starts cut off by their client, kill -9 at 100 random moments of a run, a locked database (ten minutes)
	@scripts/build
	@proofs/run crash

.PHONY: shutdown-proof
shutdown-proof: ## SIGTERM in mid-run 25 times, in the moment of a start 1,000 times, with a locked database (ten minutes)
	@scripts/build
	@proofs/run shutdown

.PHONY: overload-proof
overload-proof: ## Slow clients, one client against the others, a locked database, a full disk (six minutes; needs root)
	@scripts/build
	@proofs/run overload

.PHONY: clock-proof
clock-proof: ## The wall clock set by an hour, 40 days, 56 years, at every moment of a run (four minutes; needs faketime)
	@scripts/build
	@proofs/run clock

.PHONY: api-conformance
api-conformance: ## Schemathesis against the API's description, 10 seeds with 500 examples each (half an hour)
	@scripts/setup --test
	@scripts/build
	@proofs/run conformance 500 1 2 3 4 5 6 7 8 9 10
