package game_test

import (
	"errors"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

// move is the command with which the first seat that is to move plays text.
func (r *rig) move(text string, lag time.Duration) game.Command {
	for s := range r.live.Turn().All() {
		return game.Command{Kind: game.CommandMove, User: r.live.Player(s), Ply: r.live.Ply(), Move: text, Lag: lag}
	}
	r.Fatalf("nobody is to move\n%s", r.told())
	return game.Command{}
}

// TestWhatAMoveCosts plays the first move of the second seat and looks at its clock.
func TestWhatAMoveCosts(t *testing.T) {
	tests := map[string]struct {
		clock   game.Clock
		waits   time.Duration // from the moment at which the move before it could be seen
		lag     time.Duration // as measured
		elapsed time.Duration
		forgive time.Duration
		left    time.Duration // after the move; negative: the flag has fallen
	}{
		"at once":                     {game.Clock{Initial: 60 * sec}, 0, 0, 0, 0, 60 * sec},
		"a second":                    {game.Clock{Initial: 60 * sec}, sec, 0, sec, 0, 59 * sec},
		"just no millisecond":         {game.Clock{Initial: 60 * sec}, ms - 1, 0, 0, 0, 60 * sec},
		"parts of milliseconds":       {game.Clock{Initial: 60 * sec}, 2*ms - 1, 0, ms, 0, 60*sec - ms},
		"before it could be seen":     {game.Clock{Initial: 60 * sec}, -sec, sec, 0, 0, 60 * sec},
		"all but the last":            {game.Clock{Initial: 60 * sec}, 60*sec - ms, 0, 60*sec - ms, 0, ms},
		"to the end":                  {game.Clock{Initial: 60 * sec}, 60 * sec, 0, 0, 0, -1},
		"within the last millisecond": {game.Clock{Initial: 60 * sec}, 60*sec - 1, 0, 60*sec - ms, 0, ms},
		"far too long":                {game.Clock{Initial: 60 * sec}, time.Hour, 0, 0, 0, -1},
		"with increment":              {game.Clock{Initial: 60 * sec, Increment: 3 * sec}, sec, 0, sec, 0, 62 * sec},
		"gaining":                     {game.Clock{Initial: 60 * sec, Increment: 3 * sec}, 0, 0, 0, 0, 63 * sec},
		"increment comes too late":    {game.Clock{Initial: 60 * sec, Increment: 3 * sec}, 60 * sec, 0, 0, 0, -1},
		"within the delay":            {game.Clock{Initial: 60 * sec, Delay: 5 * sec}, 5 * sec, 0, 0, 0, 60 * sec},
		"beyond the delay":            {game.Clock{Initial: 60 * sec, Delay: 5 * sec}, 6 * sec, 0, sec, 0, 59 * sec},
		"delay and increment":         {game.Clock{Initial: 60 * sec, Delay: 5 * sec, Increment: sec}, 8 * sec, 0, 3 * sec, 0, 58 * sec},
		"to the end, with delay":      {game.Clock{Initial: 60 * sec, Delay: 5 * sec}, 65*sec - ms, 0, 60*sec - ms, 0, ms},
		"over the end, with delay":    {game.Clock{Initial: 60 * sec, Delay: 5 * sec}, 65 * sec, 0, 0, 0, -1},
		"lag":                         {game.Clock{Initial: 60 * sec}, sec, 300 * ms, 700 * ms, 300 * ms, 59*sec + 300*ms},
		"parts of lag":                {game.Clock{Initial: 60 * sec}, sec, 300*ms + ms/2, 700 * ms, 300 * ms, 59*sec + 300*ms},
		"more lag than wait":          {game.Clock{Initial: 60 * sec}, 200 * ms, 300 * ms, 0, 200 * ms, 60 * sec},
		"more lag than is forgiven":   {game.Clock{Initial: 60 * sec}, 30 * sec, 20 * sec, 29 * sec, sec, 31 * sec},
		"negative lag":                {game.Clock{Initial: 60 * sec}, sec, -sec, sec, 0, 59 * sec},
		"lag saves":                   {game.Clock{Initial: 60 * sec}, 60*sec + 100*ms, 200 * ms, 60*sec - 100*ms, 200 * ms, 100 * ms},
		"lag saves not":               {game.Clock{Initial: 60 * sec}, 60*sec + 200*ms, 200 * ms, 0, 0, -1},
		"lag and delay":               {game.Clock{Initial: 60 * sec, Delay: 2 * sec}, 3 * sec, 500 * ms, 500 * ms, 500 * ms, 59*sec + 500*ms},
		"only increment":              {game.Clock{Increment: 2 * sec}, sec, 0, sec, 0, 3 * sec},
		"only increment, too late":    {game.Clock{Increment: 2 * sec}, 2 * sec, 0, 0, 0, -1},
		"only delay":                  {game.Clock{Delay: 2 * sec}, 2 * sec, 0, 0, 0, 0},
		"only delay, too late":        {game.Clock{Delay: 2 * sec}, 2*sec + ms, 0, 0, 0, -1},
		"delay and increment only":    {game.Clock{Delay: 2 * sec, Increment: sec}, 2 * sec, 0, 0, 0, 2 * sec},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := started(t, clocked("connectfour", test.clock))
			if _, err := r.give(r.move("d", 0)); err != nil { // not seen yet
				t.Fatal(err)
			}
			r.wait(7 * ms)
			r.visible()
			r.wait(time.Hour) // nobody's clock but that of the seat to move runs
			r.visible()
			r.now = start.Add(7*ms + test.waits)
			initial := test.clock.Initial
			if initial == 0 {
				initial = test.clock.Increment
			}
			cmd := r.move("d", test.lag)
			events, err := r.give(cmd)
			if test.left < 0 {
				if !errors.Is(err, game.ErrGameOver) || names(events) != "ended" || *events[0].Result != game.Won(0, game.ReasonTimeout) {
					t.Fatalf("events %v, error %v, want the flag to fall", events, err)
				}
				r.wantClocks(events[0], (initial + test.clock.Increment).Milliseconds(), 0)
				// A command that was refused is not remembered: sent again, it is refused again.
				if _, known := r.live.Answer(cmd.User.ID, cmd.ID); known || events[0].Cause.Command != "" {
					t.Errorf("the late move counts as done: %+v", events[0].Cause)
				}
				r.refused(cmd, game.ErrGameOver)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if ev := events[0]; ev.Elapsed != test.elapsed || ev.Lag != test.forgive || ev.Clocks[1] != test.left {
				t.Errorf("elapsed %v, lag %v, left %v, want %v, %v, %v", ev.Elapsed, ev.Lag, ev.Clocks[1], test.elapsed, test.forgive, test.left)
			}
			r.visible()
			if got := r.live.Left(1, r.now.Add(time.Hour)); got != test.left {
				t.Errorf("Left is %v while the other thinks, want %v", got, test.left)
			}
		})
	}
}

