package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// What an operator hears.
var (
	// ErrUnknownNode means that no node of that name has a lease, or more than one has; nothing has happened.
	ErrUnknownNode = errors.New("cluster: there is no such node")
	// ErrNotNow means that the cluster is not so that it could be done; nothing has happened.
	ErrNotNow = errors.New("cluster: not now")
)

// orderEvery is the time between two looks at whether an order was carried out.
const orderEvery = 50 * time.Millisecond

// find is the member that is meant by a name, or an ID.
func (n *Node) find(name string) (MemberState, error) {
	var found []MemberState
	var names []string
	m := n.Map()
	for _, member := range m.Members {
		if member.Left <= 0 {
			continue
		}
		names = append(names, member.Name)
		if member.Name == name || member.ID == name {
			found = append(found, member)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return MemberState{}, fmt.Errorf("%w: nobody here is called %q; there are %s", ErrUnknownNode, name, strings.Join(names, ", "))
	default:
		return MemberState{}, fmt.Errorf("%w: %d nodes are called %q: give each its own name", ErrUnknownNode, len(found), name)
	}
}

// Pin has a shard served by the node of that name whenever it is there; an empty name ends that. It blocks until this node
// knows. It fails with ErrUnknownNode; with another error nobody knows whether it was done, and it can be done again.
func (n *Node) Pin(ctx context.Context, index int, name string) error {
	if err := CheckShard(index, len(n.routes)); err != nil {
		return err
	}
	if name != "" {
		member, err := n.find(name)
		if err != nil {
			return err
		}
		name = member.Name
	}
	if err := n.registry.Pin(ctx, index, name); err != nil {
		return fmt.Errorf("pin shard %d: %w", index, err)
	}
	return n.refresh(ctx)
}

// Move pins a shard to the node of that name, and waits until it is served there. It fails with ErrUnknownNode or ErrNotNow;
// with the cause of ctx when that ends, after which the shard stays pinned, and may still move.
func (n *Node) Move(ctx context.Context, index int, name string) error {
	to, err := n.find(name)
	switch {
	case err != nil:
		return err
	case to.Draining:
		return fmt.Errorf("%w: %s is draining", ErrNotNow, to.Name)
	}
	if err := n.Pin(ctx, index, to.Name); err != nil {
		return err
	}
	return n.until(ctx, func(m *Map) bool {
		s := &m.Shards[index]
		return s.Holder == to.ID && s.Told && s.Status.Served
	})
}

// Rebalance ends all pins, so that every shard goes where it would be without an operator. It blocks until that is written
// down, not until the shards are there. It returns how many pins there were; after an error some may have ended.
func (n *Node) Rebalance(ctx context.Context) (pins int, err error) {
	if err := n.refresh(ctx); err != nil {
		return 0, err
	}
	for i, s := range n.Map().Shards {
		if s.Pin == "" {
			continue
		}
		if err := n.registry.Pin(ctx, i, ""); err != nil {
			return pins, fmt.Errorf("unpin shard %d: %w", i, err)
		}
		pins++
	}
	return pins, n.refresh(ctx)
}

// Drain has the node of that name hand all its shards over, and waits until it has none; none comes to it before Undrain. It
// fails with ErrUnknownNode or ErrNotNow; with the cause of ctx when that ends, after which the node goes on draining.
func (n *Node) Drain(ctx context.Context, name string) error {
	from, err := n.find(name)
	if err != nil {
		return err
	}
	m := n.Map()
	other := false
	for _, member := range m.Members {
		other = other || member.ID != from.ID && member.Left > 0 && !member.Draining
	}
	if !other {
		return fmt.Errorf("%w: there is no other node that could take what %s has", ErrNotNow, from.Name)
	}
	if err := n.order(ctx, from.ID, kindLeave); err != nil {
		return fmt.Errorf("drain %s: %w", from.Name, err)
	}
	return n.until(ctx, func(m *Map) bool {
		member := m.Member(from.ID)
		return member == nil || member.Draining && m.Has(from.ID) == 0
	})
}

// Undrain lets shards come to the node of that name again. It blocks until this node knows that. It fails with ErrUnknownNode.
func (n *Node) Undrain(ctx context.Context, name string) error {
	to, err := n.find(name)
	if err != nil {
		return err
	}
	if err := n.order(ctx, to.ID, kindStay); err != nil {
		return fmt.Errorf("undrain %s: %w", to.Name, err)
	}
	return n.until(ctx, func(m *Map) bool {
		member := m.Member(to.ID)
		return member == nil || !member.Draining
	})
}

// order brings an order to a member.
func (n *Node) order(ctx context.Context, id string, what kind) error {
	if id == n.me.ID {
		return n.heed(what)
	}
	p := n.peer(id)
	if p == nil {
		return ErrUnknownNode
	}
	return p.ask(ctx, what, 0, nil, func() {})
}

// heed carries an order out.
func (n *Node) heed(what kind) error {
	n.mu.Lock()
	if n.leaving {
		n.mu.Unlock()
		return fmt.Errorf("%w: this node is stopping", ErrNotNow)
	}
	n.me.Draining = what == kindLeave
	n.mu.Unlock()
	n.poke()
	return nil
}

// setLeaving notes that the node goes, whatever operators say.
func (n *Node) setLeaving(is bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.leaving = is
}

// refresh blocks until this node has looked at the registry anew.
func (n *Node) refresh(ctx context.Context) error {
	asked := time.Now()
	n.poke()
	return n.wait(ctx, func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.beaten.After(asked)
	})
}

// until blocks until the cluster is as wanted.
func (n *Node) until(ctx context.Context, is func(m *Map) bool) error {
	return n.wait(ctx, func() bool {
		m := n.Survey(ctx)
		if ctx.Err() == nil && !is(&m) {
			n.poke()
			return false
		}
		return ctx.Err() == nil
	})
}

// wait blocks until something is so, ctx ends, or the node is closed.
func (n *Node) wait(ctx context.Context, is func() bool) error {
	ticker := time.NewTicker(orderEvery)
	defer ticker.Stop()
	for !is() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-n.closed:
			return fmt.Errorf("%w: this node is closed", ErrNotNow)
		}
	}
	return nil
}
