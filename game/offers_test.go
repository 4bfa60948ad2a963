package game_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
)

func offer(user game.User, what string) game.Command {
	return game.Command{Kind: game.CommandOffer, User: user, What: what}
}

func accept(user game.User, what string) game.Command {
	return game.Command{Kind: game.CommandAccept, User: user, What: what}
}

func decline(user game.User, what string) game.Command {
	return game.Command{Kind: game.CommandDecline, User: user, What: what}
}

// open lists the offers that await an answer, as "what:seat".
func (r *rig) open() string {
	var list []string
	for _, pending := range r.live.Offers() {
		list = append(list, fmt.Sprintf("%s:%d", pending.Offer, pending.Seat))
	}
	return fmt.Sprint(list)
}

// TestOffers plays short scenes. Each line is what one of two players does: a command, or a move, and what comes of it.
func TestOffers(t *testing.T) {
	type step struct {
		do   any // game.Command or a move
		want any // names of events, or an error
		open string
	}
	scenes := map[string][]step{
		"accepted":  {{offer(ann, "draw"), "offered", "[draw:0]"}, {accept(bob, "draw"), "accepted ended", "[]"}},
		"crossing":  {{offer(ann, "draw"), "offered", "[draw:0]"}, {offer(bob, "draw"), "accepted ended", "[]"}},
		"declined":  {{offer(ann, "draw"), "offered", "[draw:0]"}, {decline(bob, "draw"), "declined", "[]"}, {accept(bob, "draw"), game.ErrNoSuchOffer, "[]"}},
		"withdrawn": {{offer(ann, "draw"), "offered", "[draw:0]"}, {decline(ann, "draw"), "declined", "[]"}, {accept(bob, "draw"), game.ErrNoSuchOffer, "[]"}},
		"his own":   {{offer(ann, "draw"), "offered", "[draw:0]"}, {accept(ann, "draw"), game.ErrNoSuchOffer, "[draw:0]"}},
		"twice":     {{offer(ann, "draw"), "offered", "[draw:0]"}, {offer(ann, "draw"), game.ErrTooMany, "[draw:0]"}},
		"again after no": {{offer(ann, "draw"), "offered", "[draw:0]"}, {decline(bob, "draw"), "declined", "[]"},
			{offer(ann, "draw"), game.ErrTooMany, "[]"}, {offer(bob, "draw"), "offered", "[draw:1]"}},
		"again after a move": {{offer(ann, "draw"), "offered", "[draw:0]"}, {decline(bob, "draw"), "declined", "[]"}, {"pass", "moved", "[]"},
			{offer(ann, "draw"), "offered", "[draw:0]"}},
		"with a move":                {{offer(ann, "draw"), "offered", "[draw:0]"}, {"pass", "moved", "[draw:0]"}, {accept(bob, "draw"), "accepted ended", "[]"}},
		"lapses with the answer":     {{offer(ann, "draw"), "offered", "[draw:0]"}, {"pass", "moved", "[draw:0]"}, {"pass", "moved", "[]"}, {accept(bob, "draw"), game.ErrNoSuchOffer, "[]"}},
		"of who is not to move":      {{offer(bob, "draw"), "offered", "[draw:1]"}, {"pass", "moved", "[]"}, {accept(ann, "draw"), game.ErrNoSuchOffer, "[]"}},
		"still open one move later":  {{offer(ann, "draw"), "offered", "[draw:0]"}, {"again", "moved", "[draw:0]"}, {offer(ann, "draw"), game.ErrTooMany, "[draw:0]"}},
		"two at once":                {{"pass", "moved", "[]"}, {offer(ann, "takeback"), "offered", "[takeback:0]"}, {offer(ann, "draw"), "offered", "[takeback:0 draw:0]"}, {accept(bob, "takeback"), "accepted taken_back", "[]"}, {accept(bob, "draw"), game.ErrNoSuchOffer, "[]"}},
		"decline one of two":         {{"pass", "moved", "[]"}, {offer(ann, "takeback"), "offered", "[takeback:0]"}, {offer(ann, "draw"), "offered", "[takeback:0 draw:0]"}, {decline(bob, "takeback"), "declined", "[draw:0]"}},
		"end":                        {{offer(ann, "draw"), "offered", "[draw:0]"}, {game.Command{Kind: game.CommandResign, User: bob}, "ended", "[]"}, {accept(bob, "draw"), game.ErrGameOver, "[]"}},
		"takeback":                   {{"pass", "moved", "[]"}, {offer(ann, "takeback"), "offered", "[takeback:0]"}, {accept(bob, "takeback"), "accepted taken_back", "[]"}},
		"takeback crossing":          {{"pass", "moved", "[]"}, {"pass", "moved", "[]"}, {offer(ann, "takeback"), "offered", "[takeback:0]"}, {offer(bob, "takeback"), "accepted taken_back", "[]"}},
		"takeback of nothing":        {{offer(ann, "takeback"), game.ErrNoSuchOffer, "[]"}, {"pass", "moved", "[]"}, {offer(bob, "takeback"), game.ErrNoSuchOffer, "[]"}},
		"takeback lapses":            {{"pass", "moved", "[]"}, {offer(ann, "takeback"), "offered", "[takeback:0]"}, {"pass", "moved", "[]"}},
		"takeback is of a move":      {{"pass", "moved", "[]"}, {"pass", "moved", "[]"}, {offer(ann, "takeback"), "offered", "[takeback:0]"}, {"pass", "moved", "[]"}, {accept(bob, "takeback"), game.ErrNoSuchOffer, "[]"}},
		"takeback of dice":           {{"roll", "moved", "[]"}, {offer(ann, "takeback"), game.ErrForbidden, "[]"}, {"pass", "moved", "[]"}, {offer(bob, "takeback"), "offered", "[takeback:1]"}},
		"takeback after dice":        {{"pass", "moved", "[]"}, {"roll", "moved", "[]"}, {offer(ann, "takeback"), game.ErrForbidden, "[]"}},
		"takeback again":             {{"pass", "moved", "[]"}, {offer(ann, "takeback"), "offered", "[takeback:0]"}, {accept(bob, "takeback"), "accepted taken_back", "[]"}, {offer(ann, "takeback"), game.ErrNoSuchOffer, "[]"}, {"pass", "moved", "[]"}, {offer(ann, "takeback"), "offered", "[takeback:0]"}, {accept(bob, "takeback"), "accepted taken_back", "[]"}},
		"draw after takeback":        {{"pass", "moved", "[]"}, {offer(bob, "draw"), "offered", "[draw:1]"}, {decline(ann, "draw"), "declined", "[]"}, {offer(ann, "takeback"), "offered", "[takeback:0]"}, {accept(bob, "takeback"), "accepted taken_back", "[]"}, {"pass", "moved", "[]"}, {offer(bob, "draw"), "offered", "[draw:1]"}},
		"rematch while it is played": {{offer(ann, "rematch"), game.ErrNoSuchOffer, "[]"}},
		"rematch":                    {{"win", "moved ended", "[]"}, {offer(ann, "rematch"), "offered", "[rematch:0]"}, {accept(bob, "rematch"), "accepted", "[]"}, {offer(bob, "rematch"), game.ErrNoSuchOffer, "[]"}, {accept(ann, "rematch"), game.ErrNoSuchOffer, "[]"}},
		"rematch crossing":           {{"win", "moved ended", "[]"}, {offer(ann, "rematch"), "offered", "[rematch:0]"}, {offer(bob, "rematch"), "accepted", "[]"}},
		"rematch declined":           {{"win", "moved ended", "[]"}, {offer(ann, "rematch"), "offered", "[rematch:0]"}, {decline(bob, "rematch"), "declined", "[]"}, {offer(ann, "rematch"), game.ErrTooMany, "[]"}, {offer(bob, "rematch"), "offered", "[rematch:1]"}, {accept(ann, "rematch"), "accepted", "[]"}},
	}
	for name, steps := range scenes {
		t.Run(name, func(t *testing.T) {
			r := started(t, game.Terms{Rules: "toy"})
			for i, step := range steps {
				cmd, ok := step.do.(game.Command)
				if !ok {
					cmd = r.move(step.do.(string), 0)
				}
				if want, refused := step.want.(error); refused {
					r.refused(cmd, want)
				} else if got := names(r.must(cmd)); got != step.want {
					t.Fatalf("step %d: %s, want %s", i+1, got, step.want)
				}
				if got := r.open(); got != step.open {
					t.Fatalf("step %d: %s is open, want %s", i+1, got, step.open)
				}
			}
		})
	}
}

