package localstore

import (
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/rs/zerolog"
)

// shardsMax is how many shards a key can name.
const shardsMax = 1 << 16

// Config configures a Store. The zero value is invalid; start from DefaultConfig.
type Config struct {
	Dir    string // the folder, made if it is not there; one process at a time
	Shards int    // fixed when the folder is first used; opening it with another number is refused

	// Pace is the shortest time between two syncs while batches are small, so that one sync serves many; 0 syncs without a
	// break. The first batch after a quiet moment never waits for it. It is ignored once PaceEntries or PaceBytes are
	// waiting: then there is work enough for a sync, and waiting would leave the disk idle.
	Pace        time.Duration
	PaceEntries int // entries and snapshots
	PaceBytes   int // bytes of entries and snapshots

	// BatchBytesMax is the largest batch of one shard, in bytes of entries and snapshots; a larger one is refused.
	BatchBytesMax int

	CacheBytes    int64 // blocks read from disk; one for the whole store
	MemTableBytes int   // written and not yet in a table; it starts at 256 KiB and grows to this as it is used, up to four are alive
	OpenFilesMax  int   // tables kept open

	// FreeBytesMin is the free space of the disk below which the store refuses batches and owners, until there is more
	// again; 0 for no limit. It keeps the disk from running full in the middle of a write, which ends the store.
	FreeBytesMin int64

	// SweepInterval is the time between two looks for expired actors.
	SweepInterval time.Duration

	FS       vfs.FS // where the folder is; nil for the machine's file system
	Logger   zerolog.Logger
	Observer Observer
}

// DefaultConfig is good for production. It keeps an idle server small: a few megabytes of memory.
func DefaultConfig() Config {
	return Config{
		Dir: "data", Shards: 64,
		Pace: 2 * time.Millisecond, PaceEntries: 128, PaceBytes: 256 << 10,
		BatchBytesMax: 256 << 20,
		CacheBytes:    8 << 20, MemTableBytes: 16 << 20, OpenFilesMax: 256,
		FreeBytesMin:  256 << 20,
		SweepInterval: time.Minute,
		Logger:        zerolog.Nop(),
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
	need(c.Dir != "", "the folder of the store is not named")
	need(c.Shards >= 1 && c.Shards <= shardsMax, "shards are %d, want 1 to %d", c.Shards, shardsMax)
	need(c.Pace >= 0 && c.Pace <= time.Second, "pace is %v, want 0 to 1s", c.Pace)
	need(c.PaceEntries >= 1, "entries that end the pace are %d, want 1 or more", c.PaceEntries)
	need(c.PaceBytes >= 1, "bytes that end the pace are %d, want 1 or more", c.PaceBytes)
	need(c.BatchBytesMax >= 1<<20 && c.BatchBytesMax <= 1<<30, "largest batch is %d bytes, want 1 MiB to 1 GiB", c.BatchBytesMax)
	need(c.PaceBytes <= c.BatchBytesMax, "bytes that end the pace are %d, more than the largest batch of %d", c.PaceBytes, c.BatchBytesMax)
	need(c.CacheBytes >= 1<<20, "cache is %d bytes, want at least 1 MiB", c.CacheBytes)
	need(c.MemTableBytes >= 1<<20 && c.MemTableBytes <= 1<<30, "memory table is %d bytes, want 1 MiB to 1 GiB", c.MemTableBytes)
	need(c.OpenFilesMax >= 16, "open files are %d at the most, want 16 or more", c.OpenFilesMax)
	need(c.FreeBytesMin >= 0, "free space is %d bytes at the least, want 0 or more", c.FreeBytesMin)
	need(c.SweepInterval >= time.Second, "sweep interval is %v, want at least 1s", c.SweepInterval)
	return errors.Join(faults...)
}

// Observer hears what the store does. Each field may be nil. The functions are called by the goroutine that commits, one
// after the other, and must return at once.
type Observer struct {
	// Synced is called after each sync: how many batches, entries and bytes it made durable, and how long it took.
	Synced func(batches, entries, bytes int, took time.Duration)
	// Committed is called for each batch that became durable, with the time since Commit was called.
	Committed func(took time.Duration)
	// Forgotten is called when expired actors were forgotten.
	Forgotten func(actors int)
}
