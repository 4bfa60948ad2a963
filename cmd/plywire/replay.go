package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/plywire/plywire/loadtest"
	"github.com/plywire/plywire/server"
)

// replayCommand are the flags of plywire replay.
type replayCommand struct {
	Files       []string      `arg:"" name:"file" help:"PGN files." type:"existingfile"`
	Server      string        `help:"URL of a running server, as http://localhost:8080, started with --limits off. Default: one in this process, with a folder of its own." placeholder:"URL"`
	Games       int           `help:"Games to play; 0 for all."`
	Concurrency int           `help:"Games at a time." default:"50"`
	Rate        float64       `help:"Moves a second over all games; 0 for as fast as the server answers."`
	Watchers    int           `help:"Watchers of each game." default:"1"`
	Mischief    bool          `help:"Send illegal, repeated, stale and foreign commands among the others."`
	Seed        uint64        `help:"Seed of the mischief." default:"1"`
	GameTimeout time.Duration `help:"Time after which a game counts as failed." default:"5m"`
}

// Run plays the games. It fails if anything was not right.
func (c *replayCommand) Run(ctx context.Context) error {
	config := loadtest.DefaultConfig()
	config.Server, config.Files, config.Games, config.Concurrency = c.Server, c.Files, c.Games, c.Concurrency
	config.Rate, config.Watchers, config.Mischief, config.Seed = c.Rate, c.Watchers, c.Mischief, c.Seed
	config.GameTimeout = c.GameTimeout
	config.Progress, config.Bar = os.Stderr, term.IsTerminal(int(os.Stderr.Fd()))
	if c.Server == "" {
		s, stop, err := ownServer(ctx)
		if err != nil {
			return err
		}
		defer stop()
		config.Server = s.URL()
	}
	report, err := loadtest.Run(ctx, config)
	if report.Moves > 0 || len(report.Failures) > 0 {
		fmt.Print(report)
	}
	if err != nil {
		return err
	}
	return report.Err()
}

// ownServer starts a server in this process, with the embedded store in a folder that is removed in the end.
func ownServer(ctx context.Context) (*server.Server, func(), error) {
	folder, err := os.MkdirTemp("", "plywire-replay-")
	if err != nil {
		return nil, nil, err
	}
	config := server.DefaultConfig(registry, folder)
	config.Listen, config.Admin = "127.0.0.1:0", ""
	config.Gateway.Node, config.Gateway.Limits, config.Gateway.DrainWithin = "replay", false, 0
	config.Gateway.AdvanceAllowed, config.Table.TestClock = true, true
	s, err := server.Start(ctx, config)
	if err != nil {
		_ = os.RemoveAll(folder)
		return nil, nil, err
	}
	return s, func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		if err := s.Stop(stop); err != nil {
			fmt.Fprintln(os.Stderr, "plywire: stop the server:", err)
		}
		_ = os.RemoveAll(folder)
	}, nil
}