// A seat's quota of lag begins with a second, pays for what is forgiven, and gains a fifth of a second a move.
func TestLagQuota(t *testing.T) {
	r := started(t, clocked("toy", game.Clock{Initial: time.Hour}))
	for i, want := range []time.Duration{sec, 200 * ms, 200 * ms, 200 * ms} {
		r.wait(10 * sec)
		if ev := r.must(r.move("pass", 5*sec))[0]; ev.Lag != want || ev.Elapsed != 10*sec-want {
			t.Errorf("move %d: %v forgiven of %v charged, want %v", i+1, ev.Lag, ev.Elapsed, want)
		}
		r.play("pass")
	}
	for range 3 { // without lag, the quota grows
		r.play("pass", "pass")
	}
	r.wait(10 * sec)
	if ev := r.must(r.move("pass", 5*sec))[0]; ev.Lag != 800*ms {
		t.Errorf("%v forgiven after three moves without lag, want 800ms", ev.Lag)
	}
	for range 20 { // but not beyond what it was
		r.play("pass", "pass")
	}
	r.wait(10 * sec)
	r.play("pass")
	if ev := r.must(r.move("pass", 5*sec))[0]; ev.Lag != 0 {
		t.Errorf("%v forgiven of no wait at all", ev.Lag)
	}
	r.wait(10 * sec)
	if ev := r.must(r.move("pass", 5*sec))[0]; ev.Lag != sec {
		t.Errorf("%v forgiven with a full quota, want 1s", ev.Lag)
	}
}

