package shard_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

var (
	simSeed  = flag.Uint64("sim.seed", 0, "run the simulation of this seed alone, and print what happens")
	simSeeds = flag.Uint64("sim.seeds", 1000, "run the simulation of so many seeds")
)

// TestSimulation runs ledgers, senders, a store that fails, and processes that die, all out of one seed, and checks at every
// step that what was told is durable, in order, and true for ever.
func TestSimulation(t *testing.T) {
	if *simSeed != 0 {
		s := newSim(t, *simSeed)
		s.traced = true
		defer func() { t.Log(s.trace.String()) }()
		s.run()
		return
	}
	seeds := *simSeeds
	if testing.Short() {
		seeds = min(seeds, 200)
	}
	sum := make(map[string]int)
	for seed := range seeds {
		s := newSim(t, seed+1)
		s.run()
		for what, n := range s.counts {
			sum[what] += n
		}
		if t.Failed() {
			return
		}
	}
	t.Log(sum)
	for _, what := range simFates {
		if sum[what] == 0 && seeds >= 500 {
			t.Errorf("nothing was %s in %d seeds: the simulation does not try what it should", what, seeds)
		}
	}
}

// simFates are the things that have to happen in a simulation that proves something.
var simFates = []string{"acknowledged", "read", "published", "unavailable", "internal", "refused at once", "crash", "fenced",
	"drain", "stall", "twin", "visible", "tick", "thaw", "quarantined", "passivated", "loads", "restored", "snapshots", "trimmed", "retries"}

// The same seed does the same again.
func TestSimulationRepeatsItself(t *testing.T) {
	for seed := range uint64(20) {
		first, second := newSim(t, seed+1), newSim(t, seed+1)
		first.traced, second.traced = true, true
		first.run()
		second.run()
		if first.trace.String() != second.trace.String() {
			t.Fatalf("seed %d does not do the same again:\n%s\n---\n%s", seed+1, first.trace.String(), second.trace.String())
		}
	}
}

const simShards = 2

// sim is one simulation.
type sim struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand
	traced bool
	trace  strings.Builder
	counts map[string]int

	world  *world
	raw    *twinstore.Store // sees what is durable, and is never driven
	lives  []*life          // the last one owns the shards; one before it may not know that it does not
	faulty bool
	actors []shard.ID

	durable map[shard.ID][]event // all that ever was
	seen    [simShards]uint64    // entries that are in durable
	floor   map[shard.ID]int     // events that somebody was told of
	nextID  uint64
	fates   map[noteKey]*fate
	passed  map[uint64]bool // notes that one ledger asked another for
}

type noteKey struct {
	actor shard.ID
	id    uint64
}

// fate is what became of a note that was asked for, maybe several times.
type fate struct{ asked, failed int }

func newSim(t *testing.T, seed uint64) *sim {
	s := &sim{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 1)), counts: make(map[string]int), faulty: true,
		durable: make(map[shard.ID][]event), floor: make(map[shard.ID]int), fates: make(map[noteKey]*fate), passed: make(map[uint64]bool)}
	s.world = newWorld(newClock())
	s.world.heard = s.heard
	for i := range byte(5) {
		s.actors = append(s.actors, shard.ID{15: i + 1})
	}
	store, err := twinstore.New(twinstore.Config{Shards: simShards, Seed: seed, Manual: true, Fault: s.fault,
		Now: func() time.Time { return s.world.clock.Now() }})
	must(t, err)
	s.raw = store.Reopen()
	s.begin(store)
	return s
}

func (s *sim) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s\nrun it alone with -sim.seed=%d", fmt.Sprintf(format, args...), s.seed)
}

func (s *sim) note(what string, args ...any) {
	s.counts[strings.TrimRight(what, ": ")]++
	if s.traced {
		fmt.Fprintln(&s.trace, append([]any{what}, args...)...)
	}
}

// chance is true once in n.
func (s *sim) chance(n int) bool { return s.random.IntN(n) == 0 }

func (s *sim) fault(*shard.Batch) twinstore.Fault {
	if !s.faulty || !s.chance(5) {
		return twinstore.FaultNone
	}
	faults := []twinstore.Fault{twinstore.FaultRefuse, twinstore.FaultApplied, twinstore.FaultLost, twinstore.FaultLate,
		twinstore.FaultRefuse, twinstore.FaultApplied, twinstore.FaultLost, twinstore.FaultLate, twinstore.FaultFence}
	return faults[s.random.IntN(len(faults))]
}

// begin starts a process on the store.
func (s *sim) begin(store *twinstore.Store) {
	config := shard.DefaultConfig()
	config.MailboxLen, config.BatchEntries, config.BatchBytes, config.RecoverParallel = 6, 6, 1000, 1
	config.SnapshotEvents, config.SnapshotInterval, config.PassivateAfter, config.UpkeepInterval = 3, 3*time.Second, 2*time.Second, time.Second
	config.RetryMax = 200 * time.Millisecond
	l := &life{sim: s, clock: s.world.clock, store: store, gauge: prometheus.NewRegistry(), last: make(map[shard.ID]int)}
	if len(s.lives) > 0 {
		l.clock = newClock()
		l.clock.now = s.current().clock.now
		s.world.clock = l.clock
	}
	var err error
	l.node, err = shard.NewNode(config, store, s.world, l, l.clock.time(), l.gauge, zerolog.Nop())
	must(s.t, err)
	s.lives = append(s.lives, l)
	must(s.t, l.node.Start(context.Background()))
	s.sync()
	for _, id := range s.actors {
		l.last[id] = len(s.durable[id])
		s.replay(id)
	}
}

