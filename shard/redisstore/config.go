package redisstore

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/plywire/plywire/redisclient"
)

// Config configures a Store. Start from DefaultConfig.
type Config struct {
	// URL is where Redis is; see redisclient.Parse.
	URL string
	// Name sets the keys of one cluster apart from those of others on the same server.
	Name string
	// Shards is their number, fixed when the first node of the cluster starts.
	Shards int

	// Mark is a file in which the node remembers which life of the cluster's contents it has served: a Redis that was emptied
	// is then refused. It is made when it is not there. Empty: nothing is remembered.
	Mark string

	// Durability is what an answer of nil to Commit and Acquire says.
	Durability Durability
	// Replicas is how many replicas of a server must have a batch at the least, and all that are connected besides. 0: all that
	// were connected at any time since the server became the primary, or the store was opened; one at the least, where the
	// durability is Replicas. With fewer nothing is acknowledged, and the store warns.
	//
	// When a replica is promoted, nothing acknowledged is lost only if it has all: so name no fewer than may be promoted.
	Replicas int

	// CommitTimeout bounds one attempt to commit; its batches then hear ErrUnknown.
	CommitTimeout time.Duration
	// ReadTimeout bounds each request of Acquire, Recover, Load and Read.
	ReadTimeout time.Duration
	// Lanes is how many commits are under way to a server at a time, each with the batches of its part of the shards.
	Lanes int
	// Connections is how many connections to a server reading may use at a time.
	Connections int
	// BatchBytesMax bounds one batch; a larger one is refused.
	BatchBytesMax int
	// SweepInterval is the time between two looks for actors whose time has run out.
	SweepInterval time.Duration
	// CheckInterval is the time between two looks at the server's settings.
	CheckInterval time.Duration

	Logger   zerolog.Logger
	Observer Observer
}

// Observer is told what the store does. Its functions must be quick; nil ones are left out.
type Observer struct {
	Committed func(time.Duration) // a batch is durable, after that time
	Sent      func(batches, bytes int)
	Forgotten func(actors int)
	Unsure    func() // the fate of a commit was unknown
}

// DefaultConfig is good for production, except for the URL.
func DefaultConfig() Config {
	return Config{
		Name: "plywire", Shards: 256, Durability: Auto,
		CommitTimeout: time.Second, ReadTimeout: 5 * time.Second,
		Lanes: 4, Connections: 16, BatchBytesMax: 64 << 20,
		SweepInterval: time.Minute, CheckInterval: 15 * time.Second,
		Logger: zerolog.Nop(),
	}
}

// shardsMax is the largest number of shards: every shard has keys of its own.
const shardsMax = 1 << 14

// nameForm is what the name of a cluster may be: it is part of every key, inside the braces that keep a shard together.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// Validate reports every fault at once.
func (c Config) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	if _, err := redisclient.Parse(c.URL); err != nil {
		faults = append(faults, err)
	}
	need(nameForm.MatchString(c.Name), "the cluster's name is %q, want 1 to 64 of A-Z, a-z, 0-9, '_', '.' and '-'", c.Name)
	need(c.Shards >= 1 && c.Shards <= shardsMax, "the number of shards is %d, want 1 to %d", c.Shards, shardsMax)
	need(slices.Contains([]Durability{Auto, Primary, Replicas, Fsync}, c.Durability), "the durability is %q, want auto, primary, replicas or fsync", c.Durability)
	need(c.Durability != Primary || c.Replicas == 0, "the durability is primary, which waits for no replica, and %d replicas are wanted: name one of the two", c.Replicas)
	need(c.Replicas >= 0 && c.Replicas <= 16, "the number of replicas is %d, want 0 to 16", c.Replicas)
	need(c.CommitTimeout > 0, "the time for a commit is %v, want more", c.CommitTimeout)
	need(c.ReadTimeout > 0, "the time for reading is %v, want more", c.ReadTimeout)
	need(c.Lanes >= 1 && c.Lanes <= 256, "the number of lanes is %d, want 1 to 256", c.Lanes)
	need(c.Connections >= 1, "the number of connections is %d, want 1 or more", c.Connections)
	need(c.BatchBytesMax >= 1<<10 && c.BatchBytesMax <= 256<<20, "the largest batch has %d bytes, want 1 KiB to 256 MiB", c.BatchBytesMax)
	need(c.SweepInterval > 0, "the time between sweeps is %v, want more", c.SweepInterval)
	need(c.CheckInterval > 0, "the time between checks is %v, want more", c.CheckInterval)
	return errors.Join(faults...)
}
