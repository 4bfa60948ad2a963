package game_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
)

// stages are games in each of their stages, with a draw offer by bob in the middle of play and a rematch offer by bob after
// the end.
var stages = []struct {
	name string
	make func(testing.TB) *rig
}{
	{"none", newRig},
	{"waiting", func(tb testing.TB) *rig { return waiting(tb, game.Terms{Rules: "chess"}) }},
	{"started", func(tb testing.TB) *rig { return started(tb, game.Terms{Rules: "chess"}) }},
	{"played", func(tb testing.TB) *rig {
		r := started(tb, game.Terms{Rules: "chess"})
		r.play("e2e4", "e7e5")
		r.must(game.Command{Kind: game.CommandOffer, User: bob, What: "draw"})
		return r
	}},
	{"ended", func(tb testing.TB) *rig {
		r := started(tb, game.Terms{Rules: "chess"})
		r.play("f2f3", "e7e5", "g2g4", "d8h4")
		r.must(game.Command{Kind: game.CommandOffer, User: bob, What: "rematch"})
		return r
	}},
	{"left", func(tb testing.TB) *rig {
		r := waiting(tb, game.Terms{Rules: "chess"})
		r.must(game.Command{Kind: game.CommandAbort, User: ann})
		return r
	}},
}

// TestEveryCommandInEveryStage gives each command to a game in each stage. What is wanted is the events, or the error.
func TestEveryCommandInEveryStage(t *testing.T) {
	create := game.Command{Kind: game.CommandCreate, Create: &game.Create{Terms: game.Terms{Rules: "chess"}, Seat: "white"}}
	join := game.Command{Kind: game.CommandJoin}
	move := func(text string) game.Command { return game.Command{Kind: game.CommandMove, Move: text} }
	ask := func(kind game.CommandKind, what string) game.Command { return game.Command{Kind: kind, What: what} }
	claim := func(what string, absent bool) game.Command {
		return game.Command{Kind: game.CommandClaim, What: what, Absent: absent}
	}
	absent, exists, over, notYet, notSeated := game.ErrNotFound, game.ErrExists, game.ErrGameOver, game.ErrGameNotStarted, game.ErrNotSeated
	nothing := "" // accepted, but nothing happens
	tests := []struct {
		user game.User
		cmd  game.Command
		want [6]any // by stage: names of events, or an error
	}{
		//           none                waiting           started             played               ended            left
		{ann, create, [6]any{"created joined", exists, exists, exists, exists, exists}},
		{bob, create, [6]any{"created joined", exists, exists, exists, exists, exists}},
		{game.User{}, create, [6]any{game.ErrForbidden, exists, exists, exists, exists, exists}},
		{ann, join, [6]any{absent, game.ErrAlreadySeated, game.ErrAlreadySeated, game.ErrAlreadySeated, game.ErrAlreadySeated, game.ErrAlreadySeated}},
		{bob, join, [6]any{absent, "joined started", game.ErrAlreadySeated, game.ErrAlreadySeated, game.ErrAlreadySeated, over}},
		{eve, join, [6]any{absent, "joined started", game.ErrSeatTaken, game.ErrSeatTaken, over, over}},
		{game.User{}, join, [6]any{absent, game.ErrForbidden, game.ErrSeatTaken, game.ErrSeatTaken, over, over}},
		{ann, move("d2d4"), [6]any{absent, notYet, "moved", "moved", over, over}},
		{ann, move("e2e5"), [6]any{absent, notYet, game.ErrIllegal, game.ErrIllegal, over, over}},
		{ann, move(strings.Repeat("x", game.MoveBytesMax+1)), [6]any{absent, notYet, game.ErrIllegal, game.ErrIllegal, over, over}},
		{bob, move("d7d5"), [6]any{absent, notSeated, game.ErrNotYourTurn, game.ErrNotYourTurn, over, notSeated}},
		{eve, move("d2d4"), [6]any{absent, notSeated, notSeated, notSeated, notSeated, notSeated}},
		{ann, game.Command{Kind: game.CommandResign}, [6]any{absent, notYet, "ended", "ended", over, over}},
		{bob, game.Command{Kind: game.CommandResign}, [6]any{absent, notSeated, "ended", "ended", over, notSeated}},
		{eve, game.Command{Kind: game.CommandResign}, [6]any{absent, notSeated, notSeated, notSeated, notSeated, notSeated}},
		{ann, game.Command{Kind: game.CommandAbort}, [6]any{absent, "ended", "ended", game.ErrCannotAbort, over, over}},
		{bob, game.Command{Kind: game.CommandAbort}, [6]any{absent, notSeated, "ended", game.ErrCannotAbort, over, notSeated}},
		{eve, game.Command{Kind: game.CommandAbort}, [6]any{absent, notSeated, notSeated, notSeated, notSeated, notSeated}},

		{ann, ask(game.CommandOffer, "draw"), [6]any{absent, notYet, "offered", "accepted ended", over, over}},
		{bob, ask(game.CommandOffer, "draw"), [6]any{absent, notSeated, "offered", game.ErrTooMany, over, notSeated}},
		{ann, ask(game.CommandAccept, "draw"), [6]any{absent, notYet, game.ErrNoSuchOffer, "accepted ended", over, over}},
		{bob, ask(game.CommandAccept, "draw"), [6]any{absent, notSeated, game.ErrNoSuchOffer, game.ErrNoSuchOffer, over, notSeated}},
		{ann, ask(game.CommandDecline, "draw"), [6]any{absent, notYet, game.ErrNoSuchOffer, "declined", over, over}},
		{bob, ask(game.CommandDecline, "draw"), [6]any{absent, notSeated, game.ErrNoSuchOffer, "declined", over, notSeated}},
		{ann, ask(game.CommandOffer, "takeback"), [6]any{absent, notYet, game.ErrNoSuchOffer, "offered", over, over}},
		{bob, ask(game.CommandOffer, "takeback"), [6]any{absent, notSeated, game.ErrNoSuchOffer, "offered", over, notSeated}},
		{ann, ask(game.CommandAccept, "takeback"), [6]any{absent, notYet, game.ErrNoSuchOffer, game.ErrNoSuchOffer, over, over}},
		{ann, ask(game.CommandDecline, "takeback"), [6]any{absent, notYet, game.ErrNoSuchOffer, game.ErrNoSuchOffer, over, over}},
		{ann, ask(game.CommandOffer, "rematch"), [6]any{absent, game.ErrNoSuchOffer, game.ErrNoSuchOffer, game.ErrNoSuchOffer, "accepted", game.ErrNoSuchOffer}},
		{bob, ask(game.CommandOffer, "rematch"), [6]any{absent, notSeated, game.ErrNoSuchOffer, game.ErrNoSuchOffer, game.ErrTooMany, notSeated}},
		{ann, ask(game.CommandAccept, "rematch"), [6]any{absent, game.ErrNoSuchOffer, game.ErrNoSuchOffer, game.ErrNoSuchOffer, "accepted", game.ErrNoSuchOffer}},
		{ann, ask(game.CommandDecline, "rematch"), [6]any{absent, game.ErrNoSuchOffer, game.ErrNoSuchOffer, game.ErrNoSuchOffer, "declined", game.ErrNoSuchOffer}},
		{bob, ask(game.CommandDecline, "rematch"), [6]any{absent, notSeated, game.ErrNoSuchOffer, game.ErrNoSuchOffer, "declined", notSeated}},
		{eve, ask(game.CommandOffer, "draw"), [6]any{absent, notSeated, notSeated, notSeated, notSeated, notSeated}},
		{eve, ask(game.CommandAccept, "draw"), [6]any{absent, notSeated, notSeated, notSeated, notSeated, notSeated}},
		{eve, ask(game.CommandDecline, "rematch"), [6]any{absent, notSeated, notSeated, notSeated, notSeated, notSeated}},
		{ann, ask(game.CommandOffer, "tea"), [6]any{absent, game.ErrNoSuchOffer, game.ErrNoSuchOffer, game.ErrNoSuchOffer, game.ErrNoSuchOffer, game.ErrNoSuchOffer}},
		{ann, ask(game.CommandAccept, ""), [6]any{absent, game.ErrNoSuchOffer, game.ErrNoSuchOffer, game.ErrNoSuchOffer, game.ErrNoSuchOffer, game.ErrNoSuchOffer}},

		{ann, claim("abandonment", true), [6]any{absent, notYet, "ended", "ended", over, over}},
		{bob, claim("abandonment", true), [6]any{absent, notSeated, "ended", "ended", over, notSeated}},
		{ann, claim("abandonment", false), [6]any{absent, notYet, game.ErrForbidden, game.ErrForbidden, over, over}},
		{ann, claim("threefold", false), [6]any{absent, notYet, game.ErrIllegal, game.ErrIllegal, over, over}},
		{ann, claim("the moon", true), [6]any{absent, notYet, game.ErrIllegal, game.ErrIllegal, over, over}},
		{eve, claim("abandonment", true), [6]any{absent, notSeated, notSeated, notSeated, notSeated, notSeated}},

		{game.User{}, game.Command{Kind: game.CommandTick}, [6]any{absent, nothing, nothing, nothing, nothing, nothing}},
		{game.User{}, game.Command{Kind: game.CommandThaw, Alive: start}, [6]any{absent, nothing, nothing, nothing, nothing, nothing}},
		{ann, game.Command{}, [6]any{absent, notYet, game.ErrForbidden, game.ErrForbidden, over, over}},
		{ann, game.Command{Kind: 99}, [6]any{absent, notYet, game.ErrForbidden, game.ErrForbidden, over, over}},
		{eve, game.Command{Kind: 99}, [6]any{absent, notSeated, notSeated, notSeated, notSeated, notSeated}},
		{game.User{ID: strings.Repeat("u", game.IDBytesMax+1)}, join, [6]any{game.ErrForbidden, game.ErrForbidden, game.ErrForbidden, game.ErrForbidden, game.ErrForbidden, game.ErrForbidden}},
		{game.User{ID: "u", Name: strings.Repeat("u", game.IDBytesMax+1)}, join, [6]any{game.ErrForbidden, game.ErrForbidden, game.ErrForbidden, game.ErrForbidden, game.ErrForbidden, game.ErrForbidden}},
	}
	for _, test := range tests {
		for i, stage := range stages {
			cmd := test.cmd
			cmd.User = test.user
			t.Run(describe(cmd)+"/"+stage.name, func(t *testing.T) {
				r := stage.make(t)
				r.wait(time.Second)
				cmd.Ply = r.live.Ply()
				events, err := r.give(cmd)
				switch want := test.want[i].(type) {
				case string:
					if err != nil || names(events) != want {
						t.Errorf("events %q, error %v, want %q", names(events), err, want)
					}
				case error:
					if !errors.Is(err, want) || len(events) > 0 {
						t.Errorf("events %q, error %v, want %v", names(events), err, want)
					}
					if err != nil && err.Error() == "" {
						t.Error("an error without words")
					}
				}
			})
		}
	}
}

