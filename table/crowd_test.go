package table_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/table"
)

// told is what everybody is told of a request, in short.
func (r *rig) told(body any) string {
	r.t.Helper()
	turn := r.give(body)
	if turn.Reply != nil || len(turn.Events) > 0 || len(turn.Sends) > 0 {
		r.t.Fatalf("%+v has consequences: %+v", body, turn)
	}
	if turn.Notice == nil {
		return ""
	}
	notice := turn.Notice.(*table.Notice)
	if notice.First != 0 || notice.Last != 0 {
		r.t.Fatalf("%+v has the seq of events", notice)
	}
	var short []string
	for _, m := range messages(r.t, notice.Frames.For(game.NoSeat)) {
		switch m.Type {
		case "presence":
			short = append(short, fmt.Sprint(m.Seat, " ", *m.Present))
		case "watchers":
			short = append(short, fmt.Sprint("watchers ", *m.Count))
		default:
			r.t.Fatalf("told of %s", m.Type)
		}
	}
	return strings.Join(short, ", ")
}

// A player is present who is at one gateway at least; watchers are those of all gateways.
func TestGatewaysTogether(t *testing.T) {
	r := newRig(t, nil)
	r.create("chess", game.Clock{})
	for _, step := range []struct {
		body any
		want string
	}{
		{&table.Presence{User: "ann", Present: true, From: "b"}, "white true"},
		{&table.Presence{User: "ann", Present: true, From: "b"}, ""}, // told again
		{&table.Presence{User: "ann", Present: true, From: "c"}, ""},
		{&table.Presence{User: "ann", From: "b"}, ""}, // still at c
		{&table.Presence{User: "ann", From: "b"}, ""},
		{&table.Presence{User: "ann", From: "c"}, "white false"},
		{&table.Presence{User: "ann", From: "c"}, ""},
		{&table.Presence{User: "eve", Present: true, From: "c"}, ""},
		{&table.Watching{From: "b", Count: 2}, "watchers 2"},
		{&table.Watching{From: "c", Count: 3}, "watchers 5"},
		{&table.Watching{From: "c", Count: 3}, ""},
		{&table.Watching{From: "b", Count: 0}, "watchers 3"},
		{&table.Watching{From: "d", Count: 0}, "watchers 3"}, // it had told this table before it was forgotten
		{&table.Watching{From: "d", Count: -7}, "watchers 3"},
		{&table.Presence{User: "ann", Present: true, From: "c"}, "white true"},
		{&table.Presence{User: "ann", Present: true, From: "d"}, ""},
		{&table.Presence{User: "bob", Present: true, From: "c"}, "black true"},
		{codec.Departed("c"), "black false, watchers 0"},
		{codec.Departed("c"), ""},
		{codec.Departed("d"), "white false"},
	} {
		if got := r.told(step.body); got != step.want {
			t.Errorf("%T%+v: told %q, want %q", step.body, step.body, got, step.want)
		}
	}
	if len(r.log) != 4 {
		t.Errorf("%d events are journaled, want 4: who is there is not durable", len(r.log))
	}
}

// A player at a gateway whose node has gone has been away from then on.
func TestAbsentSinceTheNodeHasGone(t *testing.T) {
	r := newRig(t, nil)
	r.create("chess", game.Clock{})
	for _, from := range []string{"b", "c"} {
		r.told(&table.Presence{User: "bob", Present: true, From: from})
	}
	claim := func(id string) string {
		return string(r.act(game.Command{Kind: game.CommandClaim, User: ann, ID: id, What: game.ClaimAbandonment}).Code)
	}
	r.now = r.now.Add(time.Hour)
	r.told(codec.Departed("b"))
	if code := claim("1"); code != "forbidden" {
		t.Fatalf("who is at another gateway has abandoned the game: %q", code)
	}
	r.told(codec.Departed("c"))
	r.now = r.now.Add(time.Minute - 3*time.Second)
	if code := claim("2"); code != "forbidden" {
		t.Fatalf("within the grace: %q", code)
	}
	if r.now = r.now.Add(3 * time.Second); claim("3") != "" {
		t.Fatal("after the grace the game is not abandoned")
	}
}

// Watchers keep a game in memory that goes on, as players do; but none that does not exist.
func TestWatchersKeepAGameInMemory(t *testing.T) {
	r := newRig(t, nil)
	r.told(&table.Watching{From: "b", Count: 1})
	if needs := r.actor.Needs(); needs.Stay {
		t.Error("a game that does not exist stays in memory")
	}
	r.create("chess", game.Clock{})
	for count, stay := range []bool{false, true} {
		r.told(&table.Watching{From: "b", Count: count})
		if needs := r.actor.Needs(); needs.Stay != stay {
			t.Errorf("with %d who watch, stay is %v", count, needs.Stay)
		}
	}
}

// What a table remembers of gateways has a bound.
func TestGatewaysHaveABound(t *testing.T) {
	r := newRig(t, nil)
	r.create("chess", game.Clock{})
	for i := range 1000 {
		r.give(&table.Presence{User: "ann", Present: true, From: fmt.Sprint(i)})
		r.give(&table.Watching{From: fmt.Sprint(i), Count: 1})
	}
	if got := r.told(&table.Watching{From: "999", Count: 2}); got != "watchers 257" {
		t.Errorf("of a thousand gateways: %s", got)
	}
	for i := range 1000 {
		if got, want := r.told(&table.Presence{User: "ann", From: fmt.Sprint(i)}), i == 999; (got != "") != want {
			t.Fatalf("without gateway %d: told %q", i, got)
		}
	}
}

// Notices say which events they bring, so that somebody to whom one did not come finds out.
func TestNoticesHaveNoGaps(t *testing.T) {
	for _, rules := range []string{"chess", "rps"} {
		r := newRig(t, nil)
		last := uint64(0)
		for _, cmd := range []game.Command{{Kind: game.CommandCreate, User: ann, ID: "c", Create: &game.Create{Seat: seatOf(rules), Terms: game.Terms{Rules: rules, Seed: 7}}},
			{Kind: game.CommandJoin, User: bob, ID: "j"}, move(ann, 0, map[string]string{"chess": "e2e4", "rps": "rock"}[rules]), {Kind: game.CommandResign, User: ann, ID: "r"}} {
			notice := r.give(&table.Act{Command: cmd}).Notice.(*table.Notice)
			for seat := range 2 {
				all := messages(t, notice.Frames.For(game.Seat(seat)))
				if notice.First != last+1 || all[0].Seq != notice.First || all[len(all)-1].Seq != notice.Last {
					t.Errorf("after %d: events %d to %d, and the notice says %d to %d", last, all[0].Seq, all[len(all)-1].Seq, notice.First, notice.Last)
				}
			}
			last = notice.Last
		}
	}
}
