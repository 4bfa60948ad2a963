package registrytest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/plywire/plywire/cluster"
)

func testKnown(r *rig) {
	a, b := r.join(), r.join()
	r.claim(a, []int{1}, []int{1})
	if err := r.reg.Pin(r.Context(), 4, "x"); err != nil {
		r.Fatal(err)
	}
	wants := func(known uint64, told bool) cluster.View {
		r.Helper()
		view := r.renew(b, long, known)
		if (view.Holders != nil) != told || (view.Pins != nil) != told {
			r.Fatalf("who knows version %d is told of %d holders and pins %v at version %d; want that: %t", known, len(view.Holders), view.Pins, view.Version, told)
		}
		if told && (len(view.Holders) != r.opened.Shards || view.Holders[1] != a.ID || view.Pins[4] != "x") {
			r.Errorf("the holders are %v and the pins %v", view.Holders, view.Pins)
		}
		r.lives(view, a)
		return view
	}
	now := wants(0, true).Version
	for range 3 {
		if again := wants(now, false).Version; again != now {
			r.Errorf("the version is %d, and was %d", again, now)
		}
	}
	wants(now+1, true)
	wants(now-1, true)
	wants(1, true)
	r.claim(b, []int{2}, []int{2})
	before := now
	now = wants(now, true).Version
	wants(now, false)
	wants(before, true)
}

func testVersion(r *rig) {
	a, b := r.join(), r.member()
	claim := func(m cluster.Member, shards ...int) func() error {
		return func() error {
			_, err := r.reg.Claim(r.Context(), m.ID, shards)
			return err
		}
	}
	pass := func(shard int, from, to cluster.Member) func() error {
		return func() error { return r.reg.Pass(r.Context(), shard, from.ID, to.ID) }
	}
	withdraw := func() error { return r.reg.Withdraw(r.Context(), a.ID) }
	renew := func() error {
		_, err := r.reg.Renew(r.Context(), b, long, 0)
		return err
	}
	pin := func(name string) func() error { return func() error { return r.reg.Pin(r.Context(), 7, name) } }
	for i, step := range []struct {
		what    string
		do      func() error
		changes bool
		want    error
	}{
		{"a claims two", claim(a, 1, 2), true, nil},
		{"a claims them again", claim(a, 1, 2), false, nil},
		{"a claims one more", claim(a, 1, 2, 3), true, nil},
		{"a claims nothing", claim(a), false, nil},
		{"b claims without a lease", claim(b, 4), false, cluster.ErrNoMember},
		{"b joins", renew, false, nil},
		{"b claims what is a's", claim(b, 1, 2, 3), false, nil},
		{"b passes what it has not", pass(1, b, a), false, nil}, // a has it: it is done already
		{"b passes what nobody has", pass(5, b, a), false, cluster.ErrNotHolder},
		{"a passes", pass(1, a, b), true, nil},
		{"a passes again", pass(1, a, b), false, nil},
		{"pin", pin("x"), true, nil},
		{"pin again", pin("x"), false, nil},
		{"pin elsewhere", pin("y"), true, nil},
		{"unpin", pin(""), true, nil},
		{"unpin again", pin(""), false, nil},
		{"a withdraws", withdraw, false, nil},
		{"a withdraws again", withdraw, false, nil},
		{"b claims what was a's", claim(b, 2, 3), true, nil},
		{"b renews", renew, false, nil},
	} {
		before := r.look().Version
		if err := step.do(); !errors.Is(err, step.want) {
			r.Fatalf("%d, %s: %v, want %v", i, step.what, err, step.want)
		}
		after := r.look().Version
		if after < before || (after > before) != step.changes {
			r.Errorf("%d, %s: the version is %d, and was %d; want a change: %t", i, step.what, after, before, step.changes)
		}
	}
}

// ledger is what the map was at every version that somebody saw.
type ledger struct {
	mu   sync.Mutex
	maps map[uint64]string
}

// note wants a version to mean what it has meant to everybody.
func (l *ledger) note(r *rig, view cluster.View) {
	if view.Holders == nil {
		return
	}
	text := fmt.Sprint(view.Holders, view.Pins)
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, seen := l.maps[view.Version]; seen && before != text {
		r.Errorf("version %d is %s, and was %s", view.Version, text, before)
	}
	l.maps[view.Version] = text
}

