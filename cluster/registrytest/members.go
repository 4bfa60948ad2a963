package registrytest

import (
	"slices"
	"time"

	"github.com/plywire/plywire/cluster"
)

// same compares what members have announced.
func same(a, b cluster.Member) bool {
	sameTime := a.Since.Equal(b.Since)
	a.Since, b.Since = time.Time{}, time.Time{}
	return sameTime && a == b
}

func testFirst(r *rig) {
	me := r.watcher
	me.Draining, me.Games, me.Conns = true, 1234567, 89
	me.Name = "Knoten \"1\" {ü}\n"
	view := r.renew(me, long, 0)
	if len(view.Members) != 1 || !same(view.Members[0].Member, me) {
		r.Errorf("the members are %+v, want %+v", view.Members, me)
	}
	r.lives(view, me)
	if view.Version == 0 {
		r.Error("the version is 0, which means none")
	}
	if len(view.Holders) != r.opened.Shards || slices.ContainsFunc(view.Holders, func(id string) bool { return id != "" }) {
		r.Errorf("the holders are %q, want nobody for %d shards", view.Holders, r.opened.Shards)
	}
	if view.Pins == nil || len(view.Pins) != 0 {
		r.Errorf("the pins are %v, want none, but not nil", view.Pins)
	}
}

func testEverybody(r *rig) {
	var members []cluster.Member
	for range 5 {
		members = append(members, r.member())
	}
	for _, i := range []int{3, 0, 4, 1, 2} {
		r.renew(members[i], long, 0)
	}
	view := r.look()
	for i, m := range append([]cluster.Member{r.watcher}, members...) {
		if len(view.Members) != 6 || !same(view.Members[i].Member, m) {
			r.Fatalf("the members are %+v, want six by ID, and %+v at %d", view.Members, m, i)
		}
		r.lives(view, m)
	}
}

func testAnew(r *rig) {
	m := r.join()
	r.claim(m, []int{2}, []int{2})
	r.quiet("announcing anew", func() {
		m.Draining, m.Games, m.Conns, m.URL = true, 3, 4, ""
		r.renew(m, long, 0)
	})
	if s, _ := standing(r.look(), m.ID); !same(s.Member, m) {
		r.Errorf("the member is %+v, want %+v", s.Member, m)
	}
	m.Draining, m.Games = false, 0
	r.renew(m, long, 0)
	if s, _ := standing(r.look(), m.ID); !same(s.Member, m) {
		r.Errorf("the member is %+v, want %+v", s.Member, m)
	}
	r.holds(map[int]cluster.Member{2: m})
}

func testRunOut(r *rig) {
	lives, dies := r.join(), r.member()
	if s, _ := standing(r.renew(dies, r.opened.Lease, 0), dies.ID); s.Left <= 0 || s.Left > r.opened.Lease {
		r.Errorf("of a new lease of %v there are left %v", r.opened.Lease, s.Left)
	}
	r.quiet("running out", func() { r.runOut(dies) })
	view := r.look()
	r.lives(view, lives)
	if s, is := standing(view, dies.ID); !is || s.Left > 0 || !same(s.Member, dies) {
		r.Errorf("who has run out is in the view: %t, %+v", is, s)
	}
	r.lives(r.renew(dies, long, 0), dies)
}

func testShorter(r *rig) {
	m := r.join()
	r.runOut(m)
	r.renew(m, r.opened.Lease, 0)
	r.renew(m, long, 0)
	r.opened.Pass(r.T, r.opened.Lease)
	r.lives(r.look(), m)
}

func testLongGone(r *rig) {
	lives, dies, heir := r.join(), r.join(), r.join()
	r.claim(heir, []int{1}, []int{1})
	r.claim(dies, []int{3, 4}, []int{3, 4})
	r.runOut(dies)
	r.opened.Pass(r.T, longGone)
	r.quiet("forgetting", func() {
		view := r.look()
		if _, is := standing(view, dies.ID); is {
			r.Errorf("who was lost %v ago is still in the view", longGone)
		}
		r.lives(view, lives)
		r.holds(map[int]cluster.Member{1: heir, 3: dies, 4: dies})
	})
	r.claim(heir, []int{3}, []int{3})
	r.holds(map[int]cluster.Member{1: heir, 3: heir, 4: dies})
	r.renew(dies, long, 0)
	r.lives(r.look(), dies)
	r.claim(heir, []int{4}, nil)
}

func testWithdraw(r *rig) {
	leaves, stays := r.join(), r.join()
	r.claim(leaves, []int{0, 5}, []int{0, 5})
	r.quiet("withdrawing", func() {
		for range 2 {
			if err := r.reg.Withdraw(r.Context(), leaves.ID); err != nil {
				r.Error(err)
			}
			if _, is := standing(r.look(), leaves.ID); is {
				r.Error("who has withdrawn is still there")
			}
		}
		if err := r.reg.Withdraw(r.Context(), "id-nobody"); err != nil {
			r.Errorf("who is not there withdraws: %v", err)
		}
		if _, is := standing(r.look(), "id-nobody"); is {
			r.Error("who withdraws without being there is there now")
		}
		r.lives(r.look(), stays)
	})
	r.claim(stays, []int{5}, []int{5})
	r.lives(r.renew(leaves, long, 0), leaves)
	r.claim(stays, []int{0}, nil)
	r.holds(map[int]cluster.Member{0: leaves, 5: stays})
}
