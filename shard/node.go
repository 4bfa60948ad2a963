package shard

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Node runs the shards of one store. Send and Post are safe for concurrent use.
type Node struct {
	config  Config
	store   Store
	actors  Actors
	time    Time
	log     zerolog.Logger
	metrics *metrics
	slots   []slot
	make    func(index int) *shard
	post    func(Command) error          // to any actor, wherever it is served
	lost    func(index int, cause error) // hears that a shard has stopped; nil: that is fatal
	failure chan error                   // the first fatal one
	ending  atomic.Bool
	lease   atomic.Pointer[lease] // nil: for ever

	// Owned by pulse, of which there is one at a time.
	pulsed   time.Time // when it last came
	reported []int64   // by shard: the turn that was last reported as stuck
}

// NewNode returns a node that serves nothing before Start. The publisher hears what the actors have to say to everybody.
func NewNode(config Config, store Store, actors Actors, publisher Publisher, t Time, registerer prometheus.Registerer, log zerolog.Logger) (*Node, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("shard: %w", err)
	}
	n := &Node{config: config, store: store, actors: actors, time: t, log: log, metrics: newMetrics(registerer), failure: make(chan error, 1)}
	flusher, _ := publisher.(Flusher)
	n.make = func(index int) *shard {
		s := &shard{index: index, config: config, store: store, actors: actors, publisher: publisher, flusher: flusher,
			forward: n.forward, time: t, lease: &n.lease, yields: n.lost != nil, log: log, metrics: n.metrics, failed: n.stopped}
		s.prepare()
		return s
	}
	n.post = n.Post
	n.slots = make([]slot, store.Shards())
	for i := range n.slots {
		n.slots[i].away = fmt.Errorf("%w: shard %d", ErrAway, i)
	}
	n.reported = make([]int64, len(n.slots))
	n.gauge(registerer, "actors", "Actors in memory.", n.Loaded)
	n.gauge(registerer, "queued", "Commands waiting in the mailboxes.", n.Queued)
	return n, nil
}

func (n *Node) gauge(registerer prometheus.Registerer, name, help string, value func() int) {
	registerer.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "plywire_shard_" + name, Help: help},
		func() float64 { return float64(value()) }))
}

// Begin has the shards looked after that the node serves, of which there are none yet. It is called once.
func (n *Node) Begin() {
	n.pulsed = n.time.Now()
	n.time.After(n.config.UpkeepInterval, n.upkeep)
	n.time.After(n.config.pulse(), n.pulse)
}

// Start takes over all shards, and serves them when it has all: until then no player could come back, so no clock may run.
// It blocks. It is called once, instead of Begin; after an error the node is of no use.
func (n *Node) Start(ctx context.Context) error {
	all := make([]int, len(n.slots))
	for i := range all {
		all[i] = i
	}
	if err := n.Take(ctx, all...); err != nil {
		return err
	}
	n.Begin()
	return nil
}

// Send gives a command to the shard of its actor. If it returns an error, which wraps ErrUnavailable, the Sender hears
// nothing; otherwise it hears one answer, possibly before Send returns. It does not block, but may run the shard.
func (n *Node) Send(cmd Command) error {
	s, err := n.at(cmd.Actor)
	if err != nil {
		return err
	}
	return s.Send(cmd)
}

// Post is Send for a caller that holds a lock which the Publisher or a Sender may take: nothing is answered or published
// before it returns.
func (n *Node) Post(cmd Command) error {
	s, err := n.at(cmd.Actor)
	if err != nil {
		return err
	}
	return s.Post(cmd)
}

// at is the shard of an actor, if it is here.
func (n *Node) at(id ID) (*shard, error) {
	slot := &n.slots[Of(id, len(n.slots))]
	s := slot.current.Load()
	if s == nil {
		n.metrics.refused.Inc()
		return nil, slot.away
	}
	return s, nil
}

// Failed hears why the node can no longer be relied on, once.
func (n *Node) Failed() <-chan error { return n.failure }

func (n *Node) fail(cause error) {
	if n.ending.Load() && errors.Is(cause, ErrClosed) {
		return
	}
	select {
	case n.failure <- cause:
	default: // one is enough
	}
}