// TestFlag looks at when a flag falls: the deadline is that of who has the move, and a grace after it.
func TestFlag(t *testing.T) {
	tests := map[string]struct {
		clock game.Clock
		lag   time.Duration // of the move before
		falls time.Duration // after the turn could be seen
	}{
		"plain":             {game.Clock{Initial: 60 * sec}, 0, 60*sec + 200*ms},
		"increment":         {game.Clock{Initial: 60 * sec, Increment: sec}, 0, 61*sec + 200*ms},
		"delay":             {game.Clock{Initial: 60 * sec, Delay: 7 * sec}, 0, 67*sec + 200*ms},
		"only delay":        {game.Clock{Delay: 7 * sec}, 0, 7*sec + 200*ms},
		"lag":               {game.Clock{Initial: 60 * sec}, 300 * ms, 60*sec + 500*ms},
		"lag over quota":    {game.Clock{Initial: 60 * sec}, 500 * ms, 60*sec + 700*ms},
		"lag eats the rest": {game.Clock{Initial: 60 * sec}, 900 * ms, 60*sec + 300*ms},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := started(t, clocked("toy", test.clock))
			r.wait(test.lag)
			r.must(r.move("pass", test.lag))
			r.play("pass")
			deadline := r.live.Deadline()
			if got := deadline.Sub(r.now); got != test.falls {
				t.Fatalf("the flag falls after %v, want %v", got, test.falls)
			}
			r.now = deadline.Add(-1)
			if events := r.must(game.Command{Kind: game.CommandTick}); len(events) > 0 {
				t.Fatalf("%s before the deadline", names(events))
			}
			r.now = deadline
			events := r.must(game.Command{Kind: game.CommandTick})
			if names(events) != "ended" || *events[0].Result != game.Won(1, game.ReasonTimeout) {
				t.Fatalf("events %v at the deadline", events)
			}
			if left := events[0].Clocks; left[0] != 0 || events[0].Cause != (game.Cause{}) {
				t.Errorf("left %v, cause %+v", left, events[0].Cause)
			}
			if !r.live.Deadline().IsZero() {
				t.Errorf("deadline %v after the end", r.live.Deadline())
			}
		})
	}
}

// A move that is lagged as much as the one before reaches the game before the flag is called.
func TestGraceIsForTheLag(t *testing.T) {
	r := started(t, clocked("toy", game.Clock{Initial: 60 * sec}))
	r.wait(400 * ms)
	r.must(r.move("pass", 400*ms))
	r.play("pass")
	r.wait(60*sec + 300*ms)
	if !r.now.Before(r.live.Deadline()) {
		t.Fatal("the flag has fallen")
	}
	if ev := r.must(r.move("pass", 400*ms))[0]; ev.Elapsed != 60*sec-100*ms || ev.Clocks[0] != 100*ms {
		t.Errorf("elapsed %v, left %v", ev.Elapsed, ev.Clocks[0])
	}
}

// What becomes of a game when a flag falls is for the rules to say. If they do not, the other one wins, where there is one.
func TestFlagOfTheRules(t *testing.T) {
	tests := map[string]struct {
		terms game.Terms
		moves []string
		want  game.Result
	}{
		"rules say lost":        {game.Terms{Rules: "toy"}, nil, game.Won(1, game.ReasonTimeout)},
		"rules say drawn":       {game.Terms{Rules: "toy"}, []string{"roll"}, game.Drawn(game.ReasonTimeoutInsufficientMaterial)},
		"rules do not say":      {game.Terms{Rules: "plain"}, []string{"roll"}, game.Won(0, game.ReasonTimeout)},
		"do not say, of three":  {game.Terms{Rules: "plain", Options: `{"seats":3}`}, nil, game.Drawn(game.ReasonTimeout)},
		"chess, with all men":   {game.Terms{Rules: "chess"}, []string{"e2e4"}, game.Won(0, game.ReasonTimeout)},
		"chess, before a move":  {game.Terms{Rules: "chess"}, nil, game.Won(1, game.ReasonTimeout)},
		"together, first seat":  {game.Terms{Rules: "plain", Options: `{"together":true}`}, nil, game.Won(1, game.ReasonTimeout)},
		"together, second seat": {game.Terms{Rules: "plain", Options: `{"together":true}`}, []string{"pass"}, game.Won(0, game.ReasonTimeout)},
	}
	for name, test := range tests {
		for _, tick := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				test.terms.Clock = game.Clock{Initial: 60 * sec}
				r := started(t, test.terms)
				if r.live.Status() == game.StatusWaiting {
					r.must(game.Command{Kind: game.CommandJoin, User: cid})
				}
				r.play(test.moves...)
				cmd := r.move("pass", 0)
				if r.wait(60 * sec); tick {
					cmd = game.Command{Kind: game.CommandTick}
					r.now = r.live.Deadline()
				}
				events, err := r.give(cmd)
				if names(events) != "ended" || *events[0].Result != test.want || tick != (err == nil) {
					t.Errorf("events %+v, error %v, want %+v", events, err, test.want)
				}
			})
		}
	}
}

