package cluster

import (
	"context"
	"time"

	"github.com/plywire/plywire/shard"
)

// Kill ends the node without a word, as the end of its process does.
func (n *Node) Kill() {
	n.ending.Store(true)
	n.cancel()
	n.mu.Lock()
	peers := n.peers
	n.peers = nil
	n.mu.Unlock()
	for _, p := range peers {
		p.close()
	}
	n.listener.Close()
	n.tasks.Wait()
}

// Cut ends the links of the node, which come back by themselves.
func (n *Node) Cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.peers {
		p.mu.Lock()
		if p.conn != nil {
			p.conn.Close(nil)
		}
		p.mu.Unlock()
	}
}

// Beat renews the lease now.
func (n *Node) Beat(ctx context.Context) (time.Duration, error) { return n.beat(ctx) }

// Wanted is wanted.
var Wanted = wanted

// Freeze has the node answer nothing until it thaws.
func (n *Node) Freeze() (thaw func()) {
	n.mu.Lock()
	return n.mu.Unlock
}

// Add is add.
func (m *Map) Add(id string, shards []shard.Status, moving []int) { m.add(id, report{shards, moving}) }

// Tells tells whether this node tells another what an actor says.
func (n *Node) Tells(id string, actor shard.ID) bool { return n.audience.has(id, actor) }
