package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plywire/plywire/loadtest"
)

// realGames are the games of the shared collection, where it is there, and otherwise the classics, many times over.
func realGames(t *testing.T, n int) []string {
	t.Helper()
	shared := filepath.Join("..", "..", "..", "shared", "data", "games", "rated-2021-10.pgn")
	if _, err := os.Stat(shared); err == nil {
		return []string{shared}
	}
	t.Log("../shared/data is not there: the classics are played instead")
	var files []string
	for range n/10 + 1 {
		files = append(files, filepath.Join("..", "..", "loadtest", "testdata", "classics.pgn"))
	}
	return files
}

// TestKilledInTheMiddleOfGames kills the server with SIGKILL three times in the middle of 50 games and starts it again on
// the same data. The clients come back by themselves; every game goes on to its recorded end; what was acknowledged is
// there, once.
func TestKilledInTheMiddleOfGames(t *testing.T) {
	const games, kills = 50, 3
	p := startProcess(t, "--limits", "off", "--test-clock")
	config := loadtest.DefaultConfig()
	config.Server, config.Files, config.Games, config.Concurrency, config.Watchers = p.url, realGames(t, games), games, games, 1
	config.Rate = 400
	marks := make(chan struct{}, kills)
	config.Moved = func(total int64) {
		if total%150 == 100 && total < 150*kills {
			marks <- struct{}{}
		}
	}
	killer := make(chan int)
	finished := make(chan struct{})
	go func() {
		n := 0
		defer func() { killer <- n }()
		for n < kills {
			select {
			case <-marks:
				p.kill()
				p.start()
				n++
			case <-finished:
				return
			}
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	report, err := loadtest.Run(ctx, config)
	close(finished)
	if n := <-killer; n < kills {
		t.Errorf("only %d kills fell into the games", n)
	}
	t.Logf("\n%s", report)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Err(); err != nil || report.Games != games || report.Lost != 0 || report.Doubled != 0 {
		t.Fatalf("%v", err)
	}
	if report.Reconnects < games {
		t.Errorf("only %d connections were made again: the kills were not felt", report.Reconnects)
	}
}

// TestTerminatedInTheMiddleOfGames does the same in peace: SIGTERM, exit status 0, and a start again.
func TestTerminatedInTheMiddleOfGames(t *testing.T) {
	const games = 20
	p := startProcess(t, "--limits", "off", "--test-clock", "--drain-within", "100ms")
	config := loadtest.DefaultConfig()
	config.Server, config.Files, config.Games, config.Concurrency = p.url, realGames(t, games), games, games
	config.Rate = 400
	mark := make(chan struct{}, 1)
	config.Moved = func(total int64) {
		if total == 300 {
			mark <- struct{}{}
		}
	}
	stopped := make(chan error, 1)
	go func() {
		<-mark
		stopped <- p.terminate()
		p.start()
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	report, err := loadtest.Run(ctx, config)
	t.Logf("\n%s", report)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("the server did not stop in peace: %v", err)
	}
	if err := report.Err(); err != nil {
		t.Fatal(err)
	}
}
