package cluster_test

import (
	"errors"
	"testing"

	"github.com/plywire/plywire/shard"
)

// Every list can be reached over every node, and is watched from everywhere.
func TestThreeNodesAreOne(t *testing.T) {
	r := newRig(t)
	a, b, c := r.join(), r.join(), r.join()
	r.spread()
	nodes := []*member{a, b, c}
	for n := range 20 {
		for _, m := range nodes {
			m.viewer.watch(listID(n))
		}
	}
	l := r.load(6, 20, func(w int) *member { return nodes[w%3] })
	l.more(2000)
	l.finish(b)
}

// A node that comes gets its share, and one that leaves gives all away, while everybody goes on.
func TestNodesComeAndLeave(t *testing.T) {
	r := newRig(t)
	a := r.join()
	r.spread()
	for n := range 20 {
		a.viewer.watch(listID(n))
	}
	l := r.load(4, 20, func(int) *member { return a })
	l.more(200)
	b := r.join()
	r.spread()
	l.more(200)
	c := r.join()
	r.spread()
	l.more(200)
	must(t, a.Leave(t.Context()))
	if n := a.shards.Here(); n != 0 {
		t.Errorf("who has left has %d shards", n)
	}
	for i := range shards { // or a, were it closed now, would take what it has passed with it
		if !b.shards.Served(i) && !c.shards.Served(i) {
			t.Errorf("a has left, and nobody serves shard %d", i)
		}
	}
	l.more(200)
	a.Stay()
	must(t, b.Leave(t.Context()))
	l.more(200)
	l.finish(c)
}

// Who is killed loses nothing that was acknowledged, and what was asked meanwhile is answered.
func TestOwnerIsKilled(t *testing.T) {
	r := newRig(t)
	a, b, c := r.join(), r.join(), r.join()
	r.spread()
	for n := range 20 {
		a.viewer.watch(listID(n))
	}
	l := r.load(4, 20, func(int) *member { return a })
	l.more(200)
	r.kill(b)
	l.more(200)
	r.spread()
	r.join()
	l.more(200)
	r.kill(c)
	l.more(200)
	r.spread()
	l.finish(a)
}

// Who cannot renew serves nobody when its lease is over; others do; and it comes back as if nothing were.
func TestOwnerLosesTheRegistry(t *testing.T) {
	r := newRig(t)
	a, b := r.join(), r.join()
	r.spread()
	for n := range 20 {
		a.viewer.watch(listID(n))
		b.viewer.watch(listID(n))
	}
	l := r.load(4, 20, func(int) *member { return a })
	l.more(100)
	r.isolate(b, true)
	r.eventually("the other one serves all", func() bool {
		for i := range shards {
			if !a.shards.Served(i) {
				return false
			}
		}
		return true
	})
	l.more(100)
	for n := range 20 {
		id := listID(n)
		if err := b.shards.Send(shard.Command{Actor: id, Body: look{}}); b.shards.Served(shard.Of(id, shards)) && err == nil {
			s := make(sender, 1)
			if err := b.shards.Send(shard.Command{Actor: id, Body: look{}, Sender: s}); err == nil {
				if h := <-s; !errors.Is(h.err, shard.ErrAway) {
					t.Errorf("who has no lease answers %v, %v", h.reply, h.err)
				}
			}
		}
	}
	r.isolate(b, false)
	r.spread()
	l.more(100)
	l.finish(b)
}

// Links break all the time.
func TestLinksBreak(t *testing.T) {
	r := newRig(t)
	a, b, c := r.join(), r.join(), r.join()
	r.spread()
	nodes := []*member{a, b, c}
	for n := range 20 {
		for _, m := range nodes {
			m.viewer.watch(listID(n))
		}
	}
	l := r.load(6, 20, func(w int) *member { return nodes[w%3] })
	for i := range 30 {
		l.more(50)
		nodes[i%3].Cut()
	}
	l.finish(c)
}

// Who watches no more is told no more.
func TestNobodyWatches(t *testing.T) {
	r := newRig(t)
	a, b := r.join(), r.join()
	r.spread()
	n := 0
	for !b.shards.Served(shard.Of(listID(n), shards)) {
		n++
	}
	id := listID(n)
	a.viewer.watch(id)
	r.eventually("the holder tells the other node", func() bool { return b.Tells(a.ID(), id) && a.viewer.Watches(id) })
	a.Left(id) // which is not so
	if _, err := a.ask(t.Context(), id, add{1}); err != nil {
		t.Fatal(err)
	}
	r.eventually("the viewer sees what is added", func() bool { return len(a.viewer.seen(id)) == 1 })
	a.viewer.forget(id)
	a.Left(id)
	r.eventually("the holder tells the other node no more", func() bool { return !b.Tells(a.ID(), id) })
}

// Everybody knows the way.
func TestRoute(t *testing.T) {
	r := newRig(t)
	a, b := r.join(), r.join()
	r.spread()
	for n := range 20 {
		id := listID(n)
		for _, m := range []*member{a, b} {
			name, _, here, known := m.Route(id)
			holder := a
			if b.shards.Served(shard.Of(id, shards)) {
				holder = b
			}
			if name != holder.name || here != (m == holder) || !known {
				t.Errorf("at %s the way to list %d is %q, here %v, known %v; it is at %s", m.name, n, name, here, known, holder.name)
			}
		}
	}
	if !a.Ready() {
		t.Error("a node with a lease is not ready")
	}
	r.isolate(a, true)
	r.eventually("a node without a lease is not ready", func() bool { return !a.Ready() })
}