func TestCommandIDIsBounded(t *testing.T) {
	r := waiting(t, game.Terms{Rules: "nim"})
	r.refused(game.Command{Kind: game.CommandJoin, User: bob, ID: strings.Repeat("i", game.IDBytesMax+1)}, game.ErrForbidden)
	r.must(game.Command{Kind: game.CommandJoin, User: bob, ID: strings.Repeat("i", game.IDBytesMax)})
}

// What a client wrote comes back in refusals only up to a bound.
func TestRefusalsAreShort(t *testing.T) {
	long := strings.Repeat("long ", 1000)
	r := started(t, game.Terms{Rules: "chess"})
	w := waiting(t, game.Terms{Rules: "chess"})
	n := newRig(t)
	for _, err := range []error{
		second(r.give(game.Command{Kind: game.CommandOffer, User: ann, What: long})),
		second(r.give(game.Command{Kind: game.CommandClaim, User: ann, What: long})),
		second(r.give(game.Command{Kind: game.CommandMove, User: ann, Move: long})),
		second(w.give(game.Command{Kind: game.CommandJoin, User: bob, Seat: long})),
		second(n.give(game.Command{Kind: game.CommandCreate, User: ann, Create: &game.Create{Terms: game.Terms{Rules: "chess"}, Seat: long}})),
		second(n.give(game.Command{Kind: game.CommandCreate, User: ann, Create: &game.Create{Terms: game.Terms{Rules: "nim", Options: long}}})),
		second(n.give(game.Command{Kind: game.CommandCreate, User: ann, Create: &game.Create{Terms: game.Terms{Rules: long}}})),
	} {
		if err == nil || len(err.Error()) > 250 {
			t.Errorf("error %v", err)
		}
	}
}