// With three seats all others have to accept, and one alone can decline.
func TestOffersAmongThree(t *testing.T) {
	three := func() *rig {
		r := started(t, game.Terms{Rules: "toy", Options: `{"seats":3}`})
		r.must(game.Command{Kind: game.CommandJoin, User: cid})
		r.play("pass", "pass")
		return r
	}
	r := three()
	r.must(offer(bob, "takeback"))
	if got := names(r.must(accept(ann, "takeback"))); got != "accepted" {
		t.Fatalf("%s after the first of two", got)
	}
	if pending := r.live.Offers(); len(pending) != 1 || pending[0] != (game.Pending{Seat: 1, Offer: "takeback", Accepted: game.SetOf(0)}) {
		t.Errorf("%+v", pending)
	}
	r.refused(accept(ann, "takeback"), game.ErrNoSuchOffer)
	r.refused(offer(ann, "takeback"), game.ErrNoSuchOffer)
	r.refused(accept(bob, "takeback"), game.ErrNoSuchOffer)
	if got := names(r.must(accept(cid, "takeback"))); got != "accepted taken_back" || r.live.Ply() != 1 || r.live.Turn() != game.SetOf(1) {
		t.Errorf("%s, ply %d", got, r.live.Ply())
	}

	r = three()
	r.must(offer(bob, "draw"))
	r.must(accept(ann, "draw"))
	r.must(decline(ann, "draw")) // thought better of it
	r.refused(accept(cid, "draw"), game.ErrNoSuchOffer)

	r = three()
	r.must(game.Command{Kind: game.CommandResign, User: cid})
	r.must(offer(cid, "rematch"))
	r.must(accept(bob, "rematch"))
	if r.live.Next() != (game.ID{}) {
		t.Error("a rematch that one of three has not agreed to")
	}
	if ev := r.must(offer(ann, "rematch"))[0]; ev.Kind != game.EventAccepted || ev.Next == "" {
		t.Errorf("%+v", ev)
	}
	if players := r.live.Rematch().Create.Players; !slices.Equal(players, []game.User{cid, ann, bob}) {
		t.Errorf("players of the rematch are %v", players)
	}
}

