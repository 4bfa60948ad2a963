package simulation_test

import (
	"flag"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/simulation"
)

var (
	simFrom  = flag.Uint64("sim.from", 1, "the first seed that is simulated")
	simSeeds = flag.Uint64("sim.seeds", 2000, "how many seeds are simulated")
	simTrace = flag.Uint64("sim.trace", 0, "simulate this seed alone, and print what happens")
)

// TestSeeds simulates many seeds, and checks that they try all that there is.
func TestSeeds(t *testing.T) {
	if *simTrace != 0 {
		if _, err := simulation.One(*simTrace, os.Stdout); err != nil {
			t.Fatal(err)
		}
		return
	}
	config := simulation.Config{From: *simFrom, Seeds: *simSeeds, Parallel: runtime.GOMAXPROCS(0)}
	switch {
	case testing.Short():
		config.Seeds = min(config.Seeds, 200)
	case raceDetector:
		config.Seeds = min(config.Seeds, 100)
	}
	began := time.Now()
	counts, err := simulation.Many(t.Context(), config)
	t.Log(simulation.Summary(counts, time.Since(began)))
	if err != nil {
		t.Fatal(err)
	}
	if missing := counts.Missing(); config.Seeds >= 500 && len(missing) > 0 {
		t.Errorf("in %d seeds there was never anything of %v: the simulation does not try what it should", config.Seeds, missing)
	}
}

// TestTheSameSeedDoesTheSameAgain compares traces byte for byte.
func TestTheSameSeedDoesTheSameAgain(t *testing.T) {
	for seed := range uint64(12) {
		var first, second strings.Builder
		_, firstErr := simulation.One(seed+1, &first)
		_, secondErr := simulation.One(seed+1, &second)
		if firstErr != nil || secondErr != nil {
			t.Fatal(firstErr, secondErr)
		}
		if first.Len() < 1000 || first.String() != second.String() {
			a, b := strings.Split(first.String(), "\n"), strings.Split(second.String(), "\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Fatalf("seed %d does not do the same again, from line %d on:\n%s\n%s", seed+1, i+1, a[i], b[i])
				}
			}
			t.Fatalf("seed %d has traces of %d and %d bytes", seed+1, first.Len(), second.Len())
		}
	}
}

func TestBadConfigs(t *testing.T) {
	for name, config := range map[string]simulation.Config{
		"no seeds":         {From: 1, Parallel: 1},
		"nobody":           {From: 1, Seeds: 1},
		"beyond all seeds": {From: ^uint64(0), Seeds: 2, Parallel: 1},
	} {
		if _, err := simulation.Many(t.Context(), config); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
