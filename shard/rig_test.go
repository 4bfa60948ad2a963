package shard_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

// setup is what a test may change of its rig.
type setup struct {
	shard  shard.Config
	shards int
	manual bool                          // the store waits for step
	fault  func() twinstore.Fault        // of the next batch
	wrap   func(shard.Store) shard.Store // what the node gets instead of the store
	now    func() time.Time              // the store's clock
}

// rig is a node with ledgers on a store in memory, all driven by hand.
type rig struct {
	*testing.T
	setup
	clock   *clock
	world   *world
	actors  shard.Actors // the world, unless a test puts others before it
	store   *twinstore.Store
	node    *shard.Node
	metrics *prometheus.Registry
	said    *publisher
	log     zerolog.Logger
}

// a, b, c and d are ledgers of shard 0 of one.
var a, b, c, d = shard.ID{15: 1}, shard.ID{15: 2}, shard.ID{15: 3}, shard.ID{15: 4}

func newRig(t *testing.T, change func(*setup)) *rig {
	t.Helper()
	r := &rig{T: t, clock: newClock(), log: zerolog.Nop()}
	r.world = newWorld(r.clock)
	r.actors = r.world
	r.setup = setup{shard: shard.DefaultConfig(), shards: 1, manual: true, now: r.clock.Now}
	r.setup.shard.RecoverParallel, r.setup.shard.GiveUpAfter = 1, time.Hour
	if change != nil {
		change(&r.setup)
	}
	var err error
	r.store, err = twinstore.New(twinstore.Config{Shards: r.shards, Manual: r.manual, Now: r.setup.now, Fault: func(*shard.Batch) twinstore.Fault {
		if r.fault == nil {
			return twinstore.FaultNone
		}
		return r.fault()
	}})
	must(t, err)
	r.start()
	t.Cleanup(func() {
		for _, breach := range r.store.Breaches() {
			t.Error(breach)
		}
		for _, late := range r.world.late {
			t.Error(late)
		}
	})
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// prepare makes a node on the store, which serves nothing yet.
func (r *rig) prepare() {
	r.Helper()
	r.metrics = prometheus.NewRegistry()
	r.said = &publisher{}
	var store shard.Store = r.store
	if r.wrap != nil {
		store = r.wrap(r.store)
	}
	var err error
	r.node, err = shard.NewNode(r.shard, store, r.actors, r.said, r.clock.time(), r.metrics, r.log)
	must(r, err)
}

func (r *rig) start() {
	r.Helper()
	r.prepare()
	must(r, r.node.Start(r.Context()))
	r.clock.settle()
}

// crash ends the process and starts another one on what is durable, after so long.
func (r *rig) crash(away time.Duration) {
	r.Helper()
	r.store.Crash()
	r.clock.mu.Lock()
	r.clock.alarms, r.clock.ready = nil, nil
	r.clock.mu.Unlock()
	r.clock.stall(away)
	for _, breach := range r.store.Breaches() {
		r.Error(breach)
	}
	r.store = r.store.Reopen()
	r.start()
}

// step carries out the oldest batch that waits.
func (r *rig) step() {
	r.Helper()
	r.clock.settle()
	if !r.store.Step(0) {
		r.Fatal("no batch waits for the store")
	}
	r.clock.settle()
}

// stepAll carries out batches until none waits.
func (r *rig) stepAll() {
	for r.clock.settle(); r.store.StepAll() > 0; r.clock.settle() {
	}
}

// waiting expects so many batches to wait for the store.
func (r *rig) waiting(want int) {
	r.Helper()
	if got := len(r.store.Pending()); got != want {
		r.Fatalf("%d batches wait for the store, want %d", got, want)
	}
}

// answer is the Sender of one command.
type answer struct {
	mu    sync.Mutex
	times int
	reply any
	err   error
	then  func() // called by Answer
}

func (w *answer) Answer(reply any, err error) {
	w.mu.Lock()
	w.times++
	w.reply, w.err = reply, err
	w.mu.Unlock()
	if w.then != nil {
		w.then()
	}
}

// send sends a command and lets happen what comes of it, short of the store.
func (r *rig) send(id shard.ID, body any) *answer {
	r.Helper()
	return r.sendAt(id, body, time.Time{})
}

func (r *rig) sendAt(id shard.ID, body any, at time.Time) *answer {
	r.Helper()
	w := &answer{}
	if err := r.node.Send(shard.Command{Actor: id, Body: body, Sender: w, At: at}); err != nil {
		r.Fatalf("Send(%T): %v", body, err)
	}
	r.clock.settle()
	return w
}

// done sends a command, lets all of it become durable, and returns the reply.
func (r *rig) done(id shard.ID, body any) any {
	r.Helper()
	w := r.send(id, body)
	r.stepAll()
	w.ok(r.T)
	return w.reply
}

// is expects one answer, with that reply.
func (w *answer) is(t *testing.T, reply any) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.times != 1 || w.err != nil || w.reply != reply {
		t.Fatalf("%d answers, the last with %v, %v; want 1 with %v", w.times, w.reply, w.err, reply)
	}
}

// ok expects one answer, with any reply.
func (w *answer) ok(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.times != 1 || w.err != nil {
		t.Fatalf("%d answers, the last with %v, %v; want 1 without an error", w.times, w.reply, w.err)
	}
}

// fails expects one answer, with that error.
func (w *answer) fails(t *testing.T, err error) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.times != 1 || !errors.Is(w.err, err) {
		t.Fatalf("%d answers, the last with %v, %v; want 1 with %v", w.times, w.reply, w.err, err)
	}
}

// none expects that there was no answer yet.
func (w *answer) none(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.times != 0 {
		t.Fatalf("answered with %v, %v; want no answer yet", w.reply, w.err)
	}
}

// notes reads a ledger and expects it to have had just these notes.
func (r *rig) notes(id shard.ID, want ...uint64) {
	r.Helper()
	var got []uint64
	for _, ev := range r.done(id, look{}).([]event) {
		if ev.kind == noteEvent {
			got = append(got, ev.value)
		}
	}
	if !slices.Equal(got, want) {
		r.Fatalf("the ledger has notes %v, want %v", got, want)
	}
}

// publisher remembers what was published.
type publisher struct {
	mu   sync.Mutex
	all  []published
	then func()
}

type published struct {
	actor  shard.ID
	notice told
}

func (p *publisher) Publish(actor shard.ID, notice any) {
	p.mu.Lock()
	p.all = append(p.all, published{actor, notice.(told)})
	then := p.then
	p.mu.Unlock()
	if then != nil {
		then()
	}
}

// is expects these notices since the last look.
func (p *publisher) is(t *testing.T, want ...published) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.all, want) {
		t.Fatalf("published %v, want %v", p.all, want)
	}
	p.all = nil
}

// metric is the value of a counter or gauge.
func (r *rig) metric(name string) float64 {
	r.Helper()
	families, err := r.metrics.Gather()
	must(r, err)
	for _, family := range families {
		if family.GetName() == "plywire_shard_"+name {
			m := family.GetMetric()[0]
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	r.Fatalf("no metric %s", name)
	return 0
}

func (r *rig) metricIs(name string, want float64) {
	r.Helper()
	if got := r.metric(name); got != want {
		r.Fatalf("%s is %v, want %v", name, got, want)
	}
}
