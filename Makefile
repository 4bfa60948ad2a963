# Shortcuts. Everything here is one command that also works without make.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

.PHONY: run build test lint fuzz image

run:            ## serve on :8080 with the data in ./data
	go run ./cmd/plywire

build:          ## bin/plywire, static
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/plywire ./cmd/plywire

test:           ## all tests, with what they need
	bash test.sh

fuzz:           ## every fuzz target for ten minutes; FUZZTIME, PARALLEL and words choose otherwise, see fuzz.sh
	bash fuzz.sh

lint:           ## golangci-lint, where it is installed
	golangci-lint run ./...

image:          ## a container image
	docker build --build-arg VERSION=$(VERSION) -t plywire .
