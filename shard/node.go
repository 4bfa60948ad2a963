package shard

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
)

// Node runs shards of one store. Send is safe for concurrent use.
type Node struct {
	config  Config
	store   Store
	time    Time
	log     zerolog.Logger
	metrics *Metrics
	shards  []*Shard
	failure chan error // the first fatal one
	pulsed  atomic.Pointer[time.Time] // when the node last showed that it runs
	ending  atomic.Bool
}

// NewNode returns a node that serves nothing before Start. The publisher hears what the actors have to say to everybody.
func NewNode(config Config, store Store, actors Actors, publisher Publisher, t Time, registerer prometheus.Registerer, log zerolog.Logger) (*Node, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("shard: %w", err)
	}
	n := &Node{config: config, store: store, time: t, log: log, metrics: NewMetrics(registerer), failure: make(chan error, 1)}
	for i := range store.Shards() {
		s := &Shard{index: i, config: config, store: store, actors: actors, publish: publisher, forward: n.forward, time: t,
			pulsed: &n.pulsed, log: log, metrics: n.metrics, pending: new(batch), spare: new(batch), failed: n.fail}
		n.shards = append(n.shards, s)
	}
	n.gauge(registerer, "actors", "Actors in memory.", n.Loaded)
	n.gauge(registerer, "queued", "Commands waiting in the mailboxes.", n.Queued)
	return n, nil
}

func (n *Node) gauge(registerer prometheus.Registerer, name, help string, value func() int) {
	registerer.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "plywire_shard_" + name, Help: help},
		func() float64 { return float64(value()) }))
}

// Start takes over all shards. It blocks until they are served.
func (n *Node) Start(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(n.config.RecoverParallel)
	for _, s := range n.shards {
		group.Go(func() error { return s.start(ctx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	now := n.time.Now()
	n.pulsed.Store(&now)
	n.time.After(n.config.UpkeepInterval, n.upkeep)
	n.time.After(n.pulseInterval(), n.pulse)
	return nil
}

// Send gives a command to the shard of its actor. If it returns an error, which wraps ErrUnavailable, the Sender hears
// nothing. It does not block.
func (n *Node) Send(cmd Command) error { return n.shards[Of(cmd.Actor, len(n.shards))].Send(cmd) }

// Post is Send for a caller that holds a lock which the Publisher or a Sender may take: nothing is answered or published
// before it returns.
func (n *Node) Post(cmd Command) error { return n.shards[Of(cmd.Actor, len(n.shards))].Post(cmd) }

// Failed hears why the node can no longer be relied on, once.
func (n *Node) Failed() <-chan error { return n.failure }

func (n *Node) fail(cause error) {
	if n.ending.Load() && errors.Is(cause, ErrClosed) {
		return
	}
	select {
	case n.failure <- cause:
	default:
	}
}

// Drain refuses new commands, makes everything durable, and returns; or gives up when ctx ends, which loses nothing, since
// what was not durable was not acknowledged. The store stays open.
func (n *Node) Drain(ctx context.Context) error {
	n.ending.Store(true)
	var waiting sync.WaitGroup
	for _, s := range n.shards {
		waiting.Add(1)
		s.drain(sync.OnceFunc(waiting.Done))
	}
	done := make(chan struct{})
	go func() {
		waiting.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drain: %w", context.Cause(ctx))
	}
}

// upkeep lets every shard look after its actors, one after the other, so that they do not all write at once.
func (n *Node) upkeep() {
	if n.ending.Load() {
		return
	}
	for _, s := range n.shards {
		s.tell(s.upkeep)
	}
	n.time.After(n.config.UpkeepInterval, n.upkeep)
}

func (n *Node) pulseInterval() time.Duration { return n.config.StallAfter / 4 }

// pulse shows that the node runs. Where it did not for a while, each shard finds that out before it does anything else,
// see Shard.turn. It also reports the shards that are stuck in an actor.
func (n *Node) pulse() {
	if n.ending.Load() {
		return
	}
	now := n.time.Now()
	last := n.pulsed.Load()
	if gap := now.Sub(*last); gap > n.config.StallAfter {
		n.metrics.stalls.Inc()
		n.log.Warn().Dur("gap", gap).Msg("this process did not run for a while; clocks get the time back")
		for _, s := range n.shards {
			s.tell(func(now time.Time) { s.unstall(now, last) })
		}
	}
	n.pulsed.Store(&now)
	for _, s := range n.shards {
		if actor, took, is := s.stuck(now, 20*n.config.SlowTurn); is {
			n.log.Error().Stringer("actor", actor).Int("shard", s.index).Dur("took", took).Msg("shard is busy with one actor")
		}
	}
	n.time.After(n.pulseInterval(), n.pulse)
}

// forwardTries bounds how often a command from one actor to another is tried.
const forwardTries = 50

// forward delivers a command from one actor to another; while the other's shard is busy, it tries again.
func (n *Node) forward(send Send) { n.forwardTry(send, 1) }

func (n *Node) forwardTry(send Send, try int) {
	if n.Send(Command{Actor: send.To, Body: send.Body}) == nil {
		return
	}
	if try == forwardTries || n.ending.Load() {
		n.metrics.forwardLost.Inc()
		n.log.Error().Stringer("actor", send.To).Msg("command from another actor given up; it is sent again when that one's shard is next taken over")
		return
	}
	n.metrics.forwardRetry.Inc()
	n.time.After(100*time.Millisecond, func() { n.forwardTry(send, try+1) })
}

// Loaded is the number of actors in memory.
func (n *Node) Loaded() int {
	sum := 0
	for _, s := range n.shards {
		sum += int(s.loaded.Load())
	}
	return sum
}

// Queued is the number of commands that wait in the mailboxes.
func (n *Node) Queued() int {
	sum := 0
	for _, s := range n.shards {
		sum += s.queued()
	}
	return sum
}

// Status is how one shard is.
type Status struct {
	Index  int
	Served bool
	Loaded int // actors in memory
	Queued int // commands waiting
}

// Status tells how each shard is.
func (n *Node) Status() []Status {
	all := make([]Status, len(n.shards))
	for i, s := range n.shards {
		s.mu.Lock()
		all[i] = Status{Index: i, Served: !s.stopped, Loaded: int(s.loaded.Load()), Queued: len(s.mailbox)}
		s.mu.Unlock()
	}
	return all
}