func (s *sim) current() *life { return s.lives[len(s.lives)-1] }

// any is the current process, or seldom one that was replaced.
func (s *sim) any() *life {
	if s.chance(5) {
		return s.lives[s.random.IntN(len(s.lives))]
	}
	return s.current()
}

// run is the whole simulation.
func (s *sim) run() {
	for range 50 + s.random.IntN(300) {
		s.step()
		s.sync()
		select {
		case err := <-s.current().node.Failed():
			if !errors.Is(err, shard.ErrFenced) {
				s.fail("the node has failed: %v", err)
			}
			s.note("fenced")
			s.end(s.current())
		default:
		}
	}
	s.finish()
}

// step lets one thing happen.
func (s *sim) step() {
	l := s.any()
	switch n := s.random.IntN(100); {
	case n < 40:
		l.send()
	case n < 60:
		if n := len(l.store.Pending()); n > 0 {
			i := s.random.IntN(n)
			s.note("store:", l.store.Pending()[i].Shard)
			l.store.Step(i)
		}
	case n < 75:
		if _, n := l.clock.count(); n > 0 {
			l.clock.runOne(s.random.IntN(n))
		}
	case n < 85:
		s.pass(time.Duration(s.random.IntN(300)) * time.Millisecond)
	case n < 89:
		for range 20 {
			s.pass(200 * time.Millisecond)
		}
	case n < 91:
		d := time.Duration(s.random.IntN(30000)) * time.Millisecond
		s.note("stall:", d)
		for _, l := range s.lives {
			l.clock.stall(d)
		}
	case n < 93:
		where := []string{"receive", "needs", "visible", "snapshot", "apply", "restore", "new"}[s.random.IntN(7)]
		s.world.order(where, 1)
		s.note("panic:", where)
	case n < 94:
		s.note("crash")
		s.current().store.Crash()
		s.end(s.current())
	case n < 95:
		s.note("twin")
		s.begin(s.current().store.Reopen())
		s.lives = s.lives[len(s.lives)-2:]
	case n < 96:
		s.drain()
	}
}

// pass lets time go by for everybody.
func (s *sim) pass(d time.Duration) {
	for _, l := range s.lives {
		l.clock.stall(d)
		for l.clock.ring() {
			if s.chance(2) {
				l.clock.runOne(0)
			}
		}
	}
}

// end lets a process be no more, and another take its place.
func (s *sim) end(l *life) {
	if !l.ended {
		s.metrics(l)
	}
	s.breaches(l)
	store := l.store.Reopen()
	s.lives = []*life{l}
	s.begin(store)
	s.lives = s.lives[1:]
}

// drain lets the current process end in peace.
func (s *sim) drain() {
	s.note("drain")
	l := s.current()
	l.quiesce()
	s.end(l)
}

// finish lets everything come to an end, and checks what is left.
func (s *sim) finish() {
	s.faulty = false
	s.world.mu.Lock()
	clear(s.world.panics)
	s.world.mu.Unlock()
	for _, l := range s.lives {
		l.quiesce()
		s.breaches(l)
	}
	// Twice: what the first owner asks of other actors may come to them when it is being drained already.
	for range 2 {
		s.end(s.current())
		l := s.current()
		for range 40 {
			l.clock.settle()
			l.store.StepAll()
			l.clock.pass(200 * time.Millisecond)
		}
		for _, id := range s.actors {
			w := &asked{life: l, actor: id, body: look{}, floor: len(s.durable[id])}
			if err := l.node.Send(shard.Command{Actor: id, Body: look{}, Sender: w}); err != nil {
				s.fail("Send at the end: %v", err)
			}
			l.clock.settle()
			l.store.StepAll()
			if w.times != 1 {
				s.fail("%s does not answer at the end", id)
			}
		}
		if !l.quiesce() {
			s.fail("the last node has failed")
		}
	}
	for _, id := range s.actors {
		s.replay(id)
		s.verdict(id)
	}
	s.t.Helper()
	if len(s.world.late) > 0 {
		s.fail("%s", s.world.late[0])
	}
}

func (s *sim) breaches(l *life) {
	for _, breach := range l.store.Breaches() {
		s.fail("%s", breach)
	}
}

// metrics adds what a process has counted to what the simulation has tried.
func (s *sim) metrics(l *life) {
	families, err := l.gauge.Gather()
	must(s.t, err)
	for _, family := range families {
		name := strings.TrimSuffix(strings.TrimPrefix(family.GetName(), "plywire_shard_"), "_total")
		if name == "commit_retries" {
			name = "retries"
		}
		s.counts[name] += int(family.GetMetric()[0].GetCounter().GetValue())
	}
}
