package simulation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
	"github.com/plywire/plywire/table"
)

// process is one run of the server.
type process struct {
	sim      *sim
	life     int // number of the run
	store    *twinstore.Store
	node     *shard.Node
	line     *timeline
	gateway  *gateway
	metrics  *prometheus.Registry
	calls    []*call // accepted by the node, and not answered
	serving  bool
	draining bool
	dead     bool  // nothing that it does can be seen any more
	failed   error // why the node cannot be relied on
}

// begin starts a process on the store, and another one if it cannot start.
func (s *sim) begin(store *twinstore.Store) {
	for s.violation == nil {
		s.lives++
		p := &process{sim: s, life: s.lives, store: store, line: &timeline{sim: s}, metrics: prometheus.NewRegistry()}
		p.gateway = &gateway{process: p, topics: make(map[game.ID]*topic)}
		s.process = p
		for _, id := range s.ids {
			s.records[id].forget()
		}
		err := p.start()
		if err == nil {
			p.serving = true
			s.tell("%s serves", p)
			s.recoverable()
			return
		}
		s.note(Starts, "%s does not start: %v", p, err)
		p.dead = true
		store.Crash()
		store = store.Reopen()
		s.advance(s.upTo(time.Second))
	}
}

func (p *process) start() error {
	s := p.sim
	config := s.setup.table
	config.Lost = func(id game.ID, have, client uint64) {
		if r := s.record(id); client <= uint64(len(r.durable)) {
			s.fail("%s: the server has %d events, and %d are durable; a client knows %d", r, have, len(r.durable), client)
		}
	}
	actors, err := table.NewTables(config)
	if err != nil {
		return err
	}
	p.node, err = shard.NewNode(s.setup.shard, &flaky{p.store, s}, &tables{p, actors}, p.gateway, p.line.time(), p.metrics, zerolog.Nop())
	if err != nil {
		return err
	}
	return p.node.Start(context.Background())
}

// lost tells whether the node can be relied on no more.
func (p *process) lost() bool {
	select {
	case err := <-p.node.Failed():
		p.failed, p.serving = err, false
		if !errors.Is(err, shard.ErrFenced) && !errors.Is(err, shard.ErrHead) {
			p.sim.fail("the node has failed: %v", err)
		}
	default:
	}
	return p.failed != nil
}

// answered checks that a shard which has stopped has answered all that it had accepted.
func (p *process) answered() {
	for _, status := range p.node.Status() {
		for _, each := range p.calls {
			if !status.Served && status.Queued == 0 && each.times == 0 && shard.Of(each.game, shards) == status.Index {
				p.sim.fail("%s is not answered by a shard that has stopped", each)
			}
		}
	}
}

// bury ends a process: what it holds in memory is gone, and its connections are cut.
func (p *process) bury() {
	p.dead, p.serving = true, false
	p.count()
	p.line.alarms = nil
	for _, c := range p.sim.conns {
		if c.process == p && !c.serverGone {
			c.cutByServer(p.sim.faulty)
		}
	}
}

// crash ends the process at once, and starts another one after a while. What is under way to the store may come there all
// the same: before the next process takes over, or after.
func (s *sim) crash() {
	p := s.process
	s.note(Crashes, "process %d dies with %d batches under way", p.life, len(p.store.Pending()))
	p.bury()
	store := p.store.Reopen()
	switch n := s.random.IntN(4); {
	case n == 0:
		s.ghost = p
	case n == 1:
		for range len(p.store.Pending()) {
			s.note(Ghosts, "a batch of the dead comes to the store")
			s.carryOut(p, 0)
		}
		p.store.Crash()
	default:
		p.store.Crash()
	}
	down := s.upTo(3 * time.Second)
	if s.faulty && s.chance(4) {
		down = s.upTo(2 * time.Minute)
	}
	s.advance(down)
	s.begin(store)
}

// haunt lets a batch of a dead process come to the store, after another process has taken over.
func (s *sim) haunt() {
	if s.ghost == nil || len(s.ghost.store.Pending()) == 0 {
		s.ghost = nil
		return
	}
	s.note(Ghosts, "a batch of the dead comes to the store, too late")
	s.carryOut(s.ghost, 0)
}

// carryOut lets the store carry out one batch.
func (s *sim) carryOut(p *process, i int) {
	batch := p.store.Pending()[i]
	s.tell("the store carries out %d entries and %d snapshots of shard %d", len(batch.Entries), len(batch.Snapshots), batch.Shard)
	s.counts[Batches]++
	s.fresh = true
	p.store.Step(i)
	s.sync()
	s.kept(batch)
}

// drain ends the process in peace and starts another one.
func (s *sim) drain() {
	p := s.process
	s.note(Drains, "process %d is told to stop", p.life)
	p.gateway.announce()
	p.serving, p.draining = false, true
	now, cancel := context.WithCancel(context.Background())
	cancel()
	cutShort := s.faulty && s.chance(5)
	for round := 0; errors.Is(p.node.Drain(now), context.Canceled); round++ {
		if p.lost() || s.violation != nil || cutShort && s.chance(3) {
			s.crash()
			return
		}
		if round == 1000 {
			s.fail("a drain does not end: %+v", p.node.Status())
			return
		}
		if len(p.store.Pending()) > 0 && (!s.faulty || s.chance(2)) {
			s.carryOut(p, 0)
		}
		s.exchange()
		s.pass(20*time.Millisecond + s.upTo(80*time.Millisecond))
		s.sync()
	}
	if p.lost() {
		s.crash()
		return
	}
	for _, each := range p.calls {
		if each.times == 0 {
			s.fail("%s is not answered by a node that was drained", each)
		}
	}
	p.bury()
	if err := p.store.Close(); err != nil {
		s.fail("close the store: %v", err)
	}
	s.fresh = true
	s.sync()
	s.advance(s.upTo(5 * time.Second))
	s.begin(p.store.Reopen())
}

// count adds what the shards have counted.
func (p *process) count() {
	families, err := p.metrics.Gather()
	if err != nil {
		p.sim.fail("metrics: %v", err)
		return
	}
	for _, family := range families {
		n := int(family.GetMetric()[0].GetCounter().GetValue())
		switch strings.TrimPrefix(family.GetName(), "plywire_shard_") {
		case "loads_total":
			p.sim.counts[Loads] += n
		case "passivated_total":
			p.sim.counts[Passivated] += n
		case "quarantined_total":
			p.sim.counts[Quarantined] += n
		case "commit_retries_total":
			p.sim.counts[Retries] += n
		}
	}
}

// flaky is a store of which a read fails now and then.
type flaky struct {
	*twinstore.Store
	sim *sim
}

var errFlaky = errors.New("simulation: the store cannot be read now")

func (f *flaky) miss(n int) error {
	if f.sim.faulty && f.sim.chance(n) {
		f.sim.note(Reads, "the store cannot be read")
		return errFlaky
	}
	return nil
}

// Recover fails now and then.
func (f *flaky) Recover(ctx context.Context, index int, token shard.Token) (shard.Recovery, error) {
	if err := f.miss(60); err != nil {
		return shard.Recovery{}, err
	}
	return f.Store.Recover(ctx, index, token)
}

// Load fails now and then.
func (f *flaky) Load(ctx context.Context, index int, actor shard.ID) (shard.Snapshot, error) {
	if err := f.miss(20); err != nil {
		return shard.Snapshot{}, err
	}
	return f.Store.Load(ctx, index, actor)
}

func (p *process) String() string { return fmt.Sprintf("process %d", p.life) }