// Who plays alone agrees with himself.
func TestOffersAlone(t *testing.T) {
	alone := func() *rig {
		r := newRig(t)
		terms := game.Terms{Rules: "toy", Options: `{"seats":1}`, Clock: game.Clock{Initial: 60 * sec}}
		if got := names(r.must(game.Command{Kind: game.CommandCreate, User: ann, Create: &game.Create{Terms: terms}})); got != "created joined started" {
			t.Fatal(got)
		}
		return r
	}
	r := alone()
	r.play("pass", "pass")
	if got := names(r.must(offer(ann, "takeback"))); got != "accepted taken_back" || r.live.Ply() != 1 {
		t.Errorf("%s, ply %d", got, r.live.Ply())
	}
	if got := names(r.must(offer(ann, "draw"))); got != "accepted ended" {
		t.Error(got)
	}
	if got := names(r.must(offer(ann, "rematch"))); got != "accepted" || r.live.Next() == (game.ID{}) || r.events[len(r.events)-1].Next == "" {
		t.Errorf("%s, next %v", got, r.live.Next())
	}
	r = alone()
	if r.must(game.Command{Kind: game.CommandResign, User: ann}); *r.live.Result() != game.Drawn(game.ReasonResignation) {
		t.Errorf("%+v", r.live.Result())
	}
}