// While a turn cannot be seen, because the store is slow or away, its clock stands still.
func TestNobodyPaysForWhatHeCannotSee(t *testing.T) {
	clock := game.Clock{Initial: 10 * sec}
	r := started(t, clocked("toy", clock))
	if _, err := r.give(r.move("pass", 0)); err != nil {
		t.Fatal(err)
	}
	r.wait(20 * time.Minute)
	if left := r.live.Left(1, r.now); left != 10*sec {
		t.Errorf("%v left of a clock that does not run", left)
	}
	if events := r.must(game.Command{Kind: game.CommandTick}); len(events) > 0 {
		t.Fatalf("%s in a turn that nobody could see", names(events))
	}
	r.live.Visible(r.now) // a second time: what can be seen is seen
	r.wait(3 * sec)
	if left := r.live.Left(1, r.now); left != 7*sec {
		t.Errorf("%v left after 3s", left)
	}
	if ev := r.must(r.move("pass", 0))[0]; ev.Elapsed != 3*sec {
		t.Errorf("%v charged after 3s", ev.Elapsed)
	}

	// A move that is made before its turn could be seen, by guessing, costs nothing, and forgives nothing.
	r.wait(sec)
	if _, err := r.give(r.move("pass", 0)); err != nil {
		t.Fatal(err)
	}
	r.wait(sec)
	if ev := r.must(r.move("pass", sec))[0]; ev.Elapsed != 0 || ev.Lag != 0 {
		t.Errorf("%v charged and %v forgiven, want nothing", ev.Elapsed, ev.Lag)
	}
}

// A turn that could never be seen has a deadline all the same, so that the game is kept in memory; at the deadline, its
// clock is set back.
func TestUnseenTurnIsLookedAfter(t *testing.T) {
	r := started(t, clocked("toy", game.Clock{Initial: 10 * sec}))
	if _, err := r.give(r.move("pass", 0)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		deadline := r.live.Deadline()
		if got := deadline.Sub(r.now.Truncate(ms)); got != time.Hour+10*sec+200*ms {
			t.Fatalf("the deadline is in %v", got)
		}
		r.now = deadline
		events, err := r.give(game.Command{Kind: game.CommandTick})
		if err != nil || names(events) != "clock_adjusted" {
			t.Fatalf("events %v, error %v", events, err)
		}
		r.wantClocks(events[0], 10_000, 10_000)
	}
	r.visible()
	if got := r.live.Deadline().Sub(r.now); got != 10*sec+200*ms {
		t.Errorf("seen at last, the flag falls in %v", got)
	}
}

