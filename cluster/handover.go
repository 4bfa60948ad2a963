package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/plywire/plywire/shard"
)

// handOver brings a shard to another node: that one gets ready, this one ends serving, the registry says whose it is now, and the
// other one serves. Commands that come meanwhile wait. If it does not work out, the shard is taken back.
func (n *Node) handOver(index int, to *peer) {
	began := time.Now()
	pause, err := n.passOn(index, to)
	n.mu.Lock()
	n.handing--
	n.mu.Unlock()
	n.settle(index, err != nil)
	if err != nil {
		n.metrics.handOversFailed.Inc()
		if n.context.Err() == nil {
			n.log.Warn().Err(err).Int("shard", index).Str("to", n.nameOf(to.id)).Msg("shard could not be handed over; it is tried again")
		}
	} else {
		n.metrics.handOvers.Inc()
		n.metrics.pause.Observe(pause.Seconds())
		n.log.Info().Int("shard", index).Str("to", n.nameOf(to.id)).Dur("pause", pause).Dur("took", time.Since(began)).Msg("shard handed over")
	}
	n.poke()
}

// passOn does what handOver says. pause is how long nobody served the shard.
func (n *Node) passOn(index int, to *peer) (pause time.Duration, err error) {
	ctx, cancel := context.WithTimeout(n.context, n.config.HandOverTimeout)
	defer cancel()
	if err := to.ask(ctx, kindPrepare, index, nil, func() {}); err != nil {
		return 0, err
	}
	passer := &passer{peer: to, index: index, ctx: ctx}
	passed, err := n.shards.Give(ctx, index, passer.pass)
	if err != nil {
		return 0, err
	}
	passed.Warm = passed.Warm && passer.passAudience() == nil
	stopped := passed.Alive
	if err := n.registry.Pass(ctx, index, n.me.ID, to.id); err != nil {
		// Whose it is now, the next view says.
		return 0, err
	}
	err = to.ask(ctx, kindTake, index, appendPassed(nil, &passed), func() { n.setHolder(index, to.id) })
	if err != nil {
		return 0, errors.Join(errors.New("it is the other node's, which has not said that it serves it"), err)
	}
	return time.Since(stopped), nil
}

// handedOver goes on with a shard that another node hands over to this one.
func (g *guest) handedOver(m *message) {
	n, coming := g.node, g.arrivals[m.shard]
	switch m.kind {
	case kindPrepare:
		err := n.welcomes()
		if err == nil {
			g.arrivals[m.shard] = &arrival{n.shards.Expect(m.shard), make(map[string][]shard.ID)}
		}
		g.done(m.number, err)
	case kindState:
		some, err := parsePassing(m.body)
		if err == nil && coming != nil {
			err = coming.Add(some)
		}
		if err != nil { // it is read from the store
			n.log.Warn().Err(err).Int("shard", m.shard).Msg("what another node passes cannot be used")
			delete(g.arrivals, m.shard)
		}
	case kindReady:
		g.done(m.number, nil)
	case kindAudience:
		if coming == nil {
			return
		}
		if err := coming.hear(m.body); err != nil {
			g.conn.Close(err)
		}
	case kindTake:
		delete(g.arrivals, m.shard)
		passed, err := parsePassed(m.body)
		if err != nil {
			g.conn.Close(err)
			return
		}
		n.mu.Lock()
		_, busy := n.moving[m.shard]
		n.moving[m.shard] = n.me.ID // before an older view says whose it was
		n.mu.Unlock()
		n.setHolder(m.shard, n.me.ID) // before the commands behind this message
		if busy {
			g.done(m.number, nil) // it has been seen already whose it is
			return
		}
		n.tasks.Go(func() { g.done(m.number, n.takeOver(m.shard, coming, passed)) })
	}
}

// welcomes says why no shard should come here, if so.
func (n *Node) welcomes() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.me.Draining || n.ending.Load() {
		return errors.New("this node is leaving")
	}
	return nil
}

// takeOver serves a shard that another node has handed over. Requires: it is noted as moving.
func (n *Node) takeOver(index int, coming *arrival, passed shard.Passed) error {
	ctx, cancel := context.WithTimeout(n.context, n.config.HandOverTimeout)
	defer cancel()
	err := n.serve(ctx, index, func(ctx context.Context) (warm bool, err error) {
		if coming == nil {
			return false, n.shards.Take(ctx, index)
		}
		n.invite(coming) // before there is anything to hear
		return n.shards.TakeOver(ctx, coming.Arrival, passed)
	})
	n.settle(index, err != nil)
	return err
}

// Leave hands all shards over to other nodes, and lets none come any more. It returns when others serve all of them, when there is
// nobody who could have them, or with the cause of ctx when that ends. What is left has to be drained.
func (n *Node) Leave(ctx context.Context) error {
	n.setLeaving(true)
	n.setDraining(true)
	ticker := time.NewTicker(leaveEvery)
	defer ticker.Stop()
	for {
		if n.givenAll() || n.alone() {
			return nil
		}
		n.poke()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// givenAll tells whether no shard is here, nor on its way to another node: that one would have to read it from the store if this
// one were closed now.
func (n *Node) givenAll() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.handing == 0 && n.shards.Here() == 0
}

// leaveEvery is the time between two looks at whether all shards have gone.
const leaveEvery = 100 * time.Millisecond

// Stay lets shards come to this node again, after Leave.
func (n *Node) Stay() {
	n.setLeaving(false)
	n.setDraining(false)
}

func (n *Node) setDraining(is bool) {
	n.mu.Lock()
	n.me.Draining = is
	n.mu.Unlock()
	n.poke()
}

// alone tells whether there is nobody to whom shards could be handed over.
func (n *Node) alone() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range n.view.Members {
		if m.ID != n.me.ID && m.Left > 0 && !m.Draining {
			return false
		}
	}
	return true
}
