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
	Binary   string        // plywire; empty: the program that is running
	Serve    []string      // more flags for plywire serve
	Folder   string        // where the server keeps everything, and is left when all is over; empty: one that is removed if nothing was wrong
	Kills    int           // of the server
	Games    int           // in flight at a time
	Seed     uint64        // of the kills, the games, and what the players do
	Files    []string      // PGN files to take the games from; none: legal moves by chance
	Rate     float64       // moves a second over all games, about
	Again    float64       // share of the players who, after a kill, send their last commands again over a connection of their own
	Timeout  time.Duration // for everything
	Progress io.Writer     // hears how far it is; nil: nobody does
	// Server makes the server that is killed, and says at which URL it will be. It has to take tokens signed with HS256 and
	// the secret in that file. Nil: it is plywire in a process of its own.
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

// DefaultConfig kills 200 times with 100 games in flight.
func DefaultConfig() Config {
	return Config{Kills: 200, Games: 100, Seed: 1, Rate: 400, Again: 0.2, Timeout: 15 * time.Minute}
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	need(c.Kills >= 1 && c.Kills <= 1_000_000, "kills are %d, want 1 to 1000000", c.Kills)
	need(c.Games >= 1 && c.Games <= 5000, "games are %d, want 1 to 5000", c.Games)
	need(c.Rate > 0, "rate is %v moves a second, want more than 0", c.Rate)
	need(c.Again >= 0 && c.Again <= 1, "share of commands to be sent again is %v, want 0 to 1", c.Again)
	need(c.Timeout > 0, "time-out is %v, want more than 0", c.Timeout)
	return errors.Join(faults...)
}
