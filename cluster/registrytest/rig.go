package registrytest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/plywire/plywire/cluster"
)

const (
	// patience is how long a test waits for what must come before it fails.
	patience = 60 * time.Second
	// long is a lease that no test outlives.
	long = time.Hour
	// longGone is when nobody speaks any more of who was lost.
	longGone = 2 * time.Minute
)

// rig is one test's registry, and a member that looks at it and does nothing else.
type rig struct {
	*testing.T
	opened  Rig
	reg     cluster.Registry
	watcher cluster.Member
	made    int // members so far
}

func newRig(t *testing.T, opened Rig) *rig {
	t.Helper()
	if opened.Shards < ShardsMin {
		t.Fatalf("the registry has %d shards; the suite needs %d", opened.Shards, ShardsMin)
	}
	r := &rig{T: t, opened: opened, reg: opened.Registry}
	r.watcher = r.member()
	return r
}

// member makes one who has not announced himself. Those made later come later by ID.
func (r *rig) member() cluster.Member {
	r.made++
	return cluster.Member{ID: fmt.Sprintf("id-%06d", r.made), Name: fmt.Sprintf("node-%d", r.made), Link: fmt.Sprintf("127.0.0.1:%d", r.made),
		URL: fmt.Sprintf("https://node-%d.example", r.made), Since: time.Date(2026, 11, 23, 12, 0, 0, r.made, time.UTC)}
}

// join makes a member who has announced himself for long.
func (r *rig) join() cluster.Member {
	r.Helper()
	m := r.member()
	r.renew(m, long, 0)
	return m
}

func (r *rig) renew(m cluster.Member, lease time.Duration, known uint64) cluster.View {
	r.Helper()
	view, err := r.reg.Renew(r.Context(), m, lease, known)
	if err != nil {
		r.Fatalf("Renew %s: %v", m.ID, err)
	}
	return view
}

// look is how everything stands.
func (r *rig) look() cluster.View {
	r.Helper()
	view := r.renew(r.watcher, long, 0)
	if len(view.Holders) != r.opened.Shards {
		r.Fatalf("the view has %d holders, want %d", len(view.Holders), r.opened.Shards)
	}
	if view.Version == 0 {
		r.Fatal("the version of the view is 0, which means none")
	}
	return view
}

// runOut lets a member's lease run out by the registry's clock.
func (r *rig) runOut(m cluster.Member) {
	r.Helper()
	r.renew(m, r.opened.Lease, 0)
	r.awaitOut(m)
}

// awaitOut waits until the registry says that a member's lease, of the short kind, has run out.
func (r *rig) awaitOut(m cluster.Member) {
	r.Helper()
	r.opened.Pass(r.T, r.opened.Lease)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(patience); ; <-ticker.C {
		s, is := standing(r.look(), m.ID)
		if !is {
			r.Fatalf("%s has left the view as soon as its lease ran out", m.ID)
		}
		if s.Left <= 0 {
			return
		}
		if time.Now().After(deadline) {
			r.Fatalf("the lease of %s of %v has not run out after %v", m.ID, r.opened.Lease, patience)
		}
	}
}

func standing(view cluster.View, id string) (cluster.Standing, bool) {
	at := slices.IndexFunc(view.Members, func(s cluster.Standing) bool { return s.ID == id })
	if at < 0 {
		return cluster.Standing{}, false
	}
	return view.Members[at], true
}

// lives wants a member to have a lease of the long kind.
func (r *rig) lives(view cluster.View, m cluster.Member) {
	r.Helper()
	s, is := standing(view, m.ID)
	if !is || s.Left > long || s.Left <= long-longGone-patience {
		r.Errorf("%s is in the view: %t, with %v left; want %v or somewhat less", m.ID, is, s.Left, long)
	}
}

// claim wants the registry to say that a member holds certain ones of the shards that it claims.
func (r *rig) claim(m cluster.Member, shards, want []int) {
	r.Helper()
	got, err := r.reg.Claim(r.Context(), m.ID, shards)
	if err != nil || !slices.Equal(got, want) {
		r.Errorf("%s claims %v: %v, %v; want %v", m.ID, shards, got, err, want)
	}
}

// holds wants the map to be this, and the shards that are not named to be nobody's.
func (r *rig) holds(want map[int]cluster.Member) {
	r.Helper()
	for shard, holder := range r.look().Holders {
		if holder != want[shard].ID {
			r.Errorf("shard %d is held by %q, want %q", shard, holder, want[shard].ID)
		}
	}
}

// quiet wants that nothing changes the version, nor the map.
func (r *rig) quiet(what string, do func()) {
	r.Helper()
	before := r.look()
	do()
	after := r.look()
	if after.Version != before.Version || !slices.Equal(after.Holders, before.Holders) {
		r.Errorf("%s: the version is %d, and was %d; the holders are %v, and were %v", what, after.Version, before.Version, after.Holders, before.Holders)
	}
}

// all is every shard.
func (r *rig) all() []int {
	shards := make([]int, r.opened.Shards)
	for i := range shards {
		shards[i] = i
	}
	return shards
}
