package cluster

import (
	"time"

	"github.com/plywire/plywire/shard"
)

// Route tells which node serves an actor: its name, where clients reach it, if that is known, and whether it is this one. known is
// false while nobody does. It does not block.
func (n *Node) Route(actor shard.ID) (node, url string, here, known bool) {
	holder := n.holderOf(shard.Of(actor, len(n.routes)))
	n.mu.Lock()
	defer n.mu.Unlock()
	if holder == n.me.ID {
		return n.me.Name, n.me.URL, true, true
	}
	for i := range n.view.Members {
		if m := &n.view.Members[i]; m.ID == holder {
			return m.Name, m.URL, false, m.Left > 0
		}
	}
	return "", "", false, false
}

// Left hears that nobody on this node watches an actor any more, which its holder may like to know.
func (n *Node) Left(actor shard.ID) {
	if p := n.peer(n.holderOf(shard.Of(actor, len(n.routes)))); p != nil {
		p.tidy(actor)
	}
}

// Ready tells whether this node has a lease.
func (n *Node) Ready() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.beaten.IsZero() && time.Since(n.beaten) < n.config.Lease-n.config.Margin
}