func second[A, B any](_ A, b B) B { return b }

func TestStaleMoves(t *testing.T) {
	tests := map[string]struct {
		user game.User
		ply  int
		move string
		want error
	}{
		"in time":                    {ann, 2, "g1f3", nil},
		"one too early":              {ann, 3, "g1f3", game.ErrStalePly},
		"one too late":               {ann, 1, "g1f3", game.ErrStalePly},
		"very late":                  {ann, 0, "g1f3", game.ErrStalePly},
		"before the first":           {ann, -1, "g1f3", game.ErrStalePly},
		"other's turn":               {bob, 2, "g8f6", game.ErrNotYourTurn},
		"other's turn, and late":     {bob, 1, "g8f6", game.ErrStalePly},
		"other's turn, and early":    {bob, 3, "g8f6", game.ErrStalePly},
		"late and illegal":           {ann, 1, "g1g3", game.ErrStalePly},
		"the move that was made":     {bob, 1, "e7e5", game.ErrStalePly},
		"far from what can be meant": {ann, 1 << 40, "g1f3", game.ErrStalePly},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := started(t, game.Terms{Rules: "chess"})
			r.play("e2e4", "e7e5")
			cmd := game.Command{Kind: game.CommandMove, User: test.user, Ply: test.ply, Move: test.move}
			if test.want != nil {
				r.refused(cmd, test.want)
				return
			}
			if ev := r.must(cmd)[0]; ev.Ply != 3 || ev.Seat != 0 || ev.Move.Text != test.move || ev.Move.Notation != "Nf3" {
				t.Errorf("%+v", ev)
			}
		})
	}
}

