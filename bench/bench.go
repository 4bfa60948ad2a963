// Package bench measures a server: what a move costs it, how long players wait, what an idle connection and an idle game
// take, how watchers, resumes and restarts go. The server runs in a process of its own. Beside it, in turns and under the
// same load, runs a bare relay on the same WebSocket library: machines differ, and are noisy, but what a move costs in
// relays can be compared.
//
// It must know the server only through the protocol, its command line and its metrics.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// Config says what is measured. Start from DefaultConfig.
type Config struct {
	Binary   string        // that is measured; empty: the one that is running
	Serve    []string      // flags for plywire serve, besides those that the measurement needs
	Parts    []string      // what is measured, of Parts
	Games    int           // at a time, where moves are played
	Rates    []float64     // moves a second; 0: flat out
	Rounds   int           // of each rate, relay and server in turns
	Duration time.Duration // of one round
	Warmup   time.Duration // before it
	Idle     int           // connections, and games, for the memory that they take
	Watchers int           // of one game
	Herd     int           // connections that come back at once
	Cluster  ClusterConfig // what ClusterParts measure
	Seed     uint64        // of the games
	Scratch  string        // folder for data; empty: the system's for temporary files
	Log      io.Writer     `json:"-"` // hears what the servers say; nil: nobody does
	Progress io.Writer     `json:"-"` // hears how far it is; nil: nobody does
	// ShardOf is the shard of a game, of so many: what no client needs to know, and ClusterParts do.
	ShardOf func(game string, shards int) (int, error) `json:"-"`
}

// Parts are what can be measured of one server, in the order in which it is.
var Parts = []string{"cost", "memory", "watchers", "herd"}

// DefaultConfig measures everything of one server, in a few minutes.
func DefaultConfig() Config {
	return Config{Parts: Parts, Games: 200, Rates: []float64{1000, 5000, 0}, Rounds: 3, Duration: 10 * time.Second, Warmup: 2 * time.Second,
		Idle: 5000, Watchers: 10_000, Herd: 19_000, Cluster: DefaultClusterConfig(), Seed: 1}
}

// Bounds of what may be asked for.
const (
	gamesMax       = 9000 // two connections each, of the 20,000 files that are common
	connectionsMax = 19_500
	durationMax    = 10 * time.Minute
)

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("bench: "+format, args...))
		}
	}
	for _, part := range c.Parts {
		need(part == wholeCluster || slices.Contains(Parts, part) || slices.Contains(ClusterParts, part),
			"there is no part %q: they are %v, and of a cluster %v, all of which are %s", part, Parts, ClusterParts, wholeCluster)
	}
	need(len(c.Parts) > 0, "no part is named")
	need(c.Games >= 1 && c.Games <= gamesMax, "%d games, want 1 to %d", c.Games, gamesMax)
	need(len(c.Rates) > 0, "no rate is named")
	for _, rate := range c.Rates {
		need(rate >= 0 && rate <= 1e6, "rate is %v moves a second, want 0 (flat out) to 1000000", rate)
	}
	need(c.Rounds >= 1 && c.Rounds <= 100, "%d rounds, want 1 to 100", c.Rounds)
	need(c.Duration >= 100*time.Millisecond && c.Duration <= durationMax, "a round takes %v, want 100ms to %v", c.Duration, durationMax)
	need(c.Warmup >= 0 && c.Warmup <= durationMax, "the warm-up takes %v, want 0 to %v", c.Warmup, durationMax)
	need(c.Idle >= 100 && c.Idle <= connectionsMax, "%d idle connections, want 100 to %d", c.Idle, connectionsMax)
	need(c.Watchers >= 10 && c.Watchers <= connectionsMax, "%d watchers, want 10 to %d", c.Watchers, connectionsMax)
	need(c.Herd >= 10 && c.Herd <= connectionsMax, "a herd of %d, want 10 to %d", c.Herd, connectionsMax)
	if slices.ContainsFunc(ClusterParts, c.measures) {
		need(c.ShardOf != nil, "nobody tells which shard a game is of, which the parts of a cluster need")
		faults = append(faults, c.Cluster.Validate())
	}
	return errors.Join(faults...)
}

// measures tells whether the part is to be measured.
func (c Config) measures(part string) bool {
	return slices.Contains(c.Parts, part) || slices.Contains(ClusterParts, part) && slices.Contains(c.Parts, wholeCluster)
}

// run is one measurement.
type run struct {
	config  Config
	scratch string
	folders int
	scripts []script
	report  *Report
}

// Run measures. It takes minutes, and ends early with ctx.
func Run(ctx context.Context, config Config) (_ *Report, err error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if config.Progress == nil {
		config.Progress = io.Discard
	}
	if config.Log == nil {
		config.Log = io.Discard
	}
	scratch, err := os.MkdirTemp(config.Scratch, "plywire-bench-")
	if err != nil {
		return nil, fmt.Errorf("bench: folder for data: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	r := &run{config: config, scratch: scratch, scripts: writeScripts(config.Seed), report: newReport(config)}
	parts := map[string]func(context.Context) error{"cost": r.cost, "memory": r.memory, "watchers": r.watchers, "herd": r.herd,
		"handover": r.handOver, "failover": r.failover, "takeover": r.takeOver, "hop": r.hop}
	for _, part := range slices.Concat(Parts, ClusterParts) {
		if config.measures(part) {
			if err := parts[part](ctx); err != nil {
				return nil, fmt.Errorf("bench: %s: %w", part, err)
			}
		}
	}
	return r.report, nil
}

func (r *run) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.config.Progress, format+"\n", args...)
}
