# What a stranger needs: make demo, make test. `make help` lists the rest.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
# Git tells nothing about a checkout that belongs to another user, and then go build fails.
ifeq ($(shell git rev-parse HEAD 2>/dev/null),)
export GOFLAGS := $(strip $(shell go env GOFLAGS) -buildvcs=false)
endif
LINTERS := tools/bin/golangci-lint tools/bin/gofumpt

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/watchglass (static), and the host of the demo's ClickHouse
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/watchglass ./cmd/watchglass
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/watchglass-engine ./cmd/watchglass-engine

.PHONY: demo
demo: build ## Watch it catch people tracking a journalist, in a minute
	deploy/engines/install.sh clickhouse geo
	bin/watchglass demo $(ARGS)

.PHONY: engines
engines: ## Fetch the real Kafka and ClickHouse that tests run against
	deploy/engines/install.sh all

.PHONY: test
test: ## Run every test, with the race detector, against real engines
	deploy/engines/install.sh all compiler
	go vet ./...
	go run ./cmd/watchglass rules test deploy/policy --strict
	CGO_ENABLED=1 go test -race -timeout 20m $(ARGS) ./...

.PHONY: chaos
chaos: engines ## Break everything at random, 200 times (two hours)
	go test ./test/chaos -run TestChaos -v -timeout 6h -first 1 -schedules 200 -length 20s -rate 21000 $(ARGS)

.PHONY: bench
bench: engines ## Run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: compare
compare: build tools/bin/rsigma ## Hold the rule engine against another one, rsigma (needs cargo)
	cd tools && go test ./sigmacompare
	cd tools && go run ./sigmacompare verdicts $(ARGS)
	cd tools && go run ./sigmacompare overtime -events 200 $(ARGS)
	cd tools && go run ./sigmacompare speed -events 100000

# --locked takes the versions of libraries that its author tested with.
tools/bin/rsigma:
	@command -v cargo >/dev/null || { echo "rsigma is built with cargo: install Rust, https://rustup.rs" >&2; exit 1; }
	cargo install rsigma --version 0.23.0 --locked --features daachorse-index --root tools

.PHONY: lint
lint: $(LINTERS) ## Check style, import directions and go.mod
	tools/bin/golangci-lint run ./...
	@unformatted=$$(tools/bin/gofumpt -l $$(git ls-files '*.go' 2>/dev/null || find . -name '*.go' -not -path './.engines/*')); \
	  test -z "$$unformatted" || { echo "not formatted, run tools/bin/gofumpt -w on:" $$unformatted >&2; exit 1; }
	cd tools && bin/golangci-lint run -c ../.golangci.yml ./...
	go mod tidy -diff

# Built from tools/go.mod, which pins their versions apart from ours.
$(LINTERS) &: tools/go.mod tools/go.sum
	cd tools && GOBIN=$(CURDIR)/tools/bin go install tool
	@touch $(LINTERS)