func TestResults(t *testing.T) {
	two, three := game.Terms{Rules: "toy"}, game.Terms{Rules: "toy", Options: `{"seats":3}`}
	tests := map[string]struct {
		terms game.Terms
		moves []string
		cmd   game.Command
		want  game.Result
		score string
	}{
		"resigns, of two":      {two, nil, game.Command{Kind: game.CommandResign, User: ann}, game.Won(1, game.ReasonResignation), "0-1"},
		"other resigns":        {two, nil, game.Command{Kind: game.CommandResign, User: bob}, game.Won(0, game.ReasonResignation), "1-0"},
		"resigns, of three":    {three, nil, game.Command{Kind: game.CommandResign, User: ann}, game.Drawn(game.ReasonResignation), "1/2-1/2-1/2"},
		"aborts":               {two, nil, game.Command{Kind: game.CommandAbort, User: bob}, game.Drawn(game.ReasonAborted), "*"},
		"aborts after one":     {two, []string{"pass"}, game.Command{Kind: game.CommandAbort, User: ann}, game.Drawn(game.ReasonAborted), "*"},
		"aborts unmoved":       {two, []string{"again", "again", "again"}, game.Command{Kind: game.CommandAbort, User: bob}, game.Drawn(game.ReasonAborted), "*"},
		"claims abandonment":   {two, nil, game.Command{Kind: game.CommandClaim, User: bob, What: "abandonment", Absent: true}, game.Won(1, game.ReasonAbandonment), "0-1"},
		"claims by the rules":  {two, []string{"pass"}, game.Command{Kind: game.CommandClaim, User: ann, What: "luck"}, game.Won(0, "luck"), "1-0"},
		"wins":                 {two, []string{"pass"}, game.Command{Kind: game.CommandMove, User: bob, Ply: 1, Move: "win"}, game.Won(1, game.ReasonRules), "0-1"},
		"draws":                {two, []string{"pass"}, game.Command{Kind: game.CommandMove, User: bob, Ply: 1, Move: "draw"}, game.Drawn(game.ReasonRules), "1/2-1/2"},
		"ends without reason":  {two, []string{"pass"}, game.Command{Kind: game.CommandMove, User: bob, Ply: 1, Move: "end"}, game.Result{Winner: game.NoSeat}, "1/2-1/2"},
		"third of three wins":  {three, []string{"pass", "pass"}, game.Command{Kind: game.CommandMove, User: cid, Ply: 2, Move: "win"}, game.Won(2, game.ReasonRules), "0-0-1"},
		"second of three wins": {three, []string{"pass"}, game.Command{Kind: game.CommandMove, User: bob, Ply: 1, Move: "win"}, game.Won(1, game.ReasonRules), "0-1-0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := started(t, test.terms)
			if r.live.Status() == game.StatusWaiting {
				r.must(game.Command{Kind: game.CommandJoin, User: cid})
			}
			r.play(test.moves...)
			r.wait(time.Minute)
			r.must(test.cmd)
			got := r.live.Result()
			if got == nil || *got != test.want || r.live.Status() != game.StatusEnded || r.live.Turn() != 0 {
				t.Fatalf("result %+v, want %+v; status %v, turn %b", got, test.want, r.live.Status(), r.live.Turn())
			}
			if score := got.Score(len(r.live.SeatNames())); score != test.score {
				t.Errorf("score %s, want %s", score, test.score)
			}
			if want := r.now.Truncate(time.Millisecond); !r.live.EndedAt().Equal(want) {
				t.Errorf("ended at %v, want %v", r.live.EndedAt(), want)
			}
		})
	}
}

