package registrytest

import (
	"errors"
	"maps"
	"sync"

	"github.com/plywire/plywire/cluster"
)

// pass wants a shard to be passed, or not, and the version to grow only if it is.
func (r *rig) pass(shard int, from, to cluster.Member, want error) {
	r.Helper()
	before := r.look().Version
	err := r.reg.Pass(r.Context(), shard, from.ID, to.ID)
	if !errors.Is(err, want) {
		r.Errorf("%s passes shard %d to %s: %v, want %v", from.ID, shard, to.ID, err, want)
	}
	if after := r.look().Version; want == nil && after <= before || want != nil && after != before {
		r.Errorf("%s passes shard %d to %s (%v): the version is %d, and was %d", from.ID, shard, to.ID, err, after, before)
	}
}

func testPass(r *rig) {
	a, b := r.join(), r.join()
	r.claim(a, []int{1, 2}, []int{1, 2})
	r.pass(1, a, b, nil)
	r.holds(map[int]cluster.Member{1: b, 2: a})
	r.claim(a, []int{1, 2}, []int{2})
	r.claim(b, []int{1}, []int{1})
	r.pass(1, b, a, nil)
	r.pass(2, a, b, nil)
	r.holds(map[int]cluster.Member{1: a, 2: b})
	// Whoever held it last passes it on, as long as nobody has taken it.
	r.runOut(a)
	r.pass(1, a, b, nil)
	r.holds(map[int]cluster.Member{1: b, 2: b})
}

func testPassRefused(r *rig) {
	a, b, runsOut, withdraws, never := r.join(), r.join(), r.join(), r.join(), r.member()
	r.claim(a, []int{1}, []int{1})
	r.runOut(runsOut)
	if err := r.reg.Withdraw(r.Context(), withdraws.ID); err != nil {
		r.Error(err)
	}
	r.pass(1, b, withdraws, cluster.ErrNotHolder)
	r.pass(1, never, b, cluster.ErrNotHolder)
	r.pass(2, a, b, cluster.ErrNotHolder)
	r.pass(2, a, a, cluster.ErrNotHolder)
	r.pass(1, a, runsOut, cluster.ErrNoMember)
	r.pass(1, a, withdraws, cluster.ErrNoMember)
	r.pass(1, a, never, cluster.ErrNoMember)
	r.holds(map[int]cluster.Member{1: a})
}

func testPassAgain(r *rig) {
	a, b := r.join(), r.join()
	r.claim(a, []int{1}, []int{1})
	r.pass(1, a, b, nil)
	again := func() {
		r.Helper()
		r.quiet("passing again", func() {
			if err := r.reg.Pass(r.Context(), 1, a.ID, b.ID); err != nil {
				r.Errorf("what was passed is passed again: %v", err)
			}
		})
	}
	again()
	r.runOut(b)
	again()
	r.holds(map[int]cluster.Member{1: b})
}

// testPassRace lets one pass a shard whose lease has run out, while another claims it.
func testPassRace(r *rig) {
	for range 40 {
		dies, to, claims := r.join(), r.join(), r.join()
		r.claim(dies, []int{1}, []int{1})
		if err := r.reg.Withdraw(r.Context(), dies.ID); err != nil {
			r.Fatal(err)
		}
		var (
			both   sync.WaitGroup
			passed error
			got    []int
		)
		both.Go(func() { passed = r.reg.Pass(r.Context(), 1, dies.ID, to.ID) })
		both.Go(func() {
			var err error
			if got, err = r.reg.Claim(r.Context(), claims.ID, []int{1}); err != nil {
				r.Error(err)
			}
		})
		both.Wait()
		holder := r.look().Holders[1]
		switch {
		case passed == nil && len(got) == 0 && holder == to.ID:
		case errors.Is(passed, cluster.ErrNotHolder) && len(got) == 1 && holder == claims.ID:
		default:
			r.Fatalf("the pass to %s says %v, the claim of %s is given %v, and %s holds it", to.ID, passed, claims.ID, got, holder)
		}
		for _, m := range []cluster.Member{to, claims} {
			if err := r.reg.Withdraw(r.Context(), m.ID); err != nil {
				r.Fatal(err)
			}
		}
	}
}

func testPin(r *rig) {
	last, want := r.opened.Shards-1, map[int]string{}
	for i, step := range []struct {
		shard   int
		name    string
		changes bool
	}{
		{3, "", false}, {3, "a", true}, {3, "a", false}, {last, "Knoten \"ü\"", true}, {3, "b", true}, {0, "nobody", true},
		{3, "", true}, {3, "", false}, {3, "a", true}, {last, "", true}, {0, "", true},
	} {
		before := r.look().Version
		if err := r.reg.Pin(r.Context(), step.shard, step.name); err != nil {
			r.Error(err)
		}
		if want[step.shard] = step.name; step.name == "" {
			delete(want, step.shard)
		}
		view := r.look()
		if !maps.Equal(view.Pins, want) {
			r.Errorf("step %d: the pins are %v, want %v", i, view.Pins, want)
		}
		if view.Version < before || (view.Version > before) != step.changes {
			r.Errorf("step %d: the version is %d, and was %d; want a change: %t", i, view.Version, before, step.changes)
		}
	}
	r.holds(nil)
}
