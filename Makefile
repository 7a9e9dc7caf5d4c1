# What a newcomer needs: `make demo` trains, reports and writes text; `make test` runs every test.
SHELL := /bin/bash
BUILD := swift build -c release
export ECHELON := .build/release/echelon
PACKAGES := libopenblas-dev libdnnl-dev libzmq3-dev
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

export PYTHON PEER
.PHONY: demo build test bench faults clusters fuzz docs lint format packages clean

# Two minutes of training, on whatever machine.
demo: build
	@Examples/demo

build: packages
	@[ -x $(ECHELON) ] || echo "building $(ECHELON): the first time takes minutes, all of the compiler's steps are shown"
	$(BUILD) --product echelon

# One build, of the tests and of the program that some of them run.
test: packages
	@.ci/test

# On a quiet machine: every experiment of Benchmarks/. Beside PyTorch where PEER and PYTHON say how.
bench: build
	Benchmarks/run

# Seeded faults against real runs: make faults SEED=1 COUNT=50; each of a kind in turn: make faults FAULTS=--every-call
SEED ?= 1
COUNT ?= 20
faults: build
	python3 Benchmarks/faults/faults.py --seed $(SEED) --count $(COUNT) $(FAULTS)

# As root: a real Slurm and hosts over ssh on this machine, which install Debian's packages; nodes are lost.
clusters: build
	Benchmarks/clusters/slurm
	Benchmarks/clusters/ssh
	Benchmarks/clusters/jobset

# The library's documentation, as pages for a browser.
docs: packages
	@.ci/docs

lint:
	swift format lint --strict --recursive --configuration .swift-format Package.swift Sources Tests Examples
	.ci/check-arrows
	.ci/check-docs
	.ci/check-paths
	.ci/check-symbols

format:
	swift format --in-place --recursive --configuration .swift-format Package.swift Sources Tests Examples

# Files and messages that mean harm, SECONDS for each of their kinds, or RUNS inputs; TARGET is one of them alone.
fuzz: packages
	@SECONDS_EACH="$(SECONDS)" RUNS="$(RUNS)" Tests/Fuzzing/run $(TARGET)

# Installs what is missing, and asks nothing where nothing is.
packages:
	@missing=$$(for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	    echo "installing" $$missing; \
	    $(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; \
	fi

clean:
	rm -rf .build runs
