// Package shard runs actors so that nothing of what they do is seen before it is durable. A shard is a fixed slice of the
// id space. It is run by one goroutine at a time, which owns all its actors: whoever sends a command to an idle shard
// carries the command through himself, and whoever comes meanwhile leaves his in the mailbox. The events of a turn go to the
// Store as one batch, one batch of a shard being under way at a time; replies and notices leave when it is durable.
//
// It must know nothing of what an actor means, and has no way out that goes round the journal.
package shard

import (
	"errors"
	"fmt"
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
	// ErrUnavailable means that the command was not acknowledged and may be sent again. Nothing was decided, except that
	// where the shard lost its store in the middle of it nobody here knows: the actor must know a command by an id.
	ErrUnavailable = errors.New("shard: unavailable")
	// ErrInternal means that the actor failed at this command, which changed nothing.
	ErrInternal = errors.New("shard: the actor failed")
)

// shard owns a slice of the actors. Send, Post and tell are safe for concurrent use; everything else happens on the
// goroutine that runs it, the runner.
type shard struct {
	// Set at start, never changed.
	index     int
	config    Config
	store     Store
	actors    Actors
	publisher Publisher
	flusher   Flusher // the publisher, if it gathers; otherwise nil
	time      Time
	log       zerolog.Logger
	metrics   *metrics
	forward   func(from *shard, actor ID, send Send) // to another actor, of any shard
	failed    func(*shard, error)                    // hears why the shard has stopped
	lease     *atomic.Pointer[lease]                 // how long this node may serve
	yields    bool                                   // it may stop, because it is taken again, here or elsewhere

	errAway, errBusy error // ErrUnavailable with the reason, made once

	mu      sync.Mutex
	serving bool // commands are accepted
	running bool // there is a runner
	mailbox []envelope
	room    []envelope // an empty slice to be the next mailbox, while nobody runs the shard

	// What the runner is doing, for the watchdog.
	busySince atomic.Int64 // Unix nanoseconds; 0: nothing
	busyWith  atomic.Pointer[ID]
	loaded    atomic.Int64 // actors in memory

	// For those who look from outside.
	epoch       atomic.Uint64
	durableHead atomic.Uint64
	trimmedTo   atomic.Uint64
	flyingSince atomic.Int64 // when the batch under way was put, in Unix nanoseconds; 0: none is

	// The rest is the runner's.

	mail  []envelope // of this turn
	read  int        // how many of mail are dealt with
	dealt Sender     // of the command that is being dealt with, until what it hears is on its way
	told  bool       // somebody outside, since the last Flush
	now   time.Time  // when the runner last looked at the clock
	slow  slowest    // of this turn

	open    bool      // the actors may be used: the shard was taken over, and was not closed since
	paused  bool      // but not now: this node's lease has run out
	since   time.Time // and when that was
	closed  bool      // for good,
	lost    error     // and why, unless it was drained
	token   Token
	alive   time.Time // of the last batch before this owner's
	entries map[ID]*entry
	all     []*entry // the same, in an order that is the same every time
	strays  []*entry // asked in this turn, and never had an event
	frozen  []*entry // to hear a Thaw: all that are frozen, and some that were
	timers  timers
	armed   time.Time // when the next wake-up comes; zero: none is set

	head      uint64 // position of the last entry, durable or on its way
	batches   uint64 // number of the batch that is being filled
	committed uint64 // number of the last durable batch
	pending   *batch // being filled
	flying    *batch // put to the store; nil: none
	spare     *batch // neither
	retry     time.Duration
	putAt     time.Time // when the last batch was put
	warned    time.Time // when it was last said that a batch is not known to be durable
	fullSince time.Time // from when on commands were refused because of what waits for the store; zero: they are not
	trimmed   uint64

	recent      []remembered // durable batches, as far as they are remembered
	recentBytes int          // of them

	waiting int      // commands that wait for an actor to be loaded
	toLoad  []*entry // actors to be loaded when others have been
	loading int      // actors being loaded

	missing   bool                // an actor that the next owner was told of has left memory
	drained   []func(error)       // to be called when all is durable; nil: the shard is not being drained
	kept      bool                // it is to be snapshotted for that
	last      func(now time.Time) // to be called then; may be nil
	drainedAt time.Time           // when that began
	abandoned time.Time           // from when on a quarantined actor with a deadline was not served; zero: there is none
}

// entry is one actor in memory.
type entry struct {
	id     ID
	place  int // in all; -1: it is in memory no more
	state  entryState
	actor  Actor
	needs  Needs     // as of the last time that it was asked
	latest time.Time // what it was last told the time is
	usedAt time.Time // when the last command came

	// What the store has of it, or will have when everything on its way is durable.
	exists   bool      // it has had an event
	resident bool      // its last snapshot will bring it back at recovery
	expires  time.Time // of its last snapshot
	dirty    uint64    // position of its first entry that no snapshot covers; 0: none
	dirtyAt  time.Time // when that came
	events   int       // in no snapshot
	batch    uint64    // number of the last batch that has something of it
	passed   bool      // the next owner has it as it is
	told     bool      // the next owner has it as it is or was
	kept     int       // where the snapshot is that batch has of it, counted from 1; 0: it has none
	unseen   bool      // it has events of which it has not heard that they are Visible
	sends    int       // commands to other actors that are not known to be delivered

	waiting  []Command // until it is loaded
	faults   int
	frozen   bool      // it has to hear a Thaw before anything else
	alive    time.Time // when it was last served before it froze
	deadline time.Time // by which timers know it; zero: they do not
	pause    time.Time // before which it hears no Tick again
	timer    int       // its place in timers
}

type entryState uint8

const (
	entryLoading     entryState = iota // from the store; commands wait
	entryLive                          // in memory
	entryBroken                        // it failed: to be loaded again when its last batch is durable; commands wait
	entryQuarantined                   // it failed twice: no command reaches it
)

// prepare completes a shard of which the fields that never change are set.
func (s *shard) prepare() {
	s.errAway = fmt.Errorf("%w: shard %d", ErrAway, s.index)
	s.errBusy = fmt.Errorf("%w: shard %d is behind with its journal or its commands", ErrUnavailable, s.index)
	s.pending, s.spare = s.newBatch(), s.newBatch()
}

// admit makes an entry, of which nothing is known, for an actor that is not in memory.
func (s *shard) admit(id ID) *entry {
	e := &entry{id: id, place: len(s.all)}
	s.entries[id] = e
	s.all = append(s.all, e)
	s.loaded.Store(int64(len(s.all)))
	return e
}

// drop lets an actor leave memory. The last one takes its place.
func (s *shard) drop(e *entry) {
	s.missing = s.missing || e.told
	s.unschedule(e)
	last := len(s.all) - 1
	s.all[e.place] = s.all[last]
	s.all[e.place].place = e.place
	s.all[last] = nil
	s.all = s.all[:last]
	e.place = -1
	delete(s.entries, e.id)
	s.loaded.Store(int64(last))
}

// close forgets all actors, for good, and tells who waits for a drain. Commands that wait for an actor are refused.
func (s *shard) close(cause error) {
	s.serveNoMore()
	all, drained := s.all, s.drained
	if !s.closed {
		s.open, s.closed, s.lost = false, true, cause
	}
	s.entries, s.all, s.strays, s.frozen, s.timers, s.toLoad, s.drained, s.recent = nil, nil, nil, nil, nil, nil, nil, nil
	s.loaded.Store(0)
	for _, e := range all {
		e.place = -1
		for _, cmd := range s.takeWaiting(e) {
			s.refuse(cmd)
		}
	}
	for _, done := range drained {
		done(s.lost)
	}
}
