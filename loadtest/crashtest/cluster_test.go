package crashtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plywire/plywire/wire"
)

// inCluster is right() as if several nodes had served the game: its owner was killed when the server was, and another took it.
// White's move was made twice at once, over two nodes; one of the two was refused.
func inCluster() Evidence {
	e := right()
	e.Cluster, e.Outages = true, []time.Time{after(20000), e.Lives[0].Dead, after(50)} // the others say nothing of this game's clocks
	e.Lives = nil
	twice := e.Commands[2]
	twice.ID, twice.Answers = "3b", []Answer{{Refused: wire.CodeStalePly}}
	e.Commands = append(e.Commands, twice)
	return e
}

func TestNothingWrongInCluster(t *testing.T) {
	v := inCluster().Judge()
	if !v.Wrong.None() || v.Moves != 2 || v.Adjusted != 1 || v.Spared != 10*time.Millisecond {
		t.Errorf("the right evidence is found wrong: %+v", v)
	}
}

// TestFalseEvidenceInCluster falsifies what only a cluster can do wrong, and what is judged there in another way.
func TestFalseEvidenceInCluster(t *testing.T) {
	tests := map[string]struct {
		falsify func(e *Evidence)
		count   func(w Wrong) int
		want    string
	}{
		"two owners acknowledge the same ply": {func(e *Evidence) { e.Commands[7].Answers = []Answer{{Seq: 5, Game: "g"}} },
			func(w Wrong) int { return w.Fenced }, "one of them by a fenced owner"},
		"two owners acknowledge two moves": {func(e *Evidence) {
			e.Commands[7].Move, e.Commands[7].Answers = "d2d4", []Answer{{Seq: 5, Game: "g"}}
		}, func(w Wrong) int { return w.Fenced }, "d2d4 by white was acknowledged"},
		"a fenced owner acknowledges alone": {func(e *Evidence) { *e.History[6].Move = "c7c5" },
			func(w Wrong) int { return w.Fenced }, "e7e5 by black was acknowledged by a fenced owner"},
		"what he acknowledged is lost, too": {func(e *Evidence) { e.History = e.History[:6] },
			func(w Wrong) int { return w.LostMoves }, "the server's history has 6 events"},
		"the move is made twice": {func(e *Evidence) {
			e.History = slices.Insert(e.History, 5, e.History[4])
		}, func(w Wrong) int { return w.Disagree }, "is ply 1, want 2"},
		"the time of the failover is charged": {func(e *Evidence) {
			for _, seq := range []int{6, 7, 9, 10} {
				e.History[seq-1].Clock.Left[1].MS -= 5000
			}
		}, func(w Wrong) int { return w.Charged }, "event 6, clock_adjusted: black paid 7s, want at most 2.01s"},
		"the new owner goes on as if nothing had been": {func(e *Evidence) {
			e.History[5].Type, e.History[5].What, e.History[5].Clock = "offered", "draw", nil
		}, func(w Wrong) int { return w.Unadjusted }, "first after a kill"},
		"a move pays more than the time": {func(e *Evidence) { e.History[8].Clock.Left[0].MS -= 1000 },
			func(w Wrong) int { return w.Charged }, "event 9, moved: white paid 2s, want at most 1s"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := copied(t, inCluster())
			test.falsify(&e)
			v := e.Judge()
			told := slices.ContainsFunc(v.Faults, func(fault string) bool { return strings.Contains(fault, test.want) })
			if test.count(v.Wrong) == 0 || !told {
				t.Errorf("wrong is %s, want it counted and told with %q: %q", v.Wrong, test.want, v.Faults)
			}
		})
	}
}

// TestFaultsAreDrawn wants all kinds of faults in each five, Redis's among them at any place, and the same of the same seed.
func TestFaultsAreDrawn(t *testing.T) {
	draw := func(seed uint64) []fault { return plotFaults(rand.New(rand.NewPCG(seed, 0)), 10, 3) }
	one, again, other := fmt.Sprint(draw(1)), fmt.Sprint(draw(1)), fmt.Sprint(draw(2))
	if one != again || one == other {
		t.Error("the seed does not decide on the faults")
	}
	counts, first := map[Kind]int{}, map[Kind]bool{}
	for seed := range uint64(50) {
		all := draw(seed)
		first[all[0].kind] = true
		for _, f := range all {
			counts[f.kind]++
		}
	}
	want := map[Kind]int{KindKilled: 200, KindFrozen: 100, KindStalled: 100, KindLeft: 100, KindRedis: 150}
	for _, kind := range clusterKinds {
		if counts[kind] != want[kind] || !first[kind] {
			t.Errorf("%s: %d of 50 runs, want %d; the first of one: %v", kind, counts[kind], want[kind], first[kind])
		}
	}
	if n := len(plotFaults(rand.New(rand.NewPCG(1, 0)), 3, 0)); n != 3 {
		t.Errorf("%d faults, want 3", n)
	}
}

