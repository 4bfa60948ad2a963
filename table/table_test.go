package table_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/game/rps"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

var (
	ann = game.User{ID: "ann", Name: "Ann"}
	bob = game.User{ID: "bob", Name: "Bob"}
	eve = game.User{ID: "eve", Name: "Eve"}
	id  = game.CreatedBy("ann", "c")
)

// rig is one table with a hand on its clock.
type rig struct {
	t      *testing.T
	tables *table.Tables
	actor  shard.Actor
	now    time.Time
	log    [][]byte // the journal
	lost   int
}

func newRig(t *testing.T, change func(*table.Config)) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	config := table.DefaultConfig()
	config.Registry = game.NewRegistry(chess.Rules{}, rps.Rules{})
	config.Lost = func(game.ID, uint64, uint64) { r.lost++ }
	if change != nil {
		change(&config)
	}
	tables, err := table.NewTables(config)
	if err != nil {
		t.Fatal(err)
	}
	r.tables, r.actor = tables, tables.New(id)
	return r
}

// give gives the table a request a second after the one before.
func (r *rig) give(body any) shard.Turn {
	r.t.Helper()
	r.now = r.now.Add(time.Second)
	turn := r.actor.Receive(r.now, body)
	r.log = append(r.log, turn.Events...)
	r.actor.Visible(r.now)
	return turn
}

func (r *rig) act(cmd game.Command) *table.Reply {
	r.t.Helper()
	reply, _ := r.give(&table.Act{Command: cmd}).Reply.(*table.Reply)
	return reply
}

// ok expects that the command is accepted.
func (r *rig) ok(cmd game.Command) *table.Reply {
	r.t.Helper()
	reply := r.act(cmd)
	if reply.Code != "" {
		r.t.Fatalf("%s", reply.Frame)
	}
	return reply
}

func (r *rig) create(rules string, clock game.Clock) {
	r.t.Helper()
	r.ok(game.Command{Kind: game.CommandCreate, User: ann, ID: "c", Create: &game.Create{Seat: seatOf(rules), Terms: game.Terms{Rules: rules, Clock: clock, Seed: 7}}})
	r.ok(game.Command{Kind: game.CommandJoin, User: bob, ID: "j"})
}

func seatOf(rules string) string {
	if rules == "chess" {
		return "white"
	}
	return "first"
}

func move(user game.User, ply int, text string) game.Command {
	return game.Command{Kind: game.CommandMove, User: user, ID: fmt.Sprint("m", ply), Ply: ply, Move: text}
}

func messages(t *testing.T, frames ...[]byte) (all []wire.Message) {
	t.Helper()
	for _, frame := range frames {
		wire.Split(frame, func(raw []byte) bool {
			var m wire.Message
			if err := json.Unmarshal(raw, &m); err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
			all = append(all, m)
			return true
		})
	}
	return all
}

func TestLookShowsWhatIsMissing(t *testing.T) {
	r := newRig(t, func(c *table.Config) { c.ResumeMax = 3 })
	r.create("chess", game.Clock{})
	for ply, text := range []string{"e2e4", "e7e5", "g1f3"} {
		r.ok(move([]game.User{ann, bob}[ply%2], ply, text))
	}
	const head = 7 // created, joined, joined, started, three moves
	tests := map[string]struct {
		look  table.Look
		types string
		lost  int
	}{
		"nothing":              {table.Look{After: head}, "", 0},
		"the last two":         {table.Look{After: head - 2}, "moved moved", 0},
		"as many as allowed":   {table.Look{After: head - 3}, "moved moved moved", 0},
		"more than allowed":    {table.Look{After: head - 4}, "game", 0},
		"more, as events":      {table.Look{After: head - 4, Events: true}, "started moved moved moved", 0},
		"everything":           {table.Look{}, "game", 0},
		"everything as events": {table.Look{Events: true}, "created joined joined started moved moved moved", 0},
		"the state":            {table.Look{After: head, Whole: true}, "game", 0},
		"what is not there":    {table.Look{User: "ann", After: head + 1}, "game", 1},
		"what a stranger says": {table.Look{User: "eve", After: head + 1}, "game", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r.lost = 0
			reply := r.give(&test.look).Reply.(*table.Reply)
			var types []string
			for _, m := range messages(t, reply.Seen...) {
				types = append(types, m.Type)
			}
			if test.look.Seated = true; len(reply.Seated) != 0 || len(r.give(&test.look).Reply.(*table.Reply).Seated) != 2 {
				t.Error("it is not told, or told to who did not ask, who has a seat")
			}
			if got := strings.Join(types, " "); got != test.types || reply.Seq != head || r.lost != 2*test.lost {
				t.Errorf("saw %q up to %d with %d alarms, want %q up to %d with %d", got, reply.Seq, r.lost, test.types, head, 2*test.lost)
			}
		})
	}
}

