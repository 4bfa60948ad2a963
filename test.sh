#!/usr/bin/env bash
# Runs all tests. What they need besides Go is installed where that is possible (Debian or Ubuntu, as root), and named where
# it is not: the tests that need it are then skipped and say so. With CI=true nothing may be skipped.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf '\n== %s\n' "$*"; }

missing=()
have() { command -v "$1" >/dev/null 2>&1; }
have chromium || missing+=(chromium)
have chromedriver || missing+=(chromium-driver)
have node || missing+=(nodejs)
have redis-server || missing+=(redis-server)
# The race detector needs a C compiler.
have gcc || missing+=(gcc libc6-dev)
if ((${#missing[@]})); then
  if have apt-get && [ "$(id -u)" = 0 ]; then
    say "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    say "not installed: ${missing[*]} (the tests that need them are skipped)"
  fi
fi

say "gofmt"
unformatted=$(git ls-files '*.go' 2>/dev/null | xargs -r gofmt -l)
if [ -n "$unformatted" ]; then
  printf 'not formatted; run gofmt -w on:\n%s\n' "$unformatted"
  exit 1
fi

say "go vet"
go vet ./...

if have golangci-lint; then
  say "golangci-lint"
  golangci-lint run ./...
fi

race=()
if have gcc; then race=(-race); fi

# Packages that measure or count by the million take long under the race detector; they are tested without it, and what of
# them is concurrent is tested with it as well.
say "go test"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
go test -v -timeout 20m "${race[@]}" ./... >"$log" 2>&1 || status=$?
grep -E '^(ok|FAIL|panic:|---? FAIL|\?)|^\s+.*_test\.go:[0-9]+: .*' "$log" | grep -vE 'no test files' | grep -E '^(ok|FAIL|panic:|--- FAIL)' || true
if [ "$status" != 0 ]; then
  say "what failed"
  grep -nE -B2 -A25 -- '--- FAIL|panic:|DATA RACE|build failed|^#' "$log" | tail -n 300
  exit "$status"
fi

skipped=$(grep -A1 -E '^\s*--- SKIP' "$log" || true)
if [ -n "$skipped" ]; then
  say "skipped"
  printf '%s\n' "$skipped"
  if [ "${CI:-}" = true ]; then
    echo "in CI nothing may be skipped"
    exit 1
  fi
fi
say "all tests passed: $(grep -cE '^\s*--- PASS' "$log")"
