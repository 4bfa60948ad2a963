package game_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
)

// TestAnswers gives commands with ids, and asks for them then and after a restart.
func TestAnswers(t *testing.T) {
	r := newRig(t)
	give := func(cmd game.Command, id string) {
		t.Helper()
		cmd.ID = id
		r.must(cmd)
	}
	give(game.Command{Kind: game.CommandCreate, User: ann, Create: &game.Create{Terms: clocked("toy", game.Clock{Initial: time.Minute}), Seat: "a"}}, "1")
	give(game.Command{Kind: game.CommandJoin, User: bob}, "1") // each user has ids of his own
	give(r.move("pass", 0), "2")
	give(offer(ann, "takeback"), "3")
	give(accept(bob, "takeback"), "a rather long id, with Ünicode, of 64 characters or thereabouts")
	give(r.move("pass", 0), "4")
	r.refused(game.Command{Kind: game.CommandMove, User: ann, ID: "5", Ply: 1, Move: "pass"}, game.ErrNotYourTurn)
	give(r.move("win", 0), "6")
	want := map[game.Cause]uint64{
		{User: "ann", Command: "1"}: 1, {User: "bob", Command: "1"}: 3, {User: "ann", Command: "2"}: 5, {User: "ann", Command: "3"}: 6,
		{User: "bob", Command: "a rather long id, with Ünicode, of 64 characters or thereabouts"}: 7, {User: "ann", Command: "4"}: 9,
		{User: "bob", Command: "6"}: 10,
		// Refused, of others, of nobody, without an id, or put together from parts of those there are.
		{User: "ann", Command: "5"}: 0, {User: "bob", Command: "2"}: 0, {User: "eve", Command: "1"}: 0, {User: "", Command: "1"}: 0,
		{User: "ann", Command: ""}: 0, {User: "", Command: ""}: 0, {User: "ann1", Command: ""}: 0, {User: "", Command: "ann1"}: 0, {User: "an", Command: "n1"}: 0,
	}
	restored, err := game.Restore(r.live.ID(), registry, r.live.AppendSnapshot(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []*game.Game{r.live, r.replay, restored} {
		for cause, seq := range want {
			if got, known := g.Answer(cause.User, cause.Command); got != seq || known != (seq != 0) {
				t.Errorf("%+v is known %t as %d, want %d", cause, known, got, seq)
			}
		}
	}
	if _, known := game.New(game.ID{}, registry).Answer("ann", "1"); known {
		t.Error("a game before its first event knows a command")
	}
}

// Who rolls is told the same whenever the same command is given to the same state.
func TestDecideIsPure(t *testing.T) {
	r := started(t, clocked("toy", game.Clock{Initial: time.Minute}))
	cmd := r.move("roll", 100*ms)
	cmd.ID = "x"
	r.wait(sec)
	first, err := r.live.Decide(cmd, r.now)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.live.Decide(cmd, r.now)
	if err != nil || !reflect.DeepEqual(first, second) {
		t.Errorf("%+v, then %+v, %v", first, second, err)
	}
	first[0].Clocks[0] = 0 // what was decided does not belong to the game
	if third, err := r.live.Decide(cmd, r.now); err != nil || !reflect.DeepEqual(third, second) {
		t.Errorf("%+v, then %+v, %v", second, third, err)
	}
	if err := r.live.Apply(second[0]); err != nil {
		t.Fatal(err)
	}
	second[0].Clocks[0] = 0 // nor does what was applied
	if left := r.live.Left(0, r.now); left != 59*sec+100*ms {
		t.Errorf("%v left", left)
	}
}

// A game keeps nothing that belongs to others.
func TestNothingIsShared(t *testing.T) {
	r := started(t, clocked("nim", game.Clock{Initial: time.Minute}))
	lent := r.live.AppendSnapshot(nil)
	want := slices.Clone(lent)
	restored, err := game.Restore(r.live.ID(), registry, lent)
	if err != nil {
		t.Fatal(err)
	}
	clear(lent)
	if !bytes.Equal(restored.AppendSnapshot(nil), want) {
		t.Error("Restore keeps the snapshot's bytes")
	}
	for _, ev := range r.must(game.Command{Kind: game.CommandResign, User: ann}) {
		ev.Result.Winner = 0
	}
	if *r.live.Result() != game.Won(1, game.ReasonResignation) {
		t.Error("Apply keeps the event's result")
	}
	entry := game.AppendEvent(nil, goldenEvents()[4])
	ev, err := game.DecodeEvent(entry)
	if clear(entry); err != nil || !reflect.DeepEqual(ev, goldenEvents()[4]) {
		t.Error("DecodeEvent keeps the bytes")
	}
}

// Clocks after a move that are not those that follow from it, as another version may count them, are kept as they were told.
func TestClocksThatDoNotFollow(t *testing.T) {
	r := started(t, clocked("toy", game.Clock{Initial: time.Minute, Increment: sec}))
	events, err := r.live.Decide(r.move("pass", 0), r.now)
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range [][]time.Duration{{61 * sec, 59 * sec}, {62 * sec, 60 * sec}, {0, 0}} {
		ev := events[0]
		ev.Clocks = left
		g, err := game.Restore(r.live.ID(), registry, r.live.AppendSnapshot(nil))
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Apply(ev); err != nil {
			t.Fatal(err)
		}
		if g, err = game.Restore(g.ID(), registry, g.AppendSnapshot(nil)); err != nil {
			t.Fatal(err)
		}
		if got := g.Moves()[0].Clocks; !slices.Equal(got, left) || g.Left(0, r.now) != left[0] {
			t.Errorf("%v is kept as %v", left, got)
		}
	}
}

func TestIDs(t *testing.T) {
	id := game.CreatedBy("ann", "1")
	if id != game.CreatedBy("ann", "1") || id != game.DeriveID("create", "ann", "1") {
		t.Error("an id that is not the same each time")
	}
	// Ids are kept over updates: this one must never change.
	if got := id.String(); got != "f5bfd309-0b10-8641-bf60-5a14c4207e30" {
		t.Errorf("the id is %s", got)
	}
	seen := map[game.ID]string{}
	for i, parts := range [][]string{{}, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}, {"", "abc"}, {"create", "ann", "1"}, {"ann", "create", "1"}} {
		id := game.DeriveID(parts...)
		if other, twice := seen[id]; twice {
			t.Errorf("%q and %s have one id", parts, other)
		}
		seen[id] = fmt.Sprintf("%q", parts)
		if id.Version() != 8 || id.Variant().String() != "RFC4122" {
			t.Errorf("id %d, %s: version %d, variant %s", i, id, id.Version(), id.Variant())
		}
	}
}

func TestNamesOfKinds(t *testing.T) {
	want := []string{"created", "joined", "started", "moved", "offered", "accepted", "declined", "taken_back", "clock_adjusted", "ended"}
	for i, kind := range game.EventKinds() {
		if kind.String() != want[i] || int(kind) != i+1 {
			t.Errorf("kind %d is %s, want %s", kind, kind, want[i])
		}
	}
	for _, kind := range []game.EventKind{0, 11, 255} {
		if kind.String() != "unknown" {
			t.Errorf("kind %d is %s", kind, kind)
		}
	}
	for status, want := range map[game.Status]string{game.StatusNone: "none", game.StatusWaiting: "waiting", game.StatusPlaying: "playing", game.StatusEnded: "ended"} {
		if status.String() != want {
			t.Errorf("%s, want %s", status, want)
		}
	}
}

func TestScore(t *testing.T) {
	for _, test := range []struct {
		result game.Result
		seats  int
		want   string
	}{
		{game.Won(0, game.ReasonCheckmate), 2, "1-0"}, {game.Won(1, game.ReasonTimeout), 2, "0-1"}, {game.Drawn(game.ReasonStalemate), 2, "1/2-1/2"},
		{game.Drawn(game.ReasonAborted), 2, "*"}, {game.Won(1, game.ReasonRules), 3, "0-1-0"}, {game.Won(0, game.ReasonRules), 1, "1"},
	} {
		if got := test.result.Score(test.seats); got != test.want {
			t.Errorf("%+v of %d: %s, want %s", test.result, test.seats, got, test.want)
		}
	}
}

func TestSeatSets(t *testing.T) {
	set := game.SetOf(0, 3, 7)
	var list []game.Seat
	for seat := range set.All() {
		list = append(list, seat)
	}
	if fmt.Sprint(list) != "[0 3 7]" || set.Len() != 3 || !set.Has(7) || set.Has(1) || set.Has(8) || set.Has(game.NoSeat) {
		t.Errorf("%v", list)
	}
	for range set.All() {
		break // stops
	}
	if set.With(1).Without(3) != game.SetOf(0, 1, 7) || set.With(0) != set || set.Without(1) != set || game.FirstSeats(3) != game.SetOf(0, 1, 2) ||
		game.FirstSeats(8) != 255 || game.FirstSeats(0) != 0 {
		t.Error("With, Without, FirstSeats")
	}
}

type named struct {
	toyRules
	name string
}

func (n named) Name() string { return n.name }

func TestRegistry(t *testing.T) {
	if names := fmt.Sprint(registry.Names()); names != "[chess connectfour nim plain rps toy]" {
		t.Error(names)
	}
	if rules, err := registry.Rules("rps"); err != nil || rules.Name() != "rps" {
		t.Errorf("%v, %v", rules, err)
	}
	panics := func(rules ...game.Rules) (problem any) {
		defer func() { problem = recover() }()
		game.NewRegistry(rules...)
		return nil
	}
	for _, name := range []string{"", "Chess", "chess 960", "chess-960", "schäch", "a2345678901234567890123456789012345"} {
		if panics(named{name: name}) == nil {
			t.Errorf("rules may be named %q", name)
		}
	}
	if problem := panics(toyRules{}, named{name: "toy"}); problem == nil {
		t.Error("two rules have one name")
	}
	if problem := panics(named{name: "chess960"}, named{name: "a2345678901234567890123456789012"}); problem != nil {
		t.Error(problem)
	}
}

// What is hidden stays hidden in events, positions and records; the seed does always.
func TestNothingHiddenIsTold(t *testing.T) {
	terms := clocked("rps", game.Clock{Initial: time.Minute})
	terms.Seed = 12345
	r := started(t, terms)
	if !r.live.Hides() {
		t.Fatal("rps hides nothing")
	}
	created := r.events[0]
	if shown := r.live.Redact(created, 0); shown.Terms.Seed != 0 || shown.Terms.Rules != "rps" || created.Terms.Seed != 12345 {
		t.Errorf("created is shown as %+v and is %+v", shown.Terms, created.Terms)
	}
	r.must(game.Command{Kind: game.CommandMove, User: bob, Ply: 0, Move: "paper"})
	moved := r.last()
	for viewer, want := range map[game.Seat]string{0: "", 1: "paper", game.NoSeat: ""} {
		if shown := r.live.Redact(moved, viewer); shown.Move.Text != want || shown.Seat != 1 || shown.Ply != 1 {
			t.Errorf("%d is shown %+v", viewer, shown)
		}
	}
	transcript := r.live.Transcript()
	if transcript.Moves[0].Move != (game.Move{}) || transcript.Terms.Seed != 0 || transcript.Players[1] != bob || transcript.Result != nil {
		t.Errorf("%+v", transcript)
	}
	r.must(game.Command{Kind: game.CommandResign, User: ann})
	transcript = r.live.Transcript()
	if transcript.Moves[0].Move.Text != "paper" || transcript.Terms.Seed != 12345 || *transcript.Result != game.Won(1, game.ReasonResignation) {
		t.Errorf("%+v", transcript)
	}
	open := started(t, game.Terms{Rules: "nim", Seed: 7})
	open.play("1:1")
	if transcript := open.live.Transcript(); transcript.Moves[0].Move.Text != "1:1" || transcript.ID != open.live.ID() || transcript.Rules.Name() != "nim" ||
		transcript.CreatedAt != open.live.CreatedAt() || transcript.Terms.Seed != 0 {
		t.Errorf("%+v", transcript)
	}
	if open.live.Hides() || !reflect.DeepEqual(open.live.Redact(open.last(), 1), open.last()) {
		t.Error("nim hides something")
	}
}
