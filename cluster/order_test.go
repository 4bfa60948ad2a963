package cluster_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/shard"
)

// at is the index of a shard that a node serves.
func (r *rig) at(m *member) int {
	r.Helper()
	for i := range shards {
		if m.shards.Served(i) {
			return i
		}
	}
	r.Fatalf("%s serves nothing", m.name)
	return 0
}

// fill adds so many values to lists.
func (r *rig) fill(m *member, lists int) {
	r.Helper()
	for n := range lists {
		_, err := m.ask(r.Context(), listID(n), add{1})
		must(r, err)
	}
}

// Every node can tell how all shards are.
func TestSurvey(t *testing.T) {
	r := newRig(t)
	a, b, c := r.join(), r.join(), r.join()
	r.spread()
	r.fill(a, 40)
	b.viewer.count(7)
	for _, from := range []*member{a, b, c} {
		r.eventually("everything is told", func() bool {
			m := from.Survey(t.Context())
			if len(m.Members) != 3 || m.Self != from.ID() {
				return false
			}
			games, conns, told := 0, 0, 0
			for i, s := range m.Shards {
				if s.Told && s.Status.Served && s.Status.Epoch > 0 && s.Status.Index == i && s.Holder == s.Wanted && !s.Moving && s.Pin == "" {
					told++
				}
				games += s.Status.Loaded
			}
			for i, member := range m.Members {
				conns += member.Conns
				if member.Unheard != nil || member.Left <= 0 || member.Name != r.nodes[i].name || m.Has(member.ID) != r.nodes[i].shards.Here() {
					return false
				}
			}
			return told == shards && games == 40 && conns == 7
		})
	}
	m := a.Map()
	for i, s := range m.Shards {
		if own := s.Holder == a.ID(); s.Told != own || own != a.shards.Served(i) {
			t.Errorf("without asking, shard %d is %+v", i, s)
		}
	}
	if m.Member(b.ID()).Unheard == nil || m.Member(a.ID()).Unheard != nil || m.Member("nobody") != nil {
		t.Errorf("without asking, the members are %+v", m.Members)
	}
}

// A node that does not answer is shown as such, after a second and not later, and so is one to which there is no link.
func TestSurveyOfTheSilent(t *testing.T) {
	r := newRig(t)
	r.config.Lease, r.config.HoldFor = 20*time.Second, time.Minute
	a, b, c := r.join(), r.join(), r.join()
	r.spread()
	silent := func(who *member) {
		t.Helper()
		began := time.Now()
		m := a.Survey(t.Context())
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		if m.Member(who.ID()).Unheard == nil {
			t.Errorf("%s has answered: %+v", who.name, m.Members)
		}
		for i, s := range m.Shards {
			if s.Told != (s.Holder != who.ID()) {
				t.Errorf("shard %d of %s: %+v", i, s.Holder, s)
			}
		}
	}
	thaw := b.Freeze()
	silent(b)
	thaw()
	r.kill(b)
	silent(b)
	if m := c.Map(); m.Has(b.ID()) == 0 {
		t.Error("the one that is gone has nothing before its lease is over")
	}
}

// Shards go to where an operator wants them, and home when he does not any more.
func TestMoveAndRebalance(t *testing.T) {
	r := newRig(t)
	a, b, c := r.join(), r.join(), r.join()
	r.spread()
	a.viewer.watch(listID(1))
	l := r.load(3, 20, func(int) *member { return a })
	l.more(50)
	index := r.at(b)
	must(t, a.Move(t.Context(), index, c.name)) // neither's
	if !c.shards.Served(index) || b.shards.Served(index) {
		t.Error("it is not there")
	}
	if s := a.Map().Shards[index]; s.Pin != c.name || s.Wanted != c.ID() {
		t.Errorf("it is %+v", s)
	}
	other := r.at(a)
	must(t, a.Pin(t.Context(), other, b.name))
	if s := a.Map().Shards[other]; s.Pin != b.name {
		t.Errorf("who has pinned it does not know: %+v", s)
	}
	r.eventually("it goes there", func() bool { return b.shards.Served(other) })
	must(t, a.Pin(t.Context(), other, ""))
	r.eventually("it goes home", func() bool { return a.shards.Served(other) })
	l.more(50)
	pins, err := b.Rebalance(t.Context())
	must(t, err)
	if pins != 1 {
		t.Errorf("%d pins ended, want 1", pins)
	}
	r.spread()
	l.more(50)
	l.finish(b)
}

