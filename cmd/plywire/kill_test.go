package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plywire/plywire/loadtest"
)

// realGames are n games of the shared collection, where it is there; otherwise ten times as many classics, which are short.
func realGames(t *testing.T, n int) (files []string, games int) {
	t.Helper()
	shared := filepath.Join("..", "..", "..", "shared", "data", "games", "rated-2021-10.pgn")
	if _, err := os.Stat(shared); err == nil {
		return []string{shared}, n
	}
	t.Log("../shared/data is not there: the classics are played instead")
	for range n + 1 {
		files = append(files, filepath.Join("..", "..", "loadtest", "testdata", "classics.pgn"))
	}
	return files, 10 * n
}

// TestKilledInTheMiddleOfGames kills the server with SIGKILL three times in the middle of 50 games and starts it again on
// the same data. The clients come back by themselves; every game goes on to its recorded end; what was acknowledged is
// there, once.
func TestKilledInTheMiddleOfGames(t *testing.T) {
	const concurrency, kills = 50, 3
	files, games := realGames(t, concurrency)
	p := startProcess(t, "--limits", "off", "--test-clock")
	config := loadtest.DefaultConfig()
	config.Server, config.Files, config.Games, config.Concurrency, config.Watchers = p.url, files, games, concurrency, 1
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
	if report.Reconnects < concurrency {
		t.Errorf("only %d connections were made again: the kills were not felt", report.Reconnects)
	}
}

// TestTerminatedInTheMiddleOfGames does the same in peace: SIGTERM, exit status 0, and a start again.
func TestTerminatedInTheMiddleOfGames(t *testing.T) {
	const concurrency = 20
	files, games := realGames(t, concurrency)
	p := startProcess(t, "--limits", "off", "--test-clock", "--drain-within", "100ms")
	config := loadtest.DefaultConfig()
	config.Server, config.Files, config.Games, config.Concurrency = p.url, files, games, concurrency
	config.Rate = 400
	mark := make(chan struct{}, 1)
	config.Moved = func(total int64) {
		if total == 300 {
			mark <- struct{}{}
		}
	}
	stopped := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	go func() {
		select {
		case <-mark:
			stopped <- p.terminate()
			p.start()
		case <-ctx.Done():
			stopped <- context.Cause(ctx)
		}
	}()
	report, err := loadtest.Run(ctx, config)
	cancel() // so that nobody waits for moves that do not come
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