func TestLongHistoryComesInSeveralFrames(t *testing.T) {
	r := newRig(t, nil)
	r.create("chess", game.Clock{})
	shuffle := []string{"g1f3", "g8f6", "f3g1", "f6g8", "b1c3", "b8c6", "c3b1", "c6b8"}
	for ply := range 15 { // one more would be the fifth time
		mover, other := []game.User{ann, bob}[ply%2], []game.User{bob, ann}[ply%2]
		r.ok(move(mover, ply, shuffle[ply%len(shuffle)]))
		for _, what := range []string{"draw", "takeback"} {
			r.ok(game.Command{Kind: game.CommandOffer, User: mover, ID: fmt.Sprint("o", ply, what), What: what})
			r.ok(game.Command{Kind: game.CommandDecline, User: other, ID: fmt.Sprint("d", ply, what), What: what})
		}
	}
	reply := r.give(&table.Look{Events: true}).Reply.(*table.Reply)
	all := messages(t, reply.Seen...)
	if len(reply.Seen) < 2 || uint64(len(all)) != reply.Seq {
		t.Fatalf("%d events in %d frames, want %d in several", len(all), len(reply.Seen), reply.Seq)
	}
	for i, m := range all {
		if m.Seq != uint64(i+1) {
			t.Fatalf("event %d has seq %d", i+1, m.Seq)
		}
	}
}