// testVersionNames lets members do at once whatever they may, and wants that whoever knows a version knows what is there.
func testVersionNames(r *rig) {
	seen := &ledger{maps: make(map[uint64]string)}
	members := []cluster.Member{r.join(), r.join(), r.join(), r.join()}
	var all sync.WaitGroup
	for i, m := range members {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		all.Go(func() {
			var known cluster.View
			for range 100 {
				view, err := r.reg.Renew(r.Context(), m, long, known.Version)
				if err != nil {
					r.Error(err)
					return
				}
				if view.Version < known.Version || (view.Holders == nil) != (view.Version == known.Version) {
					r.Errorf("after version %d there is %d, with %d holders", known.Version, view.Version, len(view.Holders))
				}
				seen.note(r, view)
				known = view
				shard, other := random.IntN(r.opened.Shards), members[random.IntN(len(members))]
				switch random.IntN(4) {
				case 0:
					err = r.reg.Pin(r.Context(), shard, []string{"", "x", "y"}[random.IntN(3)])
				case 1:
					_, err = r.reg.Claim(r.Context(), m.ID, []int{shard, random.IntN(r.opened.Shards)})
				default:
					err = r.reg.Pass(r.Context(), shard, m.ID, other.ID)
				}
				if err != nil && !errors.Is(err, cluster.ErrNotHolder) {
					r.Error(err)
				}
			}
		})
	}
	all.Wait()
	if len(seen.maps) < 20 {
		r.Errorf("only %d versions were seen: too few to prove anything", len(seen.maps))
	}
}

func testOwnMemory(r *rig) {
	a := r.join()
	r.claim(a, []int{1}, []int{1})
	if err := r.reg.Pin(r.Context(), 4, "x"); err != nil {
		r.Fatal(err)
	}
	before := r.look()
	spoiled := r.look()
	for i := range spoiled.Holders {
		spoiled.Holders[i] = "spoiled"
	}
	for i := range spoiled.Members {
		spoiled.Members[i].ID = "spoiled"
	}
	spoiled.Pins[4], spoiled.Pins[5] = "spoiled", "spoiled"
	after := r.look()
	if !slices.Equal(before.Holders, after.Holders) || len(after.Pins) != 1 || after.Pins[4] != "x" {
		r.Errorf("who changes a view of his changes that of others: %v, %v", after.Holders, after.Pins)
	}
	r.lives(after, a)
}

func testEmptied(r *rig) {
	if r.opened.Empty == nil {
		r.Skip("the registry cannot be emptied")
	}
	seen := &ledger{maps: make(map[uint64]string)}
	for round := range 5 {
		a := r.join()
		r.claim(a, []int{round}, []int{round})
		known := r.look()
		seen.note(r, known)
		r.opened.Empty(r.T)
		if _, err := r.reg.Claim(r.Context(), a.ID, []int{round}); !errors.Is(err, cluster.ErrNoMember) {
			r.Errorf("who is forgotten claims: %v, want %v", err, cluster.ErrNoMember)
		}
		view := r.renew(a, long, known.Version)
		if view.Version == known.Version || len(view.Holders) != r.opened.Shards || len(view.Members) != 1 {
			r.Errorf("the view of an emptied registry is %+v, to who knows version %d", view, known.Version)
		}
		seen.note(r, view)
		r.holds(nil)
	}
}

// testGoesBack takes changes away and makes others in their place, at once. Before that there are so many changes that
// whatever a registry counts them with goes ahead of its clock.
func testGoesBack(r *rig) {
	if r.opened.Save == nil {
		r.Skip("the registry cannot go back")
	}
	seen := &ledger{maps: make(map[uint64]string)}
	a := r.join()
	for i := range 50 {
		if err := r.reg.Pin(r.Context(), 1, fmt.Sprint(i)); err != nil {
			r.Fatal(err)
		}
	}
	saved := r.look()
	restore := r.opened.Save(r.T)
	for round := range r.opened.Shards {
		r.claim(a, []int{round}, []int{round})
		after := r.look()
		seen.note(r, after)
		restore()
		view := r.renew(a, long, after.Version)
		if view.Version == after.Version || len(view.Holders) != r.opened.Shards || view.Holders[round] != "" {
			r.Errorf("who knows a version that is gone is told %+v", view)
		}
		seen.note(r, view)
		if view := r.renew(a, long, saved.Version); view.Version != saved.Version || view.Holders != nil {
			r.Errorf("who knows what is there again is told %+v", view)
		}
	}
}