// TestTakeback looks at what is left of the game.
func TestTakeback(t *testing.T) {
	tests := map[string]struct {
		moves []string
		asks  game.User
		ply   int
		shown string
	}{
		"own move, other's turn": {[]string{"e2e4"}, ann, 0, "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"},
		"own move, own turn":     {[]string{"e2e4", "e7e5"}, ann, 0, "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"},
		"black's":                {[]string{"e2e4", "e7e5"}, bob, 1, "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"},
		"black's, own turn":      {[]string{"e2e4", "e7e5", "g1f3"}, bob, 1, "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := started(t, game.Terms{Rules: "chess"})
			r.play(test.moves...)
			other := bob
			if test.asks == bob {
				other = ann
			}
			r.must(offer(test.asks, "takeback"))
			events := r.must(accept(other, "takeback"))
			if ev := events[1]; ev.Ply != test.ply || ev.Seat != r.live.SeatOf(test.asks.ID) {
				t.Errorf("%+v", ev)
			}
			if r.live.Ply() != test.ply || r.live.Show(game.NoSeat) != test.shown || len(r.live.Moves()) != test.ply {
				t.Errorf("ply %d, %d moves, %s", r.live.Ply(), len(r.live.Moves()), r.live.Show(game.NoSeat))
			}
			// What was taken back is stale, and the game goes on from there.
			r.refused(game.Command{Kind: game.CommandMove, User: test.asks, Ply: len(test.moves), Move: "a2a3"}, game.ErrStalePly)
			for _, text := range append([]string{"d2d4", "d7d5", "c2c4"}[test.ply:], "d5c4") {
				r.play(text)
			}
			if want := test.ply + 4 - test.ply; r.live.Ply() != want {
				t.Errorf("ply %d, want %d", r.live.Ply(), want)
			}
		})
	}
}

// A takeback goes on after a takeback, to the very start.
func TestTakebackToTheStart(t *testing.T) {
	r := started(t, game.Terms{Rules: "nim"})
	r.play("1:1", "2:1", "3:1", "3:2")
	for _, want := range []int{2, 0} {
		r.must(offer(ann, "takeback"))
		r.must(accept(bob, "takeback"))
		if r.live.Ply() != want {
			t.Fatalf("ply %d, want %d", r.live.Ply(), want)
		}
	}
	r.refused(offer(ann, "takeback"), game.ErrNoSuchOffer)
	if shown := r.live.Show(game.NoSeat); shown != "[3 4 5] first" {
		t.Error(shown)
	}
	var moves int
	for ev := range r.live.EventsAfter(0) {
		if ev.Kind == game.EventMoved {
			moves++
		}
	}
	if moves != 4 || len(r.live.Moves()) != 0 {
		t.Errorf("%d moves in the history and %d on the board", moves, len(r.live.Moves()))
	}
	r.play("3:5")
}

// No time is given back; who asks pays for the turn that is cut short, and who grants it does not.
func TestClocksOfATakeback(t *testing.T) {
	clock := game.Clock{Initial: 60 * sec, Increment: 2 * sec}
	tests := map[string]struct {
		asks, grants game.User
		want         [2]int64 // left after the takeback
	}{
		"asked by who is to move": {ann, bob, [2]int64{60_000 - 5_000 + 2_000 - 10_000, 60_000 - 7_000 + 2_000}},
		"asked by who has moved":  {bob, ann, [2]int64{60_000 - 5_000 + 2_000, 60_000 - 7_000 + 2_000}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := started(t, clocked("toy", clock))
			r.wait(5 * sec)
			r.play("pass")
			r.wait(7 * sec)
			r.play("pass")
			r.wait(4 * sec)
			r.must(offer(test.asks, "takeback"))
			r.wait(6 * sec)
			r.must(accept(test.grants, "takeback"))
			r.wantClocks(r.last(), test.want[:]...)
			r.wait(3 * sec)
			turn := r.live.SeatOf(test.asks.ID)
			if ev := r.must(r.move("pass", 0))[0]; ev.Seat != turn || ev.Elapsed != 3*sec {
				t.Errorf("%+v", ev)
			}
		})
	}
}

func TestNoTakebackOfWhatWasHidden(t *testing.T) {
	r := started(t, game.Terms{Rules: "rps"})
	r.must(game.Command{Kind: game.CommandMove, User: ann, Ply: 0, Move: "rock"})
	r.refused(offer(ann, "takeback"), game.ErrForbidden)
}

