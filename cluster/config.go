package cluster

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/plywire/plywire/cluster/link"
)

// Config configures a node's part in a cluster. Start from DefaultConfig.
type Config struct {
	Name  string // of this node; no two nodes of a cluster should have the same
	URL   string // at which clients reach this node; empty: not known
	Lease time.Duration
	// Beat is the time between two renewals.
	Beat time.Duration
	// Margin is taken off a lease by its holder, for clocks that do not run at the same speed.
	Margin time.Duration
	// HoldFor is how long a command may wait for its shard while that changes hands.
	HoldFor time.Duration
	// HoldMax is how many may wait on this node; one more is refused with shard.ErrUnavailable.
	HoldMax int
	// Settle is how long a node has to be there before shards are handed over to it.
	Settle time.Duration
	// HandOvers is how many shards are handed over at a time.
	HandOvers int
	// HandOverTimeout bounds each; then the shard is taken back.
	HandOverTimeout time.Duration
	// GoneAfter is how long a gateway's link may be down before the games are told that those who came in there have gone.
	GoneAfter time.Duration

	Link   link.Config
	Logger zerolog.Logger
}

// DefaultConfig is good for production; it has no Name.
func DefaultConfig() Config {
	return Config{Lease: 3 * time.Second, Beat: 500 * time.Millisecond, Margin: 300 * time.Millisecond,
		HoldFor: 6 * time.Second, HoldMax: 1 << 15, Settle: 2 * time.Second, HandOvers: 2, HandOverTimeout: 10 * time.Second,
		GoneAfter: 5 * time.Second, Link: link.DefaultConfig(), Logger: zerolog.Nop()}
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("cluster: "+format, args...))
		}
	}
	need(c.Name != "", "the node has no name")
	need(c.Lease >= 500*time.Millisecond && c.Lease <= time.Minute, "the lease is %v, want 500ms to 1m", c.Lease)
	need(c.Beat >= 10*time.Millisecond && c.Beat <= c.Lease/3, "a renewal every %v is too seldom, or too often, for a lease of %v: want at most a third of it", c.Beat, c.Lease)
	need(c.Margin > 0 && c.Margin <= c.Lease/4, "the margin is %v, want more than 0 and at most a quarter of the lease of %v", c.Margin, c.Lease)
	need(c.HoldFor > c.Lease, "commands wait for %v, want more than the lease of %v, or a node that fails costs them", c.HoldFor, c.Lease)
	need(c.HoldMax > 0, "%d commands may wait, want 1 or more", c.HoldMax)
	need(c.Settle >= 0, "the time to settle is %v, want 0 or more", c.Settle)
	need(c.HandOvers > 0, "%d shards are handed over at a time, want 1 or more", c.HandOvers)
	need(c.HandOverTimeout > 0, "the time for a hand-over is %v, want more", c.HandOverTimeout)
	need(c.GoneAfter >= 0, "the time until players count as gone is %v, want 0 or more", c.GoneAfter)
	return errors.Join(append(faults, c.Link.Validate())...)
}
