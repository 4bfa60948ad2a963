package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"context"

	"github.com/plywire/plywire/loadtest"
)

// TestEveryRealGame plays every game of the shared collections, with mischief and a watcher: final position, result, reason,
// clocks, and what each saw have to be right.
func TestEveryRealGame(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "shared", "data", "games")
	files := map[string]int{"rated-2021-10.pgn": 999, "endings.pgn": 304}
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the games are not there: " + err.Error())
	}
	p := startProcess(t, "--limits", "off", "--test-clock")
	for name, games := range files {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 12*time.Minute)
			defer cancel()
			report, err := loadtest.Run(ctx, config(p, filepath.Join(folder, name)))
			t.Logf("\n%s", report)
			if err != nil {
				t.Fatal(err)
			}
			if err := report.Err(); err != nil || report.Games != games || report.StandIns != 0 {
				t.Fatalf("%d of %d games right, %d by stand-ins: %v", report.Games, games, report.StandIns, err)
			}
		})
	}
}

func config(p *testServer, files ...string) loadtest.Config {
	config := loadtest.DefaultConfig()
	config.Server, config.Files, config.Concurrency, config.Watchers, config.Mischief = p.url, files, 30, 1, true
	return config
}

// TestWithoutATestClock plays the classics, whose flags cannot be forced here: others stand in for them.
func TestWithoutATestClock(t *testing.T) {
	p := startProcess(t, "--limits", "off")
	report, err := loadtest.Run(t.Context(), config(p, filepath.Join("..", "..", "loadtest", "testdata", "classics.pgn")))
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Err(); err != nil || report.Games != 10 || report.StandIns != 2 {
		t.Fatalf("%s", report)
	}
}

// TestNothingIsFoundRight plays against a server whose limits refuse most of it: the run has to say so.
func TestNothingIsFoundRight(t *testing.T) {
	p := startProcess(t, "--rate", "1", "--burst", "6", "--test-clock")
	c := config(p, filepath.Join("..", "..", "loadtest", "testdata", "classics.pgn"))
	c.Games, c.GameTimeout = 2, 5*time.Second
	report, err := loadtest.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if report.Err() == nil {
		t.Fatalf("all is said to be right:\n%s", report)
	}
}