// TestRematch makes the rematch, and the rematch of the rematch.
func TestRematch(t *testing.T) {
	r := started(t, game.Terms{Rules: "toy", Clock: game.Clock{Initial: 60 * sec}, Rated: true, Options: `{"together":false}`, Source: game.SourceMatch, Seed: 42})
	if r.live.Next() != (game.ID{}) {
		t.Fatal("a rematch before the end")
	}
	players, seeds, ids := []game.User{ann, bob}, []uint64{42}, []game.ID{r.live.ID()}
	for range 3 {
		r.play("win")
		r.must(offer(players[0], "rematch"))
		ev := r.must(accept(players[1], "rematch"))[0]
		id := r.live.Next()
		if id != r.live.RematchID() || ev.Next != id.String() || slices.Contains(ids, id) {
			t.Fatalf("the rematch is %v, told as %s", id, ev.Next)
		}
		cmd := r.live.Rematch()
		slices.Reverse(players)
		terms := cmd.Create.Terms
		if cmd.Kind != game.CommandCreate || cmd.ID == "" || cmd.User != (game.User{}) || !slices.Equal(cmd.Create.Players, players) {
			t.Fatalf("%+v", cmd)
		}
		if slices.Contains(seeds, terms.Seed) {
			t.Errorf("seed %d comes again", terms.Seed)
		}
		ids, seeds = append(ids, id), append(seeds, terms.Seed)
		terms.Seed, terms.Source = 42, game.SourceMatch
		if cmd.Create.Terms.Source != game.SourceRematch || terms != r.live.Terms() && len(ids) == 2 {
			t.Errorf("terms %+v", cmd.Create.Terms)
		}
		if again := r.live.Rematch(); again.ID != cmd.ID || again.Create.Terms != cmd.Create.Terms || !slices.Equal(again.Create.Players, cmd.Create.Players) {
			t.Errorf("asked again, it is %+v", again)
		}
		next := newRig(t)
		next.live, next.replay, next.now = game.New(id, registry), game.New(id, registry), r.now.Add(time.Second)
		if got := names(next.must(cmd)); got != "created joined joined started" {
			t.Fatal(got)
		}
		if seq, known := next.live.Answer("", cmd.ID); !known || seq != 1 {
			t.Errorf("the command is known %t as %d", known, seq)
		}
		next.refused(cmd, game.ErrExists)
		r = next
	}
}

// The terms of a rematch keep its seat for nobody, and its seed is as secret as that of the game before: both its id and its
// seed are needed to know it.
func TestTermsOfARematch(t *testing.T) {
	seeds := map[uint64]bool{}
	for _, name := range []string{"1", "2"} {
		for seed := range uint64(3) {
			g := game.New(game.CreatedBy("ann", name), registry)
			terms := game.Terms{Rules: "nim", Opponent: "bob", Source: game.SourceChallenge, Seed: seed}
			for _, cmd := range []game.Command{{Kind: game.CommandCreate, User: ann, Create: &game.Create{Terms: terms}}, {Kind: game.CommandJoin, User: bob},
				{Kind: game.CommandResign, User: ann}, offer(ann, "rematch"), accept(bob, "rematch")} {
				if err := apply(t, g, cmd, start); err != nil {
					t.Fatal(err)
				}
			}
			next := g.Rematch().Create.Terms
			if next.Opponent != "" || next.Source != game.SourceRematch {
				t.Errorf("%+v", next)
			}
			seeds[next.Seed] = true
		}
	}
	if len(seeds) != 6 {
		t.Errorf("%d seeds of 6 rematches", len(seeds))
	}
}

// A rematch needs opponents, and an end.
func TestNoRematch(t *testing.T) {
	r := waiting(t, game.Terms{Rules: "nim"})
	r.refused(offer(ann, "rematch"), game.ErrNoSuchOffer)
	r.must(game.Command{Kind: game.CommandAbort, User: ann})
	r.refused(offer(ann, "rematch"), game.ErrNoSuchOffer)

	aborted := started(t, game.Terms{Rules: "nim"})
	aborted.must(game.Command{Kind: game.CommandAbort, User: ann})
	aborted.must(offer(ann, "rematch"))
}
