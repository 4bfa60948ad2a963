package cluster

import (
	"context"
	"errors"
	"time"
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
	if err := to.ask(ctx, kindPrepare, index, func() {}); err != nil {
		return 0, err
	}
	stopped := time.Now()
	if err := n.shards.Give(ctx, index); err != nil {
		return 0, err
	}
	if err := n.registry.Pass(ctx, index, n.me.ID, to.id); err != nil {
		// Whose it is now, the next view says.
		return 0, err
	}
	err = to.ask(ctx, kindTake, index, func() { n.setHolder(index, to.id) })
	if err != nil {
		return 0, errors.Join(errors.New("it is the other node's, which has not said that it serves it"), err)
	}
	return time.Since(stopped), nil
}

// Leave hands all shards over to other nodes, and lets none come any more. It returns when none is left here, when there is
// nobody who could have them, or with the cause of ctx when that ends. What is left has to be drained.
func (n *Node) Leave(ctx context.Context) error {
	n.setLeaving(true)
	n.setDraining(true)
	ticker := time.NewTicker(leaveEvery)
	defer ticker.Stop()
	for {
		if n.shards.Here() == 0 || n.alone() {
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
