package shard

import (
	"errors"
	"fmt"
	"time"
)

// Config configures the shards of a node. Start from DefaultConfig.
type Config struct {
	MailboxLen int // commands waiting for one shard, and again as many waiting for its actors to be loaded; one more is refused with ErrUnavailable

	// BatchEntries and BatchBytes bound what waits for the store while a batch is under way: events, and likewise answers;
	// and the bytes of events and snapshots. With more, commands are refused with ErrUnavailable. What one command brings
	// may exceed them, so the store has to take a little more.
	BatchEntries int
	BatchBytes   int

	SnapshotEvents   int           // events of an actor after which it is snapshotted
	SnapshotInterval time.Duration // the longest time for which an event is in no snapshot
	PassivateAfter   time.Duration // without a command, until an actor that waits for no deadline leaves memory
	UpkeepInterval   time.Duration // between looks for actors to snapshot and to passivate, and for entries to trim
	SlowTurn         time.Duration // a turn that takes longer is counted; an actor that alone takes longer is named in the log
	RetryMin         time.Duration // before a batch whose fate is unknown is put to the store again; doubles up to
	RetryMax         time.Duration
	HealBytes        int           // of durable batches that a shard of one of several nodes remembers, to write them again if the store loses them; 0: none
	GiveUpAfter      time.Duration // after which those who wait for such a batch are refused; if it was refused every time and the node is one of several, the shard stops
	StallAfter       time.Duration // a shard that did not run for so long gives its players the time back
	RecoverParallel  int           // shards recovered side by side; acquired are all of them, unless it is 1
}

// DefaultConfig is good for production.
func DefaultConfig() Config {
	return Config{
		MailboxLen: 4096, BatchEntries: 8192, BatchBytes: 4 << 20,
		SnapshotEvents: 64, SnapshotInterval: 5 * time.Minute, PassivateAfter: 2 * time.Minute, UpkeepInterval: 5 * time.Second,
		SlowTurn: 50 * time.Millisecond, RetryMin: 10 * time.Millisecond, RetryMax: time.Second, GiveUpAfter: 2 * time.Second, HealBytes: 256 << 10, StallAfter: time.Second,
		RecoverParallel: 8,
	}
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	need(c.MailboxLen > 0, "mailbox length is %d, want 1 or more", c.MailboxLen)
	need(c.BatchEntries > 0, "batch entries are %d, want 1 or more", c.BatchEntries)
	need(c.BatchBytes > 0, "batch bytes are %d, want 1 or more", c.BatchBytes)
	need(c.SnapshotEvents > 0, "snapshot events are %d, want 1 or more", c.SnapshotEvents)
	need(c.UpkeepInterval >= time.Millisecond, "upkeep interval is %v, want at least 1ms", c.UpkeepInterval)
	need(c.SnapshotInterval >= c.UpkeepInterval, "snapshot interval %v is shorter than the upkeep interval %v", c.SnapshotInterval, c.UpkeepInterval)
	need(c.PassivateAfter > 0, "time to passivation is %v, want more than 0", c.PassivateAfter)
	need(c.SlowTurn > 0, "slow turn is %v, want more than 0", c.SlowTurn)
	need(c.RetryMin > 0 && c.RetryMax >= c.RetryMin, "retries go from %v to %v", c.RetryMin, c.RetryMax)
	need(c.HealBytes >= 0, "bytes to remember are %d, want 0 or more", c.HealBytes)
	need(c.GiveUpAfter > 0, "time until a batch is given up is %v, want more than 0", c.GiveUpAfter)
	need(c.StallAfter >= 100*time.Millisecond, "stall is %v, want at least 100ms", c.StallAfter)
	need(c.RecoverParallel > 0, "shards recovered in parallel are %d, want 1 or more", c.RecoverParallel)
	return errors.Join(faults...)
}

// pulse is how often a shard that nobody runs looks at the clock.
func (c Config) pulse() time.Duration { return c.StallAfter / 4 }

// Time is where a shard's time comes from. Tests and the simulation hand in their own.
type Time struct {
	Now func() time.Time
	// After calls f once, on a goroutine of its own, when d has passed.
	After func(d time.Duration, f func())
	// Go runs f beside the caller. A simulation may run it later, or at once.
	Go func(f func())
}

// RealTime is the machine's.
func RealTime() Time {
	return Time{
		Now:   time.Now,
		After: func(d time.Duration, f func()) { time.AfterFunc(d, f) },
		Go:    func(f func()) { go f() },
	}
}
