#!/usr/bin/env bash
# Runs every fuzz target for a while, and says in one line each what came of it. Fails if one of them has found something;
# go test has then written the input to testdata/fuzz beside the target, where plain "go test" runs it again from then on.
#
#   bash fuzz.sh                       all targets
#   bash fuzz.sh gateway FuzzRestore   those with one of these words in "./package FuzzName"
#
# FUZZTIME  how long each target runs, 10m if not set; as go test -fuzztime takes it
# PARALLEL  how many targets run at the same time, 1 if not set
# WORKERS   how many processes each of them has; if not set, as many as share the processors
set -euo pipefail
cd "$(dirname "$0")"

fuzztime=${FUZZTIME:-10m}
parallel=${PARALLEL:-1}
processors=$(getconf _NPROCESSORS_ONLN)
workers=${WORKERS:-$((processors > parallel ? processors / parallel : 1))}
module=$(go list -m)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# targets prints a line for each target, "package name".
targets() {
  go test -list '^Fuzz' ./... | awk '/^Fuzz/ { names[n++] = $1; next }
    $1 == "ok" { for (i = 0; i < n; i++) print $2, names[i] } { n = 0 }'
}

# chosen tells whether a target has one of the words; without words all are chosen.
chosen() {
  local target=$1 word
  shift
  (($# == 0)) && return 0
  for word in "$@"; do
    [[ $target == *"$word"* ]] && return 0
  done
  return 1
}

# run runs one target and prints its line. Inputs that reach new code are shortened a little only: a target with goroutines
# reaches other code each time, and shortening would take all of its time.
run() {
  local package=$1 name=$2 log status=0 began=$SECONDS last
  log=$logs/${package//\//_}_$name
  go test -run '^$' -fuzz "^$name\$" -fuzztime "$fuzztime" -fuzzminimizetime 100x -parallel "$workers" "$module${package#.}" >"$log" 2>&1 || status=$?
  last=$(grep -E '^fuzz: elapsed' "$log" | grep -F 'execs' | tail -n 1 | sed -E 's/.*execs: ([0-9]+).*\(total: ([0-9]+)\).*/\1 executions, corpus of \2/' || true)
  printf '%-5s %-22s %-22s %5d s  %s\n' "$( ((status)) && echo FOUND || echo ok)" "$package" "$name" $((SECONDS - began)) "${last:-nothing was run}"
  if ((status)); then
    sed 's/^/      /' "$log"
  fi
  return "$status"
}

if ! list=$(targets); then
  echo "the tests do not build: go vet ./..."
  exit 1
fi

# Each target is a group of processes, so that none of it is left when this is told to end.
set -m
trap 'trap - INT TERM HUP; for group in $(jobs -p); do kill -- "-$group" 2>/dev/null || true; done; exit 130' INT TERM HUP
found=0
running=0
while read -r package name; do
  [[ -n $name ]] || continue
  package=.${package#"$module"}
  chosen "$package $name" "$@" || continue
  while ((running >= parallel)); do
    wait -n || found=1
    running=$((running - 1))
  done
  run "$package" "$name" &
  running=$((running + 1))
done <<<"$list"
while ((running > 0)); do
  wait -n || found=1
  running=$((running - 1))
done
exit "$found"