func TestARebuiltTableIsTheSame(t *testing.T) {
	r := newRig(t, nil)
	r.create("chess", game.Clock{Initial: time.Minute})
	r.ok(move(ann, 0, "e2e4"))
	snapshot := r.actor.AppendSnapshot(nil)
	cut := len(r.log)
	r.ok(move(bob, 1, "e7e5"))
	want := string(r.actor.AppendSnapshot(nil))

	replayed := r.tables.New(id)
	for _, event := range r.log {
		if err := replayed.Apply(event); err != nil {
			t.Fatal(err)
		}
	}
	restored, err := r.tables.Restore(id, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range r.log[cut:] {
		if err := restored.Apply(event); err != nil {
			t.Fatal(err)
		}
	}
	for name, actor := range map[string]shard.Actor{"replayed": replayed, "restored": restored} {
		if string(actor.AppendSnapshot(nil)) != want {
			t.Errorf("the %s table is another", name)
		}
		// What was answered before is answered the same.
		reply := actor.Receive(r.now, &table.Act{Command: move(ann, 0, "e2e4")}).Reply.(*table.Reply)
		if m := messages(t, reply.Frame)[0]; m.Type != "ok" || m.Seq != 5 {
			t.Errorf("the %s table answers %s", name, reply.Frame)
		}
	}
	if _, err := r.tables.Restore(id, snapshot[:len(snapshot)/2]); err == nil {
		t.Error("half a snapshot is restored")
	}
	if err := replayed.Apply(r.log[0]); err == nil {
		t.Error("an event is applied twice")
	}
}

func TestThawStopsTheClockAndSendsTheRematchAgain(t *testing.T) {
	r := newRig(t, nil)
	r.create("chess", game.Clock{Initial: time.Minute})
	r.ok(move(ann, 0, "e2e4"))
	alive := r.now.Add(2 * time.Second)
	r.now = r.now.Add(time.Hour)
	turn := r.give(shard.Thaw{Alive: alive})
	adjusted := messages(t, turn.Notice.(*table.Notice).Frames.All)
	if len(adjusted) != 1 || adjusted[0].Type != "clock_adjusted" || adjusted[0].Clock.Left.Of("black") != 58000 {
		t.Fatalf("thawed with %+v", adjusted)
	}
	r.ok(game.Command{Kind: game.CommandResign, User: ann, ID: "r"})
	r.ok(game.Command{Kind: game.CommandOffer, User: ann, ID: "o", What: "rematch"})
	turn = r.give(&table.Act{Command: game.Command{Kind: game.CommandAccept, User: bob, ID: "a", What: "rematch"}})
	if len(turn.Sends) != 1 {
		t.Fatalf("%d commands are sent on, want the one that makes the rematch", len(turn.Sends))
	}
	again := r.give(shard.Thaw{})
	if len(again.Sends) != 1 || again.Sends[0].To != turn.Sends[0].To || len(again.Events) != 0 {
		t.Fatalf("after a restart %+v is sent on", again.Sends)
	}
	next := r.tables.New(turn.Sends[0].To)
	first := next.Receive(r.now, turn.Sends[0].Body)
	second := next.Receive(r.now, again.Sends[0].Body)
	if len(first.Events) == 0 || len(second.Events) != 0 {
		t.Fatalf("the rematch is made by %d events, and again by %d", len(first.Events), len(second.Events))
	}
}

func TestNeeds(t *testing.T) {
	r := newRig(t, func(c *table.Config) { c.TestClock = true })
	if needs := r.actor.Needs(); needs != (shard.Needs{}) {
		t.Fatalf("a game that is not there needs %+v", needs)
	}
	r.create("chess", game.Clock{Initial: time.Minute})
	before := r.actor.Needs().Deadline
	if before.IsZero() {
		t.Fatal("nobody waits for white's flag")
	}
	r.give(&table.Advance{ID: "x", By: 10 * time.Second})
	if after := r.actor.Needs().Deadline; before.Sub(after) != 10*time.Second {
		t.Fatalf("ten seconds on, the flag falls %v earlier", before.Sub(after))
	}
	r.give(&table.Presence{User: "ann", Present: true})
	if !r.actor.Needs().Stay {
		t.Error("a table with a player at it may leave memory")
	}
	r.now = r.actor.Needs().Deadline
	r.give(shard.Tick{})
	needs := r.actor.Needs()
	if !needs.Deadline.IsZero() || needs.Stay || needs.Expires.IsZero() {
		t.Errorf("an ended game needs %+v", needs)
	}
}

func TestSaidToPlayersAloneAndOnce(t *testing.T) {
	r := newRig(t, nil)
	r.create("chess", game.Clock{})
	say := &table.Say{User: ann, ID: "s", Text: "hello"}
	notice := r.give(say).Notice.(*table.Notice)
	if notice.Frames.For(game.NoSeat) != nil || notice.Frames.For(1) == nil || notice.Last != 0 {
		t.Errorf("said to %+v", notice)
	}
	if again := r.give(say); again.Notice != nil || again.Reply.(*table.Reply).Code != "" {
		t.Errorf("said twice, or refused: %+v", again)
	}
	if reply := r.give(&table.Say{User: eve, ID: "s", Text: "hello"}).Reply.(*table.Reply); reply.Code != wire.CodeNotSeated {
		t.Errorf("a stranger's line is answered with %q", reply.Code)
	}
	if len(r.log) != 4 {
		t.Errorf("%d events are journaled, want 4: chat is not durable", len(r.log))
	}
}

func TestEverybodySeesTheirOwn(t *testing.T) {
	r := newRig(t, nil)
	r.create("rps", game.Clock{})
	notice := r.give(&table.Act{Command: move(ann, 0, "rock")}).Notice.(*table.Notice)
	for seat, sees := range map[game.Seat]bool{0: true, 1: false, game.NoSeat: false} {
		frame := string(notice.Frames.For(seat))
		if strings.Contains(frame, "rock") != sees || !strings.Contains(frame, `"moved"`) {
			t.Errorf("seat %d is sent %s", seat, frame)
		}
	}
	for user, sees := range map[string]bool{"ann": true, "bob": false, "": false} {
		reply := r.give(&table.Look{User: user, Whole: true}).Reply.(*table.Reply)
		if strings.Contains(string(reply.Seen[0]), "rock") != sees {
			t.Errorf("%q is shown %s", user, reply.Seen[0])
		}
	}
}

func TestCodeOf(t *testing.T) {
	for err, want := range map[error]wire.Code{
		fmt.Errorf("x: %w", game.ErrStalePly):       wire.CodeStalePly,
		fmt.Errorf("x: %w", shard.ErrUnavailable):   wire.CodeUnavailable,
		errors.New("something that nobody foresaw"): wire.CodeInternal,
	} {
		if got := table.CodeOf(err); got != want {
			t.Errorf("%v is %s, want %s", err, got, want)
		}
	}
}

func TestConfig(t *testing.T) {
	for name, change := range map[string]func(*table.Config){
		"no rules": func(c *table.Config) { c.Registry = nil }, "no grace": func(c *table.Config) { c.Grace = 0 },
		"no retention": func(c *table.Config) { c.Retention = 0 }, "no resume": func(c *table.Config) { c.ResumeMax = 0 },
	} {
		config := table.DefaultConfig()
		config.Registry = game.NewRegistry(chess.Rules{})
		change(&config)
		if _, err := table.NewTables(config); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
