package crashtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Config says what is played, and how often the server is killed. Start from DefaultConfig.
type Config struct {
	Binary     string        // plywire; empty: the program that is running
	Serve      []string      // more flags for plywire serve
	Folder     string        // where the server keeps everything, and is left when all is over; empty: one that is removed if nothing was wrong
	Nodes      int           // servers; more than one are a cluster, in a Redis that is started for it
	Lease      time.Duration // of the nodes of a cluster
	Kills      int           // of the server; of a cluster, kills, freezes and departures of nodes
	RedisKills int           // of the Redis under a cluster
	Games      int           // in flight at a time
	Seed       uint64        // of the kills, the games, and what the players do
	Files      []string      // PGN files to take the games from; none: legal moves by chance
	Rate       float64       // moves a second over all games, about
	Again      float64       // share of the players who, after a kill, send their last commands again over a connection of their own
	Timeout    time.Duration // for everything
	Progress   io.Writer     // hears how far it is; nil: nobody does
	// Server makes the server that is killed, and says at which URL it will be. It has to take tokens signed with HS256 and
	// the secret in that file. Nil: it is plywire in a process of its own. It excludes more Nodes.
	Server func(key string) (server Server, url string, err error)
}

// Server is what is killed and started again. *process.Process is one, and says what the methods mean.
type Server interface {
	Launch() error
	WaitReady(ctx context.Context) error
	Kill() error
	Terminate(ctx context.Context) error
	Running() bool
}

// DefaultConfig kills one server 200 times with 100 games in flight.
func DefaultConfig() Config {
	return Config{Nodes: 1, Lease: 3 * time.Second, Kills: 200, Games: 100, Seed: 1, Rate: 400, Again: 0.2, Timeout: 15 * time.Minute}
}

// nodesMax bounds the nodes of a cluster on one machine.
const nodesMax = 16

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	need(c.Nodes >= 1 && c.Nodes <= nodesMax, "nodes are %d, want 1 to %d", c.Nodes, nodesMax)
	need(c.Nodes <= 1 || c.Lease >= time.Second && c.Lease <= time.Minute, "the lease is %v, want 1s to 1m", c.Lease)
	need(c.RedisKills >= 0 && c.RedisKills <= 1000, "kills of Redis are %d, want 0 to 1000", c.RedisKills)
	need(c.Nodes > 1 || c.RedisKills == 0, "kills of Redis are %d, and one node has no Redis", c.RedisKills)
	need(c.Nodes <= 1 || c.Server == nil, "a server of the caller's is one node, not %d", c.Nodes)
	need(c.Kills >= 1 && c.Kills <= 1_000_000, "kills are %d, want 1 to 1000000", c.Kills)
	need(c.Games >= 1 && c.Games <= 5000, "games are %d, want 1 to 5000", c.Games)
	need(c.Rate > 0, "rate is %v moves a second, want more than 0", c.Rate)
	need(c.Again >= 0 && c.Again <= 1, "share of commands to be sent again is %v, want 0 to 1", c.Again)
	need(c.Timeout > 0, "time-out is %v, want more than 0", c.Timeout)
	return errors.Join(faults...)
}