// TestThaw freezes a game and brings it back.
func TestThaw(t *testing.T) {
	tests := map[string]struct {
		clock   game.Clock
		used    time.Duration // by the seat to move when the server was last alive
		lag     time.Duration // of its last move
		unknown bool          // when that was
		want    int64         // left, in milliseconds
	}{
		"nothing used":            {game.Clock{Initial: 60 * sec}, 0, 0, false, 60_000},
		"some used":               {game.Clock{Initial: 60 * sec}, 20 * sec, 0, false, 40_000},
		"parts of milliseconds":   {game.Clock{Initial: 60 * sec}, 20*sec + ms/2, 0, false, 40_000},
		"nearly all used":         {game.Clock{Initial: 60 * sec}, 55 * sec, 0, false, 10_000},
		"all used":                {game.Clock{Initial: 60 * sec}, 60 * sec, 0, false, 10_000},
		"more than all used":      {game.Clock{Initial: 60 * sec}, 90 * sec, 0, false, 10_000},
		"little there was":        {game.Clock{Initial: 6 * sec}, 2 * sec, 0, false, 6_000},
		"within the delay":        {game.Clock{Initial: 60 * sec, Delay: 5 * sec}, 4 * sec, 0, false, 60_000},
		"beyond the delay":        {game.Clock{Initial: 60 * sec, Delay: 5 * sec}, 7 * sec, 0, false, 58_000},
		"lag":                     {game.Clock{Initial: 60 * sec}, 20 * sec, 300 * ms, false, 40_300},
		"alive before it began":   {game.Clock{Initial: 60 * sec}, -time.Minute, 0, false, 60_000},
		"it is not known":         {game.Clock{Initial: 60 * sec}, 20 * sec, 0, true, 60_000},
		"increment is for a move": {game.Clock{Initial: 60 * sec, Increment: 5 * sec}, 10 * sec, 0, false, 55_000},
	}
	for name, test := range tests {
		for _, restored := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				r := started(t, clocked("toy", test.clock))
				r.now = r.now.Truncate(ms) // as precise as what is restored
				r.visible()
				r.wait(test.lag + ms) // of which less than one is charged, because the game did not start on a whole one
				r.must(r.move("pass", test.lag))
				r.play("pass")
				alive := r.now.Add(test.used)
				if test.unknown {
					alive = time.Time{}
				}
				r.now = r.now.Add(max(test.used, 0))
				if restored {
					r.restart(time.Hour, alive)
				} else {
					r.wait(time.Hour)
					r.must(game.Command{Kind: game.CommandThaw, Alive: alive})
				}
				if names(r.events[len(r.events)-1:]) != "clock_adjusted" {
					t.Fatal(r.last())
				}
				other := (test.clock.Initial + test.clock.Increment).Milliseconds()
				r.wantClocks(r.last(), test.want, other)
				// It begins again, delay and all, when that can be seen.
				r.wait(test.clock.Delay + sec)
				if left := r.live.Left(0, r.now); left.Milliseconds() != test.want-1000 {
					t.Errorf("%v left a second later", left)
				}
				if ev := r.must(r.move("pass", 0))[0]; ev.Elapsed != sec {
					t.Errorf("%v charged for a second", ev.Elapsed)
				}
			})
		}
	}
}

// Games without a running clock have nothing to thaw.
func TestThawOfNothing(t *testing.T) {
	clock := game.Clock{Initial: 60 * sec}
	ended := started(t, clocked("toy", clock))
	ended.must(game.Command{Kind: game.CommandResign, User: ann})
	for name, r := range map[string]*rig{
		"no clock": started(t, game.Terms{Rules: "toy"}), "waiting": waiting(t, clocked("toy", clock)), "ended": ended,
	} {
		if events := r.must(game.Command{Kind: game.CommandThaw, Alive: start}); len(events) > 0 {
			t.Errorf("%s: %s", name, names(events))
		}
	}
}

// Where seats move at the same time, each clock runs on its own, from when the round could be seen.
func TestClocksOfSimultaneousTurns(t *testing.T) {
	r := started(t, clocked("rps", game.Clock{Initial: 10 * sec, Increment: sec}))
	throw := func(user game.User, ply int, text string) game.Event {
		t.Helper()
		return r.must(game.Command{Kind: game.CommandMove, User: user, Ply: ply, Move: text})[0]
	}
	r.wait(2 * sec)
	r.wantClocks(throw(bob, 0, "rock"), 10_000, 9_000)
	if left := r.live.Left(1, r.now.Add(time.Hour)); left != 9*sec {
		t.Errorf("bob has thrown, and has %v left", left)
	}
	r.wait(sec)
	if left := r.live.Left(0, r.now); left != 7*sec {
		t.Errorf("ann has %v left", left)
	}
	// Ann did not see bob's throw when she made hers: her ply is that of the round.
	r.wantClocks(throw(ann, 0, "paper"), 8_000, 9_000)
	r.wait(sec)
	r.refused(game.Command{Kind: game.CommandMove, User: ann, Ply: 1, Move: "rock"}, game.ErrStalePly)
	r.wantClocks(throw(ann, 2, "rock"), 8_000, 9_000)
	r.refused(game.Command{Kind: game.CommandMove, User: ann, Ply: 3, Move: "rock"}, game.ErrNotYourTurn)
	// The first flag to fall is bob's, though ann has less: only his clock runs.
	if got := r.live.Deadline().Sub(r.now); got != 8*sec+200*ms {
		t.Errorf("bob's flag falls in %v", got)
	}
	r.now = r.live.Deadline()
	if ev := r.must(game.Command{Kind: game.CommandTick})[0]; *ev.Result != game.Won(0, game.ReasonTimeout) {
		t.Errorf("%+v", ev.Result)
	}
	r.wantClocks(r.last(), 8_000, 0)
}

