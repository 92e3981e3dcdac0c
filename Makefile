# Two commands do everything on a fresh Debian or Ubuntu with Go and git:
#
#   make demo    set-up, build, the demo's runs, and its report
#   make test    set-up and all tests
#
# LIBTORCH=/path/to/libtorch before either of them takes that libtorch instead
# of the system's; see make help.

FIT     := harness/torch/fit
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

export LIBTORCH

.PHONY: help setup build demo test faults fuzz lint bench bench-rouge bench-scorer bench-tokenizer bench-decode bench-train bench-rl bench-flat bench-scale bench-sleep bench-cluster clean

help:
	@echo 'make demo    set up, build, run experiments/demo.toml, print its report'
	@echo 'make test    set up, run all tests'
	@echo 'make build   set up, build bin/lastmile'
	@echo 'make setup   only what a build needs: compiler, libtorch, fitted gotch, flags'
	@echo 'make lint    gofmt, vet, staticcheck'
	@echo 'make faults  the fault tests in their long form: KILLS=100 kills'
	@echo 'make fuzz    all fuzz targets: FUZZTIME=1m each, FUZZ=NAME, PACKAGES=./harness/records'
	@echo 'make bench   our speed beside that of peers, see CONTRIBUTING.md'
	@echo 'make clean   remove what make built or set up (not the work folder)'
	@echo
	@echo 'LIBTORCH=DIR takes the libtorch in DIR (with include and lib: an official'
	@echo 'archive, or the torch folder of a Python environment), LIBTORCH=system goes'
	@echo "back to the system's."

setup:
	@$(FIT)/setup.sh

build: setup
	go build -buildvcs=false -ldflags '-X main.version=$(VERSION)' -o bin/lastmile .

demo: build
	bin/lastmile run experiments/demo.toml

test: setup
	@harness/slurm/install.sh
	go vet ./...
	go test -timeout 30m ./...
	cd $(FIT) && go vet ./... && go test ./...

KILLS ?= 100
faults: setup
	LASTMILE_FAULTS=$(KILLS) go test . -run 'Killed|Together|Faulty|FullDisk' -count 1 -v -timeout 0

# The script says what else it takes. It finds the targets itself.
FUZZTIME ?= 1m
fuzz: setup
	@FUZZTIME='$(FUZZTIME)' FUZZ='$(FUZZ)' PACKAGES='$(PACKAGES)' harness/fuzztest/fuzz.sh

lint: setup
	@files=$$(gofmt -l . | grep -v '^\.made-by-make-setup/'); \
		if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...
	cd $(FIT) && go vet ./... && go run $(STATICCHECK) ./...

# Each is a script that runs ours and a peer in turns, and ends with the ratio;
# bench-flat runs ours alone, to see whether its memory grows.
bench: bench-rouge bench-scorer bench-tokenizer bench-decode bench-train bench-rl bench-flat

# LASTMILE_DIALOGSUM, where it is set, is the folder with the pairs.
bench-rouge: setup
	python3 metrics/testdata/benchmark.py

# PYTHON has what the script's first lines install; LASTMILE_MINILM is an
# encoder, LASTMILE_RATINGS a file with pairs of a reference and a candidate.
PYTHON ?= python3
bench-scorer: setup
	@if [ -z "$(LASTMILE_MINILM)" ] || [ -z "$(LASTMILE_RATINGS)" ]; then \
		echo 'scorer: left out; LASTMILE_MINILM and LASTMILE_RATINGS say what to score'; \
	else $(PYTHON) harness/scorer/testdata/benchmark.py --encoder "$(LASTMILE_MINILM)" --pairs "$(LASTMILE_RATINGS)"; fi

# LASTMILE_SMOLLM2 is a folder with a tokenizer.json, LASTMILE_DIALOGSUM one with
# texts. The peer lives in a Python environment of its own.
bench-tokenizer: setup
	@if [ -z "$(LASTMILE_SMOLLM2)" ] || [ -z "$(LASTMILE_DIALOGSUM)" ]; then \
		echo 'tokenizer: left out; LASTMILE_SMOLLM2 and LASTMILE_DIALOGSUM say what to read'; \
	else \
		venv=.made-by-make-setup/venv-tokenizer; \
		[ -x $$venv/bin/pip ] || python3 -m venv $$venv; \
		$$venv/bin/pip install --quiet tokenizers==0.23.3 && \
		$$venv/bin/python harness/tokenizer/testdata/benchmark.py "$(LASTMILE_SMOLLM2)" "$(LASTMILE_DIALOGSUM)"/*.jsonl.gz; \
	fi

# Those beside Hugging Face's libraries compute on LASTMILE_SMOLLM2, a model, and
# LASTMILE_DIALOGSUM. BENCH has a script's options: BENCH='-n 1 --dialogues 32'.
bench-decode bench-train bench-rl bench-flat: bench-%: setup
	@if [ -z "$(LASTMILE_SMOLLM2)" ] || [ -z "$(LASTMILE_DIALOGSUM)" ]; then \
		echo '$*: left out; LASTMILE_SMOLLM2 and LASTMILE_DIALOGSUM say what to compute on'; \
	else python3 harness/bench/$*.py $(BENCH); fi

# Ours alone, on large sweeps whose artifacts are made up. BENCH has its options.
bench-scale: setup
	python3 harness/bench/scale.py $(BENCH)

# A large sweep from end to end, whose stages do nothing but sleep. BENCH has its options.
bench-sleep: setup
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT INT TERM && \
		go build -buildvcs=false -o "$$folder" . ./harness/bench/scale ./harness/bench/scale/sleeper && \
		"$$folder/scale" sleep $(BENCH) "$$folder"

# What a large sweep takes on a cluster, by a simulation. BENCH has its options.
bench-cluster: setup
	go run -buildvcs=false ./harness/bench/cluster $(BENCH) harness/bench/cluster/sweep.toml

clean:
	rm -rf bin .made-by-make-setup harness/torch/fused/flags.go