// Rules without claims know abandonment alone.
func TestClaimsOfRulesWithoutClaims(t *testing.T) {
	r := started(t, game.Terms{Rules: "plain"})
	r.play("pass")
	r.refused(game.Command{Kind: game.CommandClaim, User: ann, What: "luck"}, game.ErrIllegal)
	r.must(game.Command{Kind: game.CommandClaim, User: ann, What: "abandonment", Absent: true})
}

// A game can be aborted until each side has moved, not until as many moves were made as there are sides.
func TestAbortLooksAtWhoHasMoved(t *testing.T) {
	r := started(t, game.Terms{Rules: "toy"})
	r.play("again", "again", "pass", "pass")
	r.refused(game.Command{Kind: game.CommandAbort, User: ann}, game.ErrCannotAbort)

	taken := started(t, game.Terms{Rules: "toy"})
	taken.play("again", "pass", "pass")
	taken.refused(game.Command{Kind: game.CommandAbort, User: bob}, game.ErrCannotAbort)
	taken.must(game.Command{Kind: game.CommandOffer, User: bob, What: "takeback"})
	taken.must(game.Command{Kind: game.CommandAccept, User: ann, What: "takeback"})
	taken.must(game.Command{Kind: game.CommandAbort, User: bob})
}

// TestEventsMax plays until there is no room: the game ends with the last event that it may have, and nothing comes after.
func TestEventsMax(t *testing.T) {
	for _, clock := range []game.Clock{{}, {Initial: time.Hour}} {
		t.Run(fmt.Sprint(clock.Clocked()), func(t *testing.T) {
			g := startedGame(t, clocked("toy", clock), ann, bob)
			now, offered := start, uint64(0)
			for n := 0; g.Status() == game.StatusPlaying; n++ {
				player := g.Player(game.Seat(g.Ply() % 2))
				if player == ann {
					if err := apply(t, g, game.Command{Kind: game.CommandOffer, User: player, What: "draw"}, now); err == nil {
						offered = g.Seq()
					} else if !errors.Is(err, game.ErrTooMany) {
						t.Fatal(err)
					}
				}
				cmd := game.Command{Kind: game.CommandMove, User: player, Ply: g.Ply(), Move: "pass"}
				if clock.Clocked() && n%3 == 0 {
					cmd = game.Command{Kind: game.CommandThaw, Alive: now}
				}
				if err := apply(t, g, cmd, now); err != nil {
					t.Fatal(err)
				}
			}
			if g.Seq() != game.EventsMax || *g.Result() != game.Drawn(game.ReasonAborted) {
				t.Errorf("ended with event %d of %d: %+v", g.Seq(), game.EventsMax, g.Result())
			}
			if offered < game.EventsMax/2-4 || offered > game.EventsMax/2 {
				t.Errorf("the last offer was event %d", offered)
			}
			if err := apply(t, g, game.Command{Kind: game.CommandOffer, User: ann, What: "rematch"}, now); !errors.Is(err, game.ErrTooMany) {
				t.Errorf("rematch: %v", err)
			}
			restored, err := game.Restore(g.ID(), registry, g.AppendSnapshot(nil))
			if err != nil || restored.Seq() != game.EventsMax {
				t.Errorf("restored: %v", err)
			}
		})
	}
}

