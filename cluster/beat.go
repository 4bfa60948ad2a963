package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/plywire/plywire/cluster/link"
	"github.com/plywire/plywire/shard"
)

const (
	// beatRetry is the time until a renewal that failed is tried again.
	beatRetry = 50 * time.Millisecond
	// warnEvery is the shortest time between two warnings of the same kind.
	warnEvery = 10 * time.Second
	// dueMargin is how long after the end of somebody's lease it is looked at.
	dueMargin = 5 * time.Millisecond
)

// errStale means that the answer to a renewal came when it was not true any more: this process has stood still. Whoever acted on
// it would take back what others have taken meanwhile.
var errStale = errors.New("the answer to the renewal is too old")

// beatAlways renews the lease until the node is closed.
func (n *Node) beatAlways() {
	wait := n.config.Beat
	for {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-n.poked:
			timer.Stop()
		case <-n.closed:
			timer.Stop()
			return
		}
		var err error
		if wait, err = n.beat(n.context); err != nil {
			wait = beatRetry
		}
	}
}

// beat renews the lease, and acts on how the cluster stands. It returns when that is to be done again.
func (n *Node) beat(ctx context.Context) (time.Duration, error) {
	n.beating.Lock()
	defer n.beating.Unlock()
	conns := n.connections()
	n.mu.Lock()
	n.me.Games, n.me.Conns = n.shards.Loaded(), conns
	me, known := n.me, n.view.Version
	n.mu.Unlock()
	bounded, cancel := context.WithTimeout(ctx, n.config.Lease/4)
	defer cancel()
	sent := time.Now()
	view, err := n.registry.Renew(bounded, me, n.config.Lease, known)
	took := max(time.Since(sent), time.Now().Round(0).Sub(sent.Round(0))) // one of the clocks stands still while a machine is suspended
	n.metrics.beats.Observe(took.Seconds())
	if err == nil && took > n.config.Lease/2 {
		err = errStale
	}
	if err != nil {
		n.metrics.beatsFailed.Inc()
		if now := time.Now(); now.Sub(n.failing) >= warnEvery && n.context.Err() == nil {
			n.failing = now
			n.log.Warn().Err(err).Msg("this node's lease cannot be renewed; when it has run out nothing is served here until it can")
		}
		return 0, err
	}
	if view.Holders == nil {
		n.mu.Lock()
		view.Holders, view.Pins = n.view.Holders, n.view.Pins
		n.mu.Unlock()
	}
	if err := n.yield(bounded, view, sent); err != nil {
		return 0, err
	}
	n.shards.Hold(sent, n.config.Lease-n.config.Margin)
	n.mu.Lock()
	if gap := sent.Sub(n.beaten); gap > n.config.Lease/2 {
		if !n.beaten.IsZero() && gap > n.config.Lease {
			n.log.Warn().Dur("gap", gap).Msg("this node was without a lease for a while; clocks get the time back")
		}
		n.steady = sent
	}
	fresh := n.beaten.IsZero()
	n.beaten = sent
	n.view = view
	n.mu.Unlock()
	n.meet(view.Members)
	n.follow(view.Holders, sent)
	n.plan(view, fresh)
	wait := n.config.Beat
	for _, m := range view.Members {
		if left := m.Left - time.Since(sent) + dueMargin; m.ID != me.ID && m.Left > 0 {
			wait = min(wait, max(left, dueMargin))
		}
	}
	return wait, nil
}

// yield ends serving what another node has taken: before this one may serve again, or it would tell what was true before.
// The view was asked for at that time.
func (n *Node) yield(ctx context.Context, view View, asked time.Time) error {
	live := make(map[string]bool, len(view.Members))
	for _, m := range view.Members {
		live[m.ID] = m.Left > 0 && m.ID != n.me.ID
	}
	for i, holder := range view.Holders {
		if !live[holder] || n.moved(i, asked) || !n.shards.Served(i) {
			continue
		}
		if err := n.shards.Drop(ctx, i, shard.ErrFenced); err != nil {
			return err
		}
	}
	return nil
}

// meet keeps a link to every member, and ends those to who has gone.
func (n *Node) meet(members []Standing) {
	n.mu.Lock()
	here := make(map[string]bool, len(members))
	names := make(map[string]int, len(members))
	for _, m := range members {
		here[m.ID] = true
		if m.Left > 0 {
			names[m.Name]++
		}
		if _, known := n.seen[m.ID]; !known {
			n.seen[m.ID] = time.Now()
		}
		if m.ID == n.me.ID || n.peers == nil || n.peers[m.ID] != nil || m.Left <= 0 {
			continue
		}
		p := &peer{node: n, id: m.ID, calls: make(map[uint64]*call), asked: make(map[uint64]chan error), watching: make(map[shard.ID]int)}
		n.peers[m.ID] = p
		var err error
		if p.dialer, err = link.Dial(m.Link, m.ID, n.identity, n.config.Link, p.up); err != nil {
			n.log.Error().Err(err).Str("peer", m.Name).Str("link", m.Link).Msg("there can be no link to another node")
			continue
		}
		n.log.Info().Str("peer", m.Name).Str("link", m.Link).Msg("another node is there")
	}
	for name, times := range names {
		if _, said := n.doubted[name]; times > 1 && !said {
			n.doubted[name] = struct{}{}
			n.log.Warn().Str("name", name).Msg("two nodes have the same name: give each its own, or shards move more than they must")
		}
	}
	var gone []*peer
	for id, p := range n.peers {
		if !here[id] {
			gone = append(gone, p)
			delete(n.peers, id)
			delete(n.seen, id)
		}
	}
	n.mu.Unlock()
	for _, p := range gone {
		n.tasks.Go(p.close) // which waits for its end
	}
}

// follow lets the commands of each shard go where it is held.
func (n *Node) follow(holders []string, asked time.Time) {
	changed := make(map[int]string)
	for i, holder := range holders {
		if n.moved(i, asked) {
			continue // who moves it knows better
		}
		if n.changeHolder(i, holder) {
			changed[i] = holder
		}
	}
	if len(changed) > 0 {
		n.doubt(changed)
		n.kick()
	}
}

// moved tells whether a shard is in motion, or was since then: a view from before knows another holder, and a node that acted on
// it would take back what it has just handed over.
func (n *Node) moved(index int, since time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.movedLocked(index, since)
}

// movedLocked is moved. Requires: n.mu is held.
func (n *Node) movedLocked(index int, since time.Time) bool {
	_, is := n.moving[index]
	return is || n.settled[index].After(since)
}