// Drain refuses new commands, makes everything durable, and returns; or gives up when ctx ends, which loses nothing, since
// what was not durable was not acknowledged. An error that does not come from ctx is of a shard that has lost its journal.
// The store stays open.
func (n *Node) Drain(ctx context.Context) error {
	n.ending.Store(true)
	shards := n.here()
	ended := make(chan error, len(shards))
	for _, s := range shards {
		s.drain(true, func(err error) { ended <- err }, nil)
	}
	var lost error
	for range shards {
		received, err := next(ctx, ended)
		if lost = errors.Join(lost, err); !received {
			break
		}
	}
	if lost != nil {
		return fmt.Errorf("drain: %w", lost)
	}
	return nil
}

// next is what comes out of the channel, or why ctx has ended, if nothing does.
func next(ctx context.Context, from <-chan error) (received bool, err error) {
	select {
	case err := <-from:
		return true, err
	default: // so that what is there counts, even if ctx has ended
	}
	select {
	case err := <-from:
		return true, err
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// upkeep lets every shard look after its actors, one after the other, so that they do not all write at once. A shard that is
// stuck is told nothing that it could not do.
func (n *Node) upkeep() {
	if n.ending.Load() {
		return
	}
	now := n.time.Now()
	for _, s := range n.here() {
		if _, _, is := s.stuck(now); !is {
			s.tell(s.upkeep)
		}
	}
	n.time.After(n.config.UpkeepInterval, n.upkeep)
}

// pulse has every shard look at the clock, so that one which did not for long knows that it was not served, see shard.look.
// It also reports the shards that are stuck in an actor.
func (n *Node) pulse() {
	if n.ending.Load() {
		return
	}
	now := n.time.Now()
	if gap := between(n.pulsed, now); gap > n.config.StallAfter {
		n.metrics.stalls.Inc()
		n.log.Warn().Dur("gap", gap).Msg("this process did not run for a while; clocks get the time back")
	}
	n.pulsed = now
	for _, s := range n.here() {
		since, actor, is := s.stuck(now)
		if is && since != n.reported[s.index] {
			n.reported[s.index] = since
			n.log.Error().Stringer("actor", actor).Int("shard", s.index).Dur("took", now.Sub(time.Unix(0, since))).Msg("shard is busy with one actor")
		}
		s.nudge()
	}
	n.time.After(n.config.pulse(), n.pulse)
}

// Loaded is the number of actors in memory.
func (n *Node) Loaded() int {
	sum := 0
	for _, s := range n.here() {
		sum += int(s.loaded.Load())
	}
	return sum
}

// Queued is the number of commands that wait in the mailboxes.
func (n *Node) Queued() int {
	sum := 0
	for _, s := range n.here() {
		sum += s.status().Queued
	}
	return sum
}

// Status is how one shard is.
type Status struct {
	Index   int
	Served  bool
	Loaded  int    // actors in memory
	Queued  int    // commands waiting
	Epoch   Epoch  // of this owner; 0: it is not owned here
	Head    uint64 // position of the last entry that is durable
	Journal uint64 // entries that are not trimmed
	// Lag is for how long the batch under way has been at the store; 0: none is.
	Lag time.Duration
}

// Status tells how each shard is. Of those that are not here nothing is known.
func (n *Node) Status() []Status {
	all := make([]Status, len(n.slots))
	for i := range all {
		all[i].Index = i
	}
	for _, s := range n.here() {
		all[s.index] = s.status()
	}
	return all
}

func (s *shard) status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	head := s.durableHead.Load()
	lag := time.Duration(0)
	if since := s.flyingSince.Load(); since != 0 {
		lag = max(0, s.time.Now().Sub(time.Unix(0, since)))
	}
	return Status{Index: s.index, Served: s.serving, Loaded: int(s.loaded.Load()), Queued: len(s.mailbox),
		Epoch: Epoch(s.epoch.Load()), Head: head, Journal: head - min(head, s.trimmedTo.Load()), Lag: lag}
}