// TestStandstill measures until the last of the games that were in flight has gone on by a move that was sent after the kill.
func TestStandstill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStandstill()
		slow, quick, ending, later := &match{id: "1"}, &match{id: "2"}, &match{id: "3"}, &match{id: "4"}
		for _, m := range []*match{slow, quick, ending} {
			s.enter(m)
		}
		if got := slices.Sorted(slices.Values(s.inFlight())); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Errorf("in flight are %v", got)
		}
		thinking, before := s.think(slow), time.Now()
		time.Sleep(time.Second)
		s.begin(time.Now())
		select {
		case <-thinking:
		default:
			t.Error("who thinks is not hurried")
		}
		s.enter(later)
		if s.think(slow) != nil || s.think(later) == nil {
			t.Error("the wrong ones must not think")
		}
		s.moved(slow, before) // was acknowledged before the kill, and heard of after it
		go func() {
			time.Sleep(time.Second)
			s.moved(quick, time.Now())
			s.moved(quick, time.Now())
			s.leave(ending)
			time.Sleep(2 * time.Second)
			s.moved(slow, time.Now())
		}()
		if longest, stuck := s.end(t.Context()); longest != 3*time.Second || stuck != 0 {
			t.Errorf("the last went on after %v, %d have not; want 3s and 0", longest, stuck)
		}
		if s.think(slow) == nil {
			t.Error("there is nothing to hurry for any more")
		}
		s.begin(time.Now())
		began := time.Now()
		if _, stuck := s.end(t.Context()); stuck != 3 || time.Since(began) != standstillMax {
			t.Errorf("%d have not gone on in %v, want 3", stuck, time.Since(began))
		}
		s.moved(slow, time.Now()) // nobody asks
	})
}

func TestNodesAreValidated(t *testing.T) {
	config := DefaultConfig()
	config.Nodes, config.Lease, config.Server = 17, time.Millisecond, func(string) (Server, string, error) { return nil, "", nil }
	err := config.Validate()
	for _, want := range []string{"nodes are 17", "lease is 1ms", "is one node, not 17"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("it says %v, want %q", err, want)
		}
	}
	config = DefaultConfig()
	config.RedisKills = 1
	if err := config.Validate(); err == nil || !strings.Contains(err.Error(), "one node has no Redis") {
		t.Errorf("it says %v", err)
	}
}

func TestRunWithoutRedis(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	config := DefaultConfig()
	config.Nodes, config.Folder = 3, t.TempDir()
	if _, err := Run(t.Context(), config); err == nil || !strings.Contains(err.Error(), "need redis-server (7.0 or newer), which is not installed") {
		t.Errorf("it says %v", err)
	}
}

// TestReportOfCluster tells what one of a single server does not have.
func TestReportOfCluster(t *testing.T) {
	r := Report{Wanted: 12, Kills: 12, Games: 10, Nodes: 3, Lease: 3 * time.Second, Moves: 100, Kinds: map[Kind]int{KindFrozen: 2}}
	r.stills([]time.Duration{5 * time.Second, 2 * time.Second, 3 * time.Second}, 1)
	text := r.String()
	for _, want := range []string{"12 faults of 3 nodes with a lease of 3s", "2 owner frozen for longer", "acknowledged by a fenced owner     0 of 100",
		"p50 3s, max 5s, of 3; more than the lease and 1s 1 times; games that did not in a minute 1", "25 % of faults"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	r.Wrong.Fenced = 1
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "1 acknowledged by a fenced owner") {
		t.Errorf("the error is %v", err)
	}
}

// TestOutages are of games in flight whose shard the node had before and has after.
func TestOutages(t *testing.T) {
	f := &fleet{outages: []outage{{after(1), map[string]bool{"a": true}}, {after(2), map[string]bool{"a": true, "b": true}}}}
	if got := f.outagesOf("a"); !slices.Equal(got, []time.Time{after(1), after(2)}) {
		t.Errorf("outages %v", got)
	}
	if got := f.outagesOf("c"); got != nil {
		t.Errorf("outages %v of a game that had none", got)
	}
	if n := shardOf("0190a5d0-0000-7000-8000-000000000000"); n < 0 || n >= clusterShards || shardOf("no id") != -1 {
		t.Error("the shard of a game is", n)
	}
	if got := heldBy(map[int]string{3: "n1", 1: "n1", 2: "n2"}, "n1"); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("n1 holds %v", got)
	}
}