// A game that ends by itself with the last events that it may have is not ended twice.
func TestEndAtEventsMax(t *testing.T) {
	for text, want := range map[string]struct {
		events string
		result game.Result
	}{"win": {"moved ended", game.Won(0, game.ReasonRules)}, "pass": {"moved ended", game.Drawn(game.ReasonAborted)}, "": {"ended", game.Won(1, game.ReasonResignation)}} {
		g := startedGame(t, game.Terms{Rules: "toy"}, ann, bob)
		for g.Seq() < game.EventsMax-2 {
			if err := apply(t, g, game.Command{Kind: game.CommandMove, User: g.Player(game.Seat(g.Ply() % 2)), Ply: g.Ply(), Move: "pass"}, start); err != nil {
				t.Fatal(err)
			}
		}
		cmd := game.Command{Kind: game.CommandMove, User: ann, Ply: g.Ply(), Move: text}
		if text == "" {
			cmd.Kind = game.CommandResign
		}
		if events, err := g.Decide(cmd, start); err != nil || names(events) != want.events || *events[len(events)-1].Result != want.result {
			t.Errorf("%q: %s, error %v", text, names(events), err)
		}
	}
}

// startedGame returns a game without a rig around it.
func startedGame(tb testing.TB, terms game.Terms, players ...game.User) *game.Game {
	tb.Helper()
	g := game.New(game.CreatedBy("ann", tb.Name()), registry)
	if err := apply(tb, g, game.Command{Kind: game.CommandCreate, Create: &game.Create{Terms: terms, Players: players}}, start); err != nil {
		tb.Fatal(err)
	}
	return g
}

// apply decides on the command and applies and shows what comes of it.
func apply(tb testing.TB, g *game.Game, cmd game.Command, at time.Time) error {
	tb.Helper()
	events, err := g.Decide(cmd, at)
	for _, ev := range events {
		if err := g.Apply(ev); err != nil {
			tb.Fatal(err)
		}
	}
	g.Visible(at)
	return err
}