// A node is drained, and shards come back to it, whoever says so.
func TestDrainAndUndrain(t *testing.T) {
	r := newRig(t)
	a, b := r.join(), r.join()
	r.spread()
	for _, from := range []*member{a, b} {
		must(t, from.Drain(t.Context(), b.name))
		if n := b.shards.Here(); n != 0 {
			t.Errorf("who was drained has %d shards", n)
		}
		r.fill(b, 10)
		if err := from.Drain(t.Context(), a.name); !errors.Is(err, cluster.ErrNotNow) {
			t.Errorf("the last one is drained: %v", err)
		}
		if err := from.Move(t.Context(), 3, b.name); !errors.Is(err, cluster.ErrNotNow) {
			t.Errorf("a shard moves to who is drained: %v", err)
		}
		must(t, from.Undrain(t.Context(), b.name))
		r.spread()
	}
}

func TestOrdersThatCannotBe(t *testing.T) {
	r := newRig(t)
	a, b := r.join(), r.join()
	r.spread()
	ctx := t.Context()
	for name, err := range map[string]error{"pin": a.Pin(ctx, 1, "n9"), "move": a.Move(ctx, 1, "n9"), "drain": a.Drain(ctx, "n9"), "undrain": a.Undrain(ctx, "n9")} {
		if !errors.Is(err, cluster.ErrUnknownNode) {
			t.Errorf("%s to nobody: %v", name, err)
		}
	}
	for _, index := range []int{-1, shards} {
		if err := a.Pin(ctx, index, a.name); err == nil {
			t.Errorf("shard %d is pinned", index)
		}
		if err := a.Move(ctx, index, a.name); err == nil {
			t.Errorf("shard %d is moved", index)
		}
	}
	// Who does not see the registry says so when his time is over.
	r.isolate(a, true)
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if err := a.Pin(short, 1, a.name); err == nil {
		t.Error("a pin comes through without a registry")
	}
	r.isolate(a, false)
	// Who stops does not stay because an operator says so.
	must(t, b.Leave(ctx))
	for _, from := range []*member{a, b} {
		if err := from.Undrain(ctx, b.name); err == nil {
			t.Errorf("%s has somebody stay who stops", from.name)
		}
	}
	if m := a.Map(); !m.Member(b.ID()).Draining {
		t.Error("who stops is not draining")
	}
	b.Stay()
}

// What comes over a link is not believed.
func TestForeignReports(t *testing.T) {
	m := cluster.Map{Shards: make([]cluster.ShardState, 2)}
	m.Add("n1", []shard.Status{{Index: -1, Served: true}, {Index: 2, Served: true}, {Index: 1, Served: true, Epoch: 3}}, []int{-1, 0, 2})
	m.Add("n2", []shard.Status{{Index: 1, Served: true, Epoch: 2}}, nil)
	if s := m.Shards[1]; s.Holder != "n1" || s.Status.Epoch != 3 || s.Moving || !s.Told {
		t.Errorf("it is %+v, want that of the later epoch", s)
	}
	m.Add("n3", []shard.Status{{Index: 1, Served: true, Epoch: 4}}, nil)
	if s := m.Shards[1]; s.Holder != "n3" || !m.Shards[0].Moving || m.Shards[0].Told {
		t.Errorf("it is %+v, want that of the later epoch", s)
	}
}