func TestFirstFlagOfSimultaneousTurns(t *testing.T) {
	together := started(t, game.Terms{Rules: "toy", Options: `{"seats":2,"together":true}`, Clock: game.Clock{Initial: 10 * sec}})
	together.wait(4 * sec)
	together.must(game.Command{Kind: game.CommandMove, User: bob, Ply: 0, Move: "pass"})
	together.must(game.Command{Kind: game.CommandMove, User: ann, Ply: 0, Move: "pass"})
	together.must(game.Command{Kind: game.CommandMove, User: ann, Ply: 2, Move: "again"}) // at once: 6s left for both
	together.wait(sec)
	together.must(game.Command{Kind: game.CommandMove, User: bob, Ply: 2, Move: "again"}) // bob has 5s, from now
	if got := together.live.Deadline().Sub(together.now); got != 5*sec+200*ms {
		t.Fatalf("the first flag falls in %v", got)
	}
	together.now = together.live.Deadline()
	// Both have 0 left by their deadlines, which are the same: the first seat's is called.
	if ev := together.must(game.Command{Kind: game.CommandTick})[0]; *ev.Result != game.Won(1, game.ReasonTimeout) {
		t.Errorf("%+v", ev.Result)
	}
}

// A thaw in the middle of a round does not make the throw stale that somebody is sending.
func TestThawKeepsTheTurn(t *testing.T) {
	r := started(t, clocked("rps", game.Clock{Initial: 30 * sec}))
	r.must(game.Command{Kind: game.CommandMove, User: bob, Ply: 0, Move: "rock"})
	r.wait(5 * sec)
	r.restart(time.Hour, r.now)
	r.wantClocks(r.last(), 25_000, 30_000)
	r.must(game.Command{Kind: game.CommandMove, User: ann, Ply: 0, Move: "rock"})
}

// A turn of several moves is paid for move by move.
func TestClockOfATurnThatStays(t *testing.T) {
	r := started(t, clocked("toy", game.Clock{Initial: 30 * sec, Increment: sec}))
	r.wait(5 * sec)
	r.wantClocks(r.must(r.move("again", 0))[0], 26_000, 30_000)
	r.refused(game.Command{Kind: game.CommandMove, User: ann, Ply: 0, Move: "pass"}, game.ErrStalePly)
	r.wait(3 * sec)
	r.wantClocks(r.must(r.move("pass", 0))[0], 24_000, 30_000)
	r.wait(2 * sec)
	r.wantClocks(r.must(r.move("pass", 0))[0], 24_000, 29_000)
}

// At the end, a clock that runs is told as of the end.
func TestClocksAtTheEnd(t *testing.T) {
	clock := game.Clock{Initial: 30 * sec, Increment: sec}
	for name, test := range map[string]struct {
		end  []game.Command
		want [2]int64
	}{
		"resigns in his turn":     {[]game.Command{{Kind: game.CommandResign, User: bob}}, [2]int64{31_000, 26_000}},
		"resigns in the other's":  {[]game.Command{{Kind: game.CommandResign, User: ann}}, [2]int64{31_000, 26_000}},
		"aborts":                  {[]game.Command{{Kind: game.CommandAbort, User: bob}}, [2]int64{31_000, 26_000}},
		"claims":                  {[]game.Command{{Kind: game.CommandClaim, User: ann, What: "abandonment", Absent: true}}, [2]int64{31_000, 26_000}},
		"claims by the rules":     {[]game.Command{{Kind: game.CommandClaim, User: ann, What: "luck"}}, [2]int64{31_000, 26_000}},
		"draw":                    {[]game.Command{{Kind: game.CommandOffer, User: ann, What: "draw"}, {Kind: game.CommandAccept, User: bob, What: "draw"}}, [2]int64{31_000, 26_000}},
		"moves, and that ends it": {[]game.Command{{Kind: game.CommandMove, User: bob, Ply: 1, Move: "win"}}, [2]int64{31_000, 27_000}},
	} {
		t.Run(name, func(t *testing.T) {
			r := started(t, clocked("toy", clock))
			r.play("pass")
			r.wait(4 * sec)
			for _, cmd := range test.end {
				r.must(cmd)
			}
			if r.live.Status() != game.StatusEnded {
				t.Fatal("not over")
			}
			r.wantClocks(r.last(), test.want[:]...)
			if left := r.live.Left(1, r.now.Add(time.Hour)); left.Milliseconds() != test.want[1] {
				t.Errorf("%v left after the end", left)
			}
		})
	}
}

