package cluster

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/plywire/plywire/shard"
)

const (
	// takeParallel is how many shards are taken side by side.
	takeParallel = 8
	// againAfter is the time until what could not be done with a shard is tried again.
	againAfter = 500 * time.Millisecond
)

// plan takes what falls to this node, and hands over what falls to another. fresh says that this is the node's first view.
func (n *Node) plan(view View, fresh bool) {
	if n.ending.Load() {
		return
	}
	want := wanted(len(n.routes), view.Members, view.Pins)
	left := make(map[string]time.Duration, len(view.Members))
	for _, m := range view.Members {
		left[m.ID] = m.Left
	}
	now := time.Now()
	var free, mine []int
	n.mu.Lock()
	// Where Redis was away, everybody's lease ran out. Whoever renews first must not take it all.
	patient := now.Sub(n.steady) < n.config.Lease
	for i, holder := range view.Holders {
		if n.movedLocked(i, n.beaten) || now.Before(n.later[i]) {
			continue
		}
		_, known := left[holder]
		gone := holder == "" || !known || left[holder] <= 0 && (!patient || fresh && left[holder] <= -n.config.Lease)
		switch served := n.shards.Served(i); {
		case holder == n.me.ID && !served && n.shards.Present(i):
			// It is drained: this node is the last one, and leaves.
		case holder == n.me.ID && !served:
			n.moving[i] = n.me.ID
			mine = append(mine, i)
		case holder == n.me.ID:
			n.considerLocked(i, want[i], now)
		case want[i] == n.me.ID && gone:
			n.moving[i] = n.me.ID
			free = append(free, i)
		}
	}
	n.mu.Unlock()
	if len(mine) > 0 || len(free) > 0 {
		n.tasks.Go(func() { n.takeAll(mine, free) })
	}
}

// considerLocked begins to hand a shard over if it should be elsewhere. Requires: n.mu is held.
func (n *Node) considerLocked(index int, to string, now time.Time) {
	p := n.peers[to]
	if to == n.me.ID || p == nil || n.handing >= n.config.HandOvers || !p.live() {
		return
	}
	if now.Sub(n.seen[to]) < n.config.Settle && !n.me.Draining {
		return
	}
	n.moving[index] = to
	n.handing++
	n.tasks.Go(func() { n.handOver(index, p) })
}

// takeAll takes shards that are this node's already, and such that nobody holds any more.
func (n *Node) takeAll(mine, free []int) {
	if len(free) > 0 {
		ctx, cancel := context.WithTimeout(n.context, n.config.Lease/2)
		claimed, err := n.registry.Claim(ctx, n.me.ID, free)
		cancel()
		if err != nil {
			n.log.Warn().Err(err).Ints("shards", free).Msg("shards cannot be claimed; they are tried again")
		}
		got := make(map[int]bool, len(claimed))
		for _, i := range claimed {
			got[i] = true
		}
		for _, i := range free {
			if !got[i] {
				n.settle(i, err != nil)
			}
		}
		mine = append(mine, claimed...)
	}
	var group errgroup.Group
	group.SetLimit(takeParallel)
	for _, i := range mine {
		group.Go(func() error {
			n.settle(i, n.serve(n.context, i, func(ctx context.Context) (bool, error) { return false, n.shards.Take(ctx, i) }) != nil)
			return nil
		})
	}
	_ = group.Wait()
	n.poke()
}

// settle notes that a shard is not in motion any more, and if something went wrong that it is not to be tried at once.
func (n *Node) settle(index int, wrong bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.moving, index)
	delete(n.later, index)
	n.settled[index] = time.Now()
	if wrong {
		n.later[index] = time.Now().Add(againAfter)
	}
}

// serve serves a shard that this node holds, and tells everybody. take brings it here; warm says that its actors know who watches
// them, so that nobody has to ask for what he may have missed.
func (n *Node) serve(ctx context.Context, index int, take func(ctx context.Context) (warm bool, err error)) error {
	began := time.Now()
	if n.shards.Served(index) {
		return nil
	}
	warm, err := take(ctx)
	if err != nil {
		switch {
		case errors.Is(err, shard.ErrFenced):
			n.log.Warn().Int("shard", index).Msg("another node has taken this shard meanwhile")
		case ctx.Err() == nil:
			n.log.Error().Err(err).Int("shard", index).Msg("shard cannot be served; it is tried again")
		}
		return err
	}
	n.metrics.took.Observe(time.Since(began).Seconds())
	n.changeHolder(index, n.me.ID)
	n.kick()
	m := message{kind: kindHolds, shard: index}
	if warm {
		m.flags = flagWarm
	} else {
		n.missed(func(i int) bool { return i == index })
	}
	n.tell(appendMessage(nil, &m))
	return nil
}

// tell says something to all other nodes.
func (n *Node) tell(frame []byte) {
	n.mu.Lock()
	guests := make([]*guest, 0, len(n.guests))
	for _, g := range n.guests {
		guests = append(guests, g)
	}
	n.mu.Unlock()
	for _, g := range guests {
		g.say(frame)
	}
}
