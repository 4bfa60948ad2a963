package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/bench"
	"github.com/plywire/plywire/bench/relay"
	"github.com/plywire/plywire/shard"
)

// benchCommand are the flags of plywire bench.
type benchCommand struct {
	Parts    []string      `help:"What is measured: of one server cost, memory, watchers, herd; of several on one Redis, for which redis-server has to be in PATH, handover, failover, takeover, hop, or cluster for these four." default:"cost,memory,watchers,herd"`
	Games    int           `help:"Games at a time." default:"200"`
	Rate     []float64     `help:"Moves a second; 0 is flat out." default:"1000,5000,0"`
	Rounds   int           `help:"Rounds of each rate, with a bare relay and the server in turns." default:"3"`
	Duration time.Duration `help:"Of one round." default:"10s"`
	Warmup   time.Duration `help:"Before each round." default:"2s"`
	Idle     int           `help:"Idle connections, and idle games, for their memory." default:"5000"`
	Watchers int           `help:"Watchers of one game." default:"10000"`
	Herd     int           `help:"Connections that are lost at once and come back." default:"19000"`

	HandoverGames  int           `help:"Games in play while shards are handed over." default:"8000"`
	HandoverShards int           `help:"Shards that they are in." default:"8"`
	HandoverPlies  int           `help:"To which each of them is played before." default:"20"`
	HandoverRate   float64       `help:"Moves a second, over all of them." default:"1000"`
	FailoverGames  int           `help:"Games in play while a node is killed, each with a move a second." default:"1000"`
	TakeoverGames  int           `help:"Games of a node that is killed, for another to take." default:"40000"`
	HopRate        float64       `help:"Moves a second of games on another node than their players." default:"2000"`
	Lease          time.Duration `help:"How long nodes wait for one of which they hear nothing." default:"3s"`

	Seed    uint64 `help:"Of the games." default:"1"`
	Binary  string `help:"Measure this binary instead of this one." type:"path" placeholder:"FILE"`
	Serve   string `help:"More flags for plywire serve, separated by spaces." placeholder:"FLAGS"`
	Scratch string `help:"Folder for the servers' data: on the disk that is to be measured." type:"path" placeholder:"FOLDER"`
	JSON    string `help:"Write the report to this file as JSON." type:"path" placeholder:"FILE"`
	HTML    string `help:"Write the report to this file as a page with plots." type:"path" placeholder:"FILE"`
	Compare string `help:"Compare with a report that was written as JSON." type:"existingfile" placeholder:"FILE"`
}

// Run measures and prints the report.
func (c *benchCommand) Run(ctx context.Context) error {
	cluster := bench.ClusterConfig{Lease: c.Lease, Shards: c.HandoverShards, HandOverGames: c.HandoverGames, HandOverPlies: c.HandoverPlies,
		HandOverRate: c.HandoverRate, FailoverGames: c.FailoverGames, TakeOverGames: c.TakeoverGames, HopRate: c.HopRate}
	report, err := bench.Run(ctx, bench.Config{Binary: c.Binary, Serve: strings.Fields(c.Serve), Parts: c.Parts, Games: c.Games, Rates: c.Rate,
		Rounds: c.Rounds, Duration: c.Duration, Warmup: c.Warmup, Idle: c.Idle, Watchers: c.Watchers, Herd: c.Herd, Cluster: cluster,
		Seed: c.Seed, Scratch: c.Scratch, Log: os.Stderr, Progress: os.Stderr, ShardOf: shardOf})
	if err != nil {
		return err
	}
	fmt.Print(report)
	return errors.Join(c.compare(report), c.write(report))
}

// shardOf is the shard of a game, of so many.
func shardOf(name string, shards int) (int, error) {
	id, err := uuid.Parse(name)
	return shard.Of(id, shards), err
}

func (c *benchCommand) compare(report *bench.Report) error {
	if c.Compare == "" {
		return nil
	}
	before, err := bench.ReadReport(c.Compare)
	if err == nil {
		fmt.Print("\n", report.Compare(before))
	}
	return err
}

func (c *benchCommand) write(report *bench.Report) error {
	if c.JSON != "" {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.JSON, append(text, '\n'), 0o600); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if c.HTML != "" {
		var page bytes.Buffer
		if err := report.WriteHTML(&page); err != nil {
			return err
		}
		if err := os.WriteFile(c.HTML, page.Bytes(), 0o600); err != nil {
			return fmt.Errorf("write the page: %w", err)
		}
	}
	return nil
}

// relayCommand serves the yardstick.
type relayCommand struct {
	Listen string `help:"Address." default:"127.0.0.1:8081"`
}

// Run relays until the process is told to stop.
func (c *relayCommand) Run(ctx context.Context) error { return relay.Serve(ctx, c.Listen) }
