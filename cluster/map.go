package cluster

import (
	"cmp"
	"slices"
	"time"

	"github.com/plywire/plywire/shard"
)

// Map is how the cluster stands, as one node sees it.
type Map struct {
	Self    string        // ID of the node that sees it so
	Members []MemberState // by name, then ID; none before the node has joined
	Shards  []ShardState  // by index
}

// MemberState is a member, with what is left of its lease as of now.
type MemberState struct {
	Standing
	// Unheard is why it has not told how its shards are; nil: it has.
	Unheard error
}

// ShardState is where a shard is, and how.
type ShardState struct {
	Holder string // ID of the member that serves it, or is about to; empty: nobody
	Wanted string // ID of the member that should; empty: there is none that could
	Pin    string // name of the node to which an operator has pinned it; empty: none
	Moving bool   // it is being taken or handed over
	Told   bool   // Status is what its holder tells; otherwise nothing is known of that
	Status shard.Status
}

// report is what a node tells of the shards that it has.
type report struct {
	Shards []shard.Status `json:"shards"`
	Moving []int          `json:"moving"`
}

// Map is how the cluster stands, as far as this node knows it by itself. It does not block.
func (n *Node) Map() Map {
	n.mu.Lock()
	if n.beaten.IsZero() {
		n.mu.Unlock()
		return Map{Self: n.me.ID}
	}
	view, since := n.view, time.Since(n.beaten)
	n.mu.Unlock()
	m := Map{Self: n.me.ID, Members: make([]MemberState, len(view.Members)), Shards: make([]ShardState, len(n.routes))}
	for i, member := range view.Members {
		member.Left -= since
		m.Members[i] = MemberState{Standing: member}
		if member.ID != n.me.ID {
			m.Members[i].Unheard = errNotAsked
		}
	}
	slices.SortFunc(m.Members, func(a, b MemberState) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	want := wanted(len(m.Shards), view.Members, view.Pins)
	for i := range m.Shards {
		m.Shards[i] = ShardState{Holder: n.holderOf(i), Wanted: want[i], Pin: view.Pins[i], Status: shard.Status{Index: i}}
	}
	if own, is := n.report(); is {
		m.add(n.me.ID, own)
	}
	return m
}

// report is what this node tells of itself; nothing before it has joined.
func (n *Node) report() (r report, is bool) {
	n.mu.Lock()
	joined := !n.beaten.IsZero()
	for i := range n.moving {
		r.Moving = append(r.Moving, i)
	}
	n.mu.Unlock()
	if !joined {
		return report{}, false
	}
	for _, s := range n.shards.Status() {
		if s.Served || s.Epoch != 0 {
			r.Shards = append(r.Shards, s)
		}
	}
	return r, true
}

// add puts in what a member tells. Of two who serve a shard it is the one with the later epoch that does: the other has not
// heard of it yet.
func (m *Map) add(id string, told report) {
	for _, s := range told.Shards {
		if s.Index < 0 || s.Index >= len(m.Shards) {
			continue
		}
		at := &m.Shards[s.Index]
		switch {
		case s.Served && (!at.Status.Served || s.Epoch > at.Status.Epoch):
			at.Holder, at.Told, at.Status = id, true, s
		case !at.Told && at.Holder == id:
			at.Told, at.Status = true, s
		}
	}
	for i := range m.Shards {
		if m.Shards[i].Holder == id {
			m.Shards[i].Told = true // and where it has said nothing it has not even begun to take it
		}
	}
	for _, i := range told.Moving {
		if i >= 0 && i < len(m.Shards) {
			m.Shards[i].Moving = true
		}
	}
}

// Member is a member by its ID; nil if it is not there.
func (m *Map) Member(id string) *MemberState {
	for i := range m.Members {
		if m.Members[i].ID == id {
			return &m.Members[i]
		}
	}
	return nil
}

// Has is the number of shards that are held by a member, served or about to be.
func (m *Map) Has(id string) int {
	count := 0
	for i := range m.Shards {
		if m.Shards[i].Holder == id {
			count++
		}
	}
	return count
}

// connections is the number of clients' connections to this node, if its gateway counts them.
func (n *Node) connections() int {
	if counts, is := n.gateway.(interface{ Connections() int }); is {
		return counts.Connections()
	}
	return 0
}
