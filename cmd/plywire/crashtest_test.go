package main

import (
	"testing"
	"time"

	"github.com/plywire/plywire/loadtest/crashtest"
)

// TestCrashes is a short crash test. The long one is "plywire crashtest".
func TestCrashes(t *testing.T) {
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	config := crashtest.DefaultConfig()
	config.Binary, config.Folder, config.Kills, config.Games = binary, t.TempDir(), 10, 20
	config.Seed = 25 // its kills are of all kinds
	config.Again, config.Timeout = 0.5, 3*time.Minute
	report, err := crashtest.Run(t.Context(), config)
	t.Logf("\n%s", report)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
	if report.Kills != config.Kills || report.FlyingMin < config.Games/2 || report.Reconnect < uint64(config.Games) || report.Again == 0 || report.Adjusted == 0 {
		t.Errorf("the kills were not felt: %+v", report)
	}
	if len(report.Kinds) < 4 { // a kill in a snapshot, or during a start, may miss it
		t.Errorf("only these kinds of kills were made: %v", report.Kinds)
	}
}
