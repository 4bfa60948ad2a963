// Package shard runs actors so that nothing of what they do is seen before it is durable. A shard is a fixed slice of the
// id space. It is run by one goroutine at a time, which owns all its actors: whoever sends a command to an idle shard
// carries the command through himself, and whoever comes meanwhile leaves his in the mailbox. The events of a turn go to the
// Store as one batch, one batch of a shard being under way at a time; replies and notices leave when it is durable.
//
// It must know nothing of what an actor means, and has no way out that goes round the journal.
package shard

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/rs/zerolog"
)

// Of is the shard that owns the actor with that id, out of so many.
func Of(id ID, shards int) int { return int(xxhash.Sum64(id[:]) % uint64(shards)) }

// Why a command was not decided on.
var (
	// ErrUnavailable means that nothing was decided, now or ever: the same command may be sent again.
	ErrUnavailable = errors.New("shard: unavailable")
	// ErrInternal means that the actor failed at this command, which changed nothing.
	ErrInternal = errors.New("shard: the actor failed")
)

// Shard owns a slice of the actors. Send is safe for concurrent use; everything else happens on the goroutine that runs it.
type Shard struct {
	// Set at start, never changed.
	index   int
	config  Config
	store   Store
	actors  Actors
	publish Publisher
	forward func(Send) // to another actor, of any shard
	time    Time
	pulsed  *atomic.Pointer[time.Time] // when the node last showed that it runs
	log     zerolog.Logger
	metrics *Metrics

	mu      sync.Mutex
	mailbox []envelope
	running bool // some goroutine is in run
	stopped bool // for good: nothing is accepted any more

	// What the goroutine that runs the shard is doing, for the watchdog.
	turnSince atomic.Int64 // Unix nanoseconds; 0: nothing
	turnActor atomic.Pointer[ID]
	loaded    atomic.Int64 // actors in memory

	// Owned by the goroutine that runs the shard.
	token     Token
	entries   map[ID]*entry
	head      uint64 // position of the last entry, durable or on its way
	batches   uint64 // number of the batch that is being filled
	committed uint64 // number of the last durable batch
	pending   *batch // being filled
	flying    *batch // put to the store; nil: none
	spare     *batch
	retry     time.Duration
	timers    timers
	armed     time.Time // when the next wake-up comes; zero: none is set
	trimmed   uint64
	thawed    *time.Time // the pulse since which a stall has been made good
	drained   func() // called when all is durable and nothing is under way, once
	failed    func(error)
}

// envelope is what lies in a mailbox: a command, or something that the shard has to tell itself.
type envelope struct {
	Command
	inner func(now time.Time)
}

// entry is one actor in memory.
type entry struct {
	id       ID
	actor    Actor
	state    entryState
	needs    Needs     // as of the last time that it was asked
	waiting  []Command // while it is loading
	batch    uint64    // number of the last batch that has events of it
	exists   bool      // it has had an event
	resident bool      // its last snapshot, or its lack of one, will bring it back at recovery
	dirty    uint64    // position of its first entry that no snapshot covers; 0: none
	dirtyAt  time.Time // when that came
	events   int       // in no snapshot
	usedAt   time.Time
	faults   int
	deadline time.Time // by which timers know it; zero: they do not
	timer    int       // its place in timers
}

type entryState uint8

const (
	entryLoading     entryState = iota // from the store; commands wait
	entryLive                          // in memory
	entryBroken                        // it failed: to be loaded again when its last batch is durable
	entryQuarantined                   // it failed twice: no command reaches it
)
