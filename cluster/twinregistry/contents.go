package twinregistry

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plywire/plywire/cluster"
)

// goneAfter is how long a member stays in the view after its lease has run out.
const goneAfter = time.Minute

// contents is what can be lost.
type contents struct {
	members map[string]member
	holders []string
	pins    map[int]string
	version uint64 // 0: nobody has looked yet
}

type member struct {
	cluster.Member
	ends time.Time // of the lease
}

func (c contents) clone() contents {
	return contents{members: maps.Clone(c.members), holders: slices.Clone(c.holders), pins: maps.Clone(c.pins), version: c.version}
}

// renew announces a member and says how all stand. Requires: r.mu is held.
func (r *Registry) renew(now time.Time, me cluster.Member, lease time.Duration, known uint64) cluster.View {
	c := &r.contents
	c.members[me.ID] = member{Member: me, ends: now.Add(lease)}
	if c.version == 0 {
		r.change()
	}
	view := cluster.View{Version: c.version}
	for id, m := range c.members {
		left := m.ends.Sub(now)
		if left <= -goneAfter {
			delete(c.members, id)
			continue
		}
		view.Members = append(view.Members, cluster.Standing{Member: m.Member, Left: left})
	}
	slices.SortFunc(view.Members, func(a, b cluster.Standing) int { return strings.Compare(a.ID, b.ID) })
	if known != c.version {
		copied := c.clone()
		view.Holders, view.Pins = copied.holders, copied.pins
	}
	return view
}

// claim gives a member what nobody alive holds. Requires: r.mu is held.
func (r *Registry) claim(now time.Time, id string, shards []int) ([]int, error) {
	if !r.lives(now, id) {
		return nil, cluster.ErrNoMember
	}
	var held []int
	changed := false
	for _, shard := range slices.Compact(slices.Sorted(slices.Values(shards))) {
		holder := &r.contents.holders[shard]
		if *holder != id && !r.lives(now, *holder) {
			*holder, changed = id, true
		}
		if *holder == id {
			held = append(held, shard)
		}
	}
	if changed {
		r.change()
	}
	return held, nil
}

// pass makes another the holder. Requires: r.mu is held.
func (r *Registry) pass(now time.Time, shard int, from, to string) error {
	holder := &r.contents.holders[shard]
	switch {
	case *holder == to:
		return nil // it is done already
	case *holder != from:
		return cluster.ErrNotHolder
	case !r.lives(now, to):
		return cluster.ErrNoMember
	}
	*holder = to
	r.change()
	return nil
}

// lives says whether there is such a member with a lease. Requires: r.mu is held.
func (r *Registry) lives(now time.Time, id string) bool {
	m, is := r.contents.members[id]
	return is && m.ends.After(now)
}

// change notes that holders or pins have changed. Requires: r.mu is held.
func (r *Registry) change() {
	r.drawn++
	r.contents.version = r.drawn
}
