# Needs Go, git and make, and gcc for test-race. Any other tool is built from tools/ into bin/ when a target first wants it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# Short while green; skips with their reasons, failures with their output, and the count of tests come last.
GOTESTSUM := bin/gotestsum --format pkgname --format-hide-empty-pkg
PKG ?= ./...
# -count=1: the test cache does not see that the CLI behind an acceptance test has changed.
TESTFLAGS ?= -count=1 -timeout 30m

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Building

.PHONY: build
build: ## Build the provider into bin/
	go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/terraform-provider-ccr .

.PHONY: build-mock
build-mock: ## Build the mock endpoint into bin/
	go build -trimpath -o bin/ccr-mock ./cmd/ccr-mock

.PHONY: install
install: ## Build the provider and install it where `terraform init` and `tofu init` find it
	scripts/install

.PHONY: clean
clean: ## Remove what was built, tools included
	rm -rf bin dist

##@ Testing

.PHONY: test
test: bin/gotestsum ## Run every test, acceptance tests included (PKG=./internal/client/... for some)
	scripts/cli run $(GOTESTSUM) -- $(TESTFLAGS) $(PKG)

.PHONY: test-race
test-race: bin/gotestsum ## The same under the race detector
	scripts/cli run $(GOTESTSUM) -- $(TESTFLAGS) -race $(PKG)

.PHONY: test-matrix
test-matrix: bin/gotestsum bin/terraform-1.16.1 bin/tofu ## Acceptance tests on each CLI; fails when a test runs on none
	scripts/test-matrix

# A seed that fails says how to replay it alone: make chaos SEED=123.
SEEDS ?= 1000
SEED ?=
.PHONY: chaos
chaos: ## Live through SEEDS random lives with faults at every request (SEED=123 for one)
	@cd internal/provider && CHAOS_SEEDS=$(SEEDS) CHAOS_SEED=$(SEED) go test -count=1 -timeout 60m -run '^TestChaos$$'

FUZZTIME ?= 1m
.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (1m)
	scripts/fuzz $(FUZZTIME)

# Endpoint and keys come from the environment, as for the provider itself. A registry that CCR can reach is needed too:
# CCR_TESTLIVE_SOURCE_URL, CCR_TESTLIVE_SOURCE_USERNAME, CCR_TESTLIVE_SOURCE_PASSWORD, CCR_TESTLIVE_IMAGE (an image in it, cce/web:v1),
# CCR_TESTLIVE_NAMESPACE (of CCR, public). It creates what it needs, named ccr-testlive-…, and deletes it again.
.PHONY: testlive
testlive: ## Check the assumptions of DESIGN.md against a real account (CCR_TESTLIVE=1)
	@go test -count=1 -tags testlive -run '^TestLive$$' -v ./internal/provider

.PHONY: demo
demo: build build-mock bin/crane ## Migrate images between two local registries, from apply to destroy
	scripts/demo

.PHONY: bench
bench: build build-mock ## Measure requests, time and memory, and write BENCHMARKS.md; half an hour
	go build -trimpath -o bin/bench-peak ./scripts/bench/peak
	scripts/cli run go run ./scripts/bench -o BENCHMARKS.md

.PHONY: package-test
package-test: package-local build-mock bin/crane bin/terraform-1.16.1 bin/tofu ## Install the package for this platform with each CLI, offline, and run the demo with it
	scripts/package-test

.PHONY: package-check
package-check: bin/goreleaser bin/cyclonedx-gomod ## Build the package of the last commit twice and compare (PLATFORMS=all for every platform)
	scripts/package-check $(PLATFORMS)

.PHONY: record
record: build build-mock bin/crane ## Record the demo as the picture in README.md
	go run ./scripts/record media/demo.svg make -s demo

##@ Checking

.PHONY: lint
lint: bin/golangci-lint ## Lint, vet, formatting of Go and HCL, tidiness of go.mod
	bin/golangci-lint run
	bin/golangci-lint fmt --diff
	go vet ./...
	go mod tidy -diff
	TF_CLI_CONFIG_FILE=/dev/null "$$(scripts/cli)" fmt -check -diff -recursive examples

.PHONY: lint-pipelines
lint-pipelines: bin/actionlint bin/gitops-lint bin/goreleaser ## Lint the workflows, the pipelines in examples/gitops and the release's configuration
	bin/actionlint -shellcheck= -pyflakes= .github/workflows/*.yml examples/gitops/github-actions/*.yml
	bin/gitops-lint examples/gitops
	bin/goreleaser check

.PHONY: docs
docs: build bin/tfplugindocs bin/terraform-1.16.1 ## Write docs/ from the schema, templates/ and examples/
	scripts/docs write

.PHONY: docs-check
docs-check: build bin/tfplugindocs bin/terraform-1.16.1 ## Fail when docs/ is not what `make docs` would write
	scripts/docs check

##@ Releasing

.PHONY: package
package: bin/goreleaser bin/cyclonedx-gomod ## Build the files of a release into dist/, for every platform
	scripts/package all

.PHONY: package-local
package-local: bin/goreleaser bin/cyclonedx-gomod ## The same for this platform
	scripts/package local

.PHONY: release
release: bin/goreleaser bin/cyclonedx-gomod ## Sign and publish the release of the tag that is checked out; for the release workflow
	scripts/changelog notes "$$(git describe --exact-match --tags --match 'v*')" >bin/notes.md
	bin/goreleaser release --clean --release-notes bin/notes.md

# Tools. Each has a module of its own, for their dependencies disagree; `tool` is the one package its go.mod names.
# Without -buildvcs=false every commit here would link them all again.

TOOLS := actionlint crane cyclonedx-gomod gitops-lint golangci-lint goreleaser gotestsum tfplugindocs
BUILD_TOOL = cd $(<D) && go build -buildvcs=false -ldflags '-s -w $(LINK)' -o ../../$@ tool

$(TOOLS:%=bin/%): bin/%: tools/%/go.mod tools/%/go.sum
	$(BUILD_TOOL)

bin/gitops-lint: tools/gitops-lint/main.go

# A development build of either CLI calls itself 1.16.1-dev, which version checks take for older than 1.16.1.
bin/tofu: LINK := -X github.com/opentofu/opentofu/version.dev=no
bin/tofu: tools/opentofu/go.mod tools/opentofu/go.sum
	$(BUILD_TOOL)

bin/terraform-1.16.1: LINK := -X github.com/hashicorp/terraform/version.dev=no
bin/terraform-1.16.1: tools/terraform/go.mod tools/terraform/go.sum
	$(BUILD_TOOL)
