// Package loadtest plays real games against a server, over real connections, and checks everything that the players and the
// watchers see: that every event is there once and in order, that all saw the same, that the position, the result and the
// clocks are what the record says.
//
// It must know the server only through the protocol.
package loadtest

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Config says which games are played, and how. Start from DefaultConfig.
type Config struct {
	Server      string            // URL of the server: http or https
	Others      []string          // URLs of more nodes of its cluster: the players are spread over all, and go on over any
	Files       []string          // PGN files; beside one, NAME.expected.tsv is read if it is there
	Games       int               // to be played; 0: all of the files, once
	Concurrency int               // games at a time
	Rate        float64           // moves a second over all games; 0: as fast as the server answers
	Watchers    int               // for each game
	Mischief    bool              // illegal, repeated, stale and foreign commands among the others
	Seed        uint64            // of the mischief
	ClockMin    time.Duration     // a shorter initial time is played with this one, so that a slow machine flags nobody
	GameTimeout time.Duration     // after which a game counts as failed
	Moved       func(total int64) // called after each acknowledged move with their number; may be nil
	Progress    io.Writer         // hears how far it is; nil: nobody does
	Bar         bool              // progress is a bar, for a terminal; otherwise lines
}

// DefaultConfig has no files and no server.
func DefaultConfig() Config {
	return Config{Concurrency: 50, Seed: 1, ClockMin: 2 * time.Minute, GameTimeout: 5 * time.Minute}
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	need(c.Server != "", "no server is named")
	need(len(c.Files) > 0, "no PGN file is named")
	need(c.Games >= 0, "games are %d, want 0 or more", c.Games)
	need(c.Concurrency >= 1 && c.Concurrency <= 5000, "%d games at a time, want 1 to 5000", c.Concurrency)
	need(c.Rate >= 0, "rate is %v moves a second, want 0 or more", c.Rate)
	need(c.Watchers >= 0 && c.Watchers <= 1000, "watchers are %d a game, want 0 to 1000", c.Watchers)
	need(c.ClockMin >= 0, "shortest clock is %v", c.ClockMin)
	need(c.GameTimeout > 0, "game time-out is %v", c.GameTimeout)
	return errors.Join(faults...)
}