func TestNoClock(t *testing.T) {
	r := started(t, game.Terms{Rules: "toy"})
	r.wait(1000 * time.Hour)
	if ev := r.must(r.move("pass", sec))[0]; ev.Clocks != nil || ev.Elapsed != 0 || ev.Lag != 0 {
		t.Errorf("%+v", ev)
	}
	if !r.live.Deadline().IsZero() || r.live.Left(0, r.now) != 0 || r.live.Left(game.NoSeat, r.now) != 0 {
		t.Error("a game without clock has a deadline, or time")
	}
	r.must(game.Command{Kind: game.CommandResign, User: ann})
	if ev := r.last(); ev.Clocks != nil {
		t.Errorf("%+v", ev)
	}
}

// A game waits an hour for its players, and no clock runs.
func TestWaitingRunsOut(t *testing.T) {
	r := waiting(t, clocked("toy", game.Clock{Initial: 10 * sec}))
	if got, want := r.live.Deadline(), start.Truncate(ms).Add(game.WaitingMax); !got.Equal(want) {
		t.Fatalf("deadline %v, want %v", got, want)
	}
	if left := r.live.Left(0, r.now); left != 0 {
		t.Errorf("%v left before the start", left)
	}
	r.now = r.live.Deadline().Add(-1)
	if events := r.must(game.Command{Kind: game.CommandTick}); len(events) > 0 {
		t.Fatalf("%s before the deadline", names(events))
	}
	r.wait(1)
	events := r.must(game.Command{Kind: game.CommandTick})
	if names(events) != "ended" || *events[0].Result != game.Drawn(game.ReasonAborted) || events[0].Clocks != nil {
		t.Errorf("%+v", events)
	}
}

// Times of events are whole milliseconds in UTC and never go back, whatever clock the server has.
func TestTimesOfEvents(t *testing.T) {
	r := newRig(t)
	r.now = time.Date(2026, 3, 4, 5, 6, 7, 999_999_999, time.FixedZone("somewhere", 3600))
	r.must(game.Command{Kind: game.CommandCreate, User: ann, Create: &game.Create{Terms: clocked("toy", game.Clock{Initial: 60 * sec}), Seat: "a"}})
	want := time.Date(2026, 3, 4, 4, 6, 7, 999_000_000, time.UTC)
	if at := r.last().At; at != want || r.live.CreatedAt() != want {
		t.Fatalf("created at %v, want %v", at, want)
	}
	r.wait(-time.Minute) // another server, whose clock is slow
	r.must(game.Command{Kind: game.CommandJoin, User: bob})
	if at := r.last().At; at != want {
		t.Fatalf("started at %v, want %v", at, want)
	}
	r.wait(10 * sec)
	if ev := r.must(r.move("pass", 0))[0]; ev.At != want || ev.Elapsed != 10*sec {
		t.Errorf("moved at %v, charged %v", ev.At, ev.Elapsed)
	}
	r.wait(time.Hour)
	r.must(game.Command{Kind: game.CommandResign, User: ann})
	if ev := r.last(); ev.At != want.Add(59*time.Minute+10*sec) {
		t.Errorf("ended at %v", ev.At)
	}
}

// Virtual time may begin at the zero time, or with the Unix epoch.
func TestOldTimes(t *testing.T) {
	for _, now := range []time.Time{{}, time.Unix(0, 0), time.Unix(-5, 0)} {
		r := newRig(t)
		r.now = now
		r.must(game.Command{Kind: game.CommandCreate, Create: &game.Create{Terms: clocked("toy", game.Clock{Initial: 60 * sec}), Players: []game.User{ann, bob}}})
		r.wait(sec)
		r.play("pass", "pass")
		if ev := r.last(); ev.Clocks[0] != 59*sec {
			t.Errorf("%+v", ev)
		}
	}
}

// The monotonic part that time.Now brings is not in any event.
func TestMonotonicTime(t *testing.T) {
	r := newRig(t)
	r.now = time.Now()
	r.must(game.Command{Kind: game.CommandCreate, Create: &game.Create{Terms: clocked("toy", game.Clock{Initial: 60 * sec}), Players: []game.User{ann, bob}}})
	r.play("pass")
	r.wait(2 * sec)
	ev := r.must(r.move("pass", 0))[0]
	if ev.Elapsed != 2*sec || ev.At != time.UnixMilli(r.now.UnixMilli()).UTC() {
		t.Errorf("%+v", ev)
	}
}
