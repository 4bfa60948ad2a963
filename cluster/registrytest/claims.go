package registrytest

import (
	"errors"
	"slices"
	"sync"

	"github.com/plywire/plywire/cluster"
)

func testClaim(r *rig) {
	a, b := r.join(), r.join()
	last := r.opened.Shards - 1
	r.claim(a, []int{last, 0, 3, 3}, []int{0, 3, last})
	r.holds(map[int]cluster.Member{0: a, 3: a, last: a})
	r.claim(b, []int{0, 1, last}, []int{1})
	r.claim(b, nil, nil)
	r.holds(map[int]cluster.Member{0: a, 1: b, 3: a, last: a})
	r.claim(a, r.all(), slices.DeleteFunc(r.all(), func(shard int) bool { return shard == 1 }))
}

func testClaimAgain(r *rig) {
	a := r.join()
	r.claim(a, []int{1, 2}, []int{1, 2})
	r.quiet("claiming again", func() {
		for range 3 {
			r.claim(a, []int{1, 2}, []int{1, 2})
			r.claim(a, []int{2}, []int{2})
		}
	})
}

func testClaimHeld(r *rig) {
	a, b := r.join(), r.join()
	r.claim(a, []int{1, 2}, []int{1, 2})
	r.quiet("claiming what another holds", func() {
		for range 50 {
			r.claim(b, []int{1, 2}, nil)
		}
	})
}

func testClaimDead(r *rig) {
	runsOut, withdraws, lives, heir := r.join(), r.join(), r.join(), r.join()
	r.claim(runsOut, []int{1, 2}, []int{1, 2})
	r.claim(withdraws, []int{3, 4}, []int{3, 4})
	r.claim(lives, []int{5}, []int{5})
	r.claim(heir, r.all()[:6], []int{0})
	r.runOut(runsOut)
	if err := r.reg.Withdraw(r.Context(), withdraws.ID); err != nil {
		r.Error(err)
	}
	r.holds(map[int]cluster.Member{0: heir, 1: runsOut, 2: runsOut, 3: withdraws, 4: withdraws, 5: lives})
	r.claim(heir, []int{1, 3, 5}, []int{1, 3})
	r.holds(map[int]cluster.Member{0: heir, 1: heir, 2: runsOut, 3: heir, 4: withdraws, 5: lives})
}

func testComesBack(r *rig) {
	late, other := r.join(), r.join()
	r.claim(late, []int{1}, []int{1})
	r.runOut(late)
	r.renew(late, long, 0)
	r.claim(other, []int{1}, nil)
	r.claim(late, []int{1}, []int{1})
}

func testClaimNoMember(r *rig) {
	runsOut, withdraws, never := r.join(), r.join(), r.member()
	r.claim(runsOut, []int{1}, []int{1})
	r.runOut(runsOut)
	if err := r.reg.Withdraw(r.Context(), withdraws.ID); err != nil {
		r.Error(err)
	}
	r.quiet("claiming without a lease", func() {
		for _, m := range []cluster.Member{runsOut, withdraws, never} {
			for _, shards := range [][]int{{1}, {2}, {1, 2}, nil} {
				if got, err := r.reg.Claim(r.Context(), m.ID, shards); !errors.Is(err, cluster.ErrNoMember) || len(got) > 0 {
					r.Errorf("%s claims %v: %v, %v; want %v", m.ID, shards, got, err, cluster.ErrNoMember)
				}
			}
		}
		if _, is := standing(r.look(), never.ID); is {
			r.Error("who claims without being there is there now")
		}
	})
}

// race lets everybody claim the same shards at once, and returns who was given each, which has to be what the map says.
func (r *rig) race(members []cluster.Member, shards []int) {
	r.Helper()
	var (
		mu    sync.Mutex
		given = make(map[int][]string)
		start = make(chan struct{})
		all   sync.WaitGroup
	)
	for _, m := range members {
		all.Go(func() {
			<-start
			got, err := r.reg.Claim(r.Context(), m.ID, shards)
			if err != nil {
				r.Errorf("%s claims: %v", m.ID, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, shard := range got {
				given[shard] = append(given[shard], m.ID)
			}
		})
	}
	close(start)
	all.Wait()
	holders := r.look().Holders
	for _, shard := range shards {
		if len(given[shard]) != 1 || holders[shard] != given[shard][0] {
			r.Fatalf("shard %d was given to %v, and is held by %q", shard, given[shard], holders[shard])
		}
	}
}

// testClaimRace has a shard free again by the withdrawal of whoever got it: so everybody is a new member in each round.
func testClaimRace(r *rig) {
	for round := range 40 {
		members := []cluster.Member{r.join(), r.join(), r.join()}
		shards := r.all()
		if round%2 == 0 {
			shards = []int{round % r.opened.Shards}
		}
		r.race(members, shards)
		for _, m := range members {
			if err := r.reg.Withdraw(r.Context(), m.ID); err != nil {
				r.Fatal(err)
			}
		}
	}
}

func testInherit(r *rig) {
	for range 4 {
		dies := r.join()
		r.claim(dies, r.all(), r.all())
		heirs := []cluster.Member{r.join(), r.join(), r.join(), r.join()}
		r.runOut(dies)
		r.race(heirs, r.all())
		for _, m := range heirs {
			if err := r.reg.Withdraw(r.Context(), m.ID); err != nil {
				r.Fatal(err)
			}
		}
	}
}
