// Package simulation runs a whole node in one goroutine out of one seed: the real shards with the real tables and rules, on
// the store in memory that fails, with processes that die and stand still, before a network that drops and delays, and
// clients that do what they should and what they should not. After each step it checks what docs/architecture.md calls the
// invariants. The same seed does the same again, byte for byte.
//
// It must never read a clock, draw chance from anywhere but its seed, or depend on the order of a map.
package simulation

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

// Violation says what a seed has shown to be wrong.
type Violation struct {
	Seed uint64
	Step int // counted from 1; 0: before the first
	What string
}

// Error says what is wrong and how to see it again.
func (v *Violation) Error() string {
	return fmt.Sprintf("seed %d, step %d: %s\nrepeat it with: plywire simulate --seed %d --trace", v.Seed, v.Step, v.What, v.Seed)
}

// One runs the simulation of one seed. It returns what was tried, and a *Violation if something was wrong. If trace is not
// nil, everything that happens is written there, a line each.
func One(seed uint64, trace io.Writer) (counts Counts, err error) {
	s := newSim(seed, trace)
	defer func() {
		if cause := recover(); cause != nil {
			s.fail("panic: %v\n%s", cause, debug.Stack())
		}
		if counts = s.counts; s.violation != nil {
			err = s.violation
		}
	}()
	s.run()
	return s.counts, nil
}

// sim is one simulation.
type sim struct {
	seed      uint64
	random    *rand.Rand
	trace     io.Writer
	counts    Counts
	violation *Violation
	steps     int

	now    time.Time
	served time.Duration // for which somebody has served the players so far
	faulty bool          // things go wrong

	setup   setup
	first   *twinstore.Store // what the first process has of the store
	raw     *twinstore.Store // sees what is durable, and is never driven
	lives   int
	dialed  int
	created int
	lobby   []string // games that everybody knows
	process *process // the one that runs
	ghost   *process // one that has died, and of which batches are still under way
	fresh   bool     // the store may have something new

	clients  []*client
	conns    []*conn // those of which something may still come
	records  map[shard.ID]*record
	ids      []shard.ID     // of records, in the order in which they came up
	position [shards]uint64 // of the journals, up to which they were read
	poisoned shard.ID       // the game that has panicked last
	commands map[commandKey]*command
}

const shards = 2

func newSim(seed uint64, trace io.Writer) *sim {
	s := &sim{seed: seed, random: rand.New(rand.NewPCG(seed, 0x706c7977697265)), trace: trace, faulty: true,
		now:     time.Date(2026, 1, 31, 18, 0, 0, 0, time.UTC),
		records: make(map[shard.ID]*record), commands: make(map[commandKey]*command)}
	s.setup = s.draw()
	store, err := twinstore.New(twinstore.Config{Shards: shards, Seed: seed, Manual: true, Fault: s.fault,
		Now: func() time.Time { return s.now }})
	if err != nil {
		s.fail("twinstore: %v", err)
		return s
	}
	s.raw = store.Reopen()
	s.first = store
	for i := range 3 + s.random.IntN(4) {
		s.clients = append(s.clients, newClient(s, i))
	}
	return s
}

// run is the whole simulation.
func (s *sim) run() {
	s.begin(s.first)
	for range 200 + s.random.IntN(1200) {
		if s.violation != nil {
			return
		}
		s.step()
		s.look()
	}
	if s.violation == nil {
		s.finish()
	}
	s.counts[Seeds]++
	s.counts[Steps] += s.steps
}

// look checks what can be checked at any time, and replaces a process that has failed.
func (s *sim) look() {
	s.sync()
	for _, breach := range s.process.store.Breaches() {
		s.fail("the shard breaks the contract of its store: %s", breach)
	}
	if s.process.lost() && s.violation == nil {
		s.note(Fenced, "the process finds that its journal is not its own")
		s.process.answered()
		s.crash()
	}
}

// fail notes the first thing that is wrong. The simulation ends with the step.
func (s *sim) fail(format string, args ...any) {
	if s.violation != nil {
		return
	}
	s.violation = &Violation{Seed: s.seed, Step: s.steps, What: fmt.Sprintf(format, args...)}
	s.tell("VIOLATION: %s", s.violation.What)
}

// note counts something and writes it down.
func (s *sim) note(what Count, format string, args ...any) {
	s.counts[what]++
	s.tell(format, args...)
}

// tell writes a line of the trace.
func (s *sim) tell(format string, args ...any) {
	if s.trace != nil {
		fmt.Fprintf(s.trace, "%5d %s ", s.steps, s.now.Format("15:04:05.000"))
		fmt.Fprintf(s.trace, format, args...)
		fmt.Fprintln(s.trace)
	}
}

// chance is true once in n.
func (s *sim) chance(n int) bool { return s.random.IntN(n) == 0 }

// upTo is a time of at most d, in milliseconds.
func (s *sim) upTo(d time.Duration) time.Duration {
	return time.Duration(s.random.Int64N(d.Milliseconds()+1)) * time.Millisecond
}

// pick is one of them.
func pick[T any](s *sim, from []T) T { return from[s.random.IntN(len(from))] }

// mark is a moment, by the clock and by how long somebody has served the players until then.
type mark struct {
	at     time.Time
	served time.Duration
	life   int  // of the process
	last   bool // the process was told to stop, and decides on what it has accepted before
}

func (s *sim) mark() mark { return mark{s.now, s.served, s.process.life, s.process.draining} }
