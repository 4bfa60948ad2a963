package game_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/game/connectfour"
	"github.com/plywire/plywire/game/nim"
	"github.com/plywire/plywire/game/rps"
)

var registry = game.NewRegistry(chess.Rules{}, connectfour.Rules{}, nim.Rules{}, rps.Rules{}, toyRules{}, plainRules{})

var (
	ann = game.User{ID: "ann", Name: "Ann"}
	bob = game.User{ID: "bob", Name: "Bob"}
	cid = game.User{ID: "cid", Name: "Cid"}
	eve = game.User{ID: "eve", Name: "Eve"} // never has a seat
)

// start is when games start, on no whole millisecond.
var start = time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.UTC)

// rig drives one game, and at each step checks what must hold at all of them. Beside the live game there is one that knows
// only what is in the journal; both have to decide the same.
type rig struct {
	testing.TB
	live, replay *game.Game
	now          time.Time
	journal      [][]byte
	events       []game.Event // as read from the journal
	commands     int
	story        []string
}

func newRig(tb testing.TB) *rig {
	id := game.CreatedBy("ann", tb.Name())
	return &rig{TB: tb, live: game.New(id, registry), replay: game.New(id, registry), now: start}
}

// started returns the rig of a game of two that ann has created, with the first seat, and bob has joined.
func started(tb testing.TB, terms game.Terms) *rig {
	tb.Helper()
	r := waiting(tb, terms)
	r.must(game.Command{Kind: game.CommandJoin, User: bob})
	return r
}

// waiting returns the rig of a game in which ann has the first seat.
func waiting(tb testing.TB, terms game.Terms) *rig {
	tb.Helper()
	r := newRig(tb)
	r.must(game.Command{Kind: game.CommandCreate, User: ann, Create: &game.Create{Terms: terms, Seat: firstSeat(terms.Rules)}})
	return r
}

func firstSeat(rules string) string {
	switch rules {
	case "chess":
		return "white"
	case "toy", "plain":
		return "a"
	}
	return "first"
}

func clocked(rules string, clock game.Clock) game.Terms {
	return game.Terms{Rules: rules, Clock: clock, Source: game.SourceCreate, Seed: 1 << 40}
}

// must gives the command to the game, which must not refuse it, and lets its events be seen at once.
func (r *rig) must(cmd game.Command) []game.Event {
	r.Helper()
	events, err := r.give(cmd)
	if err != nil {
		r.Fatalf("%s refused: %v\n%s", describe(cmd), err, r.told())
	}
	r.visible()
	return events
}

// refused gives the command to the game, which must refuse it with an error that wraps want, and without events.
func (r *rig) refused(cmd game.Command, want error) {
	r.Helper()
	events, err := r.give(cmd)
	if !errors.Is(err, want) || len(events) > 0 {
		r.Fatalf("%s: error %v, events %v, want %v and none\n%s", describe(cmd), err, names(events), want, r.told())
	}
}

// play makes moves by the seats that are to move: the first of them, where there are several.
func (r *rig) play(moves ...string) {
	r.Helper()
	for _, text := range moves {
		for s := range r.live.Turn().All() {
			r.must(game.Command{Kind: game.CommandMove, User: r.live.Player(s), Ply: r.live.Ply(), Move: text})
			break
		}
	}
}

func (r *rig) wait(d time.Duration) { r.now = r.now.Add(d) }

func (r *rig) visible() {
	r.live.Visible(r.now)
	r.replay.Visible(r.now)
}

// give decides on the command at the time it is, and applies what comes of it.
func (r *rig) give(cmd game.Command) ([]game.Event, error) {
	r.Helper()
	if cmd.ID == "" && cmd.User.ID != "" {
		r.commands++
		cmd.ID = fmt.Sprintf("command-%d", r.commands)
	}
	r.story = append(r.story, fmt.Sprintf("%s %s", r.now.Format("04:05.000000"), describe(cmd)))
	before, shown := r.live.AppendSnapshot(nil), r.times()
	events, err := r.live.Decide(cmd, r.now)
	if after := r.live.AppendSnapshot(nil); !bytes.Equal(before, after) || r.times() != shown {
		r.Fatalf("Decide has changed the game: %s, then %s\n%s", shown, r.times(), r.told())
	}
	again, errAgain := r.replay.Decide(cmd, r.now)
	if !reflect.DeepEqual(events, again) || fmt.Sprint(err) != fmt.Sprint(errAgain) {
		r.Fatalf("live and replay decide differently:\n%+v, %v\n%+v, %v\n%s", events, err, again, errAgain, r.told())
	}
	r.checkEvents(cmd, events, err)
	for _, ev := range events {
		r.apply(ev)
	}
	if len(events) > 0 {
		r.checkGame()
	}
	return events, err
}

// apply applies the event to the live game as it is, and to the other as it is journaled.
func (r *rig) apply(ev game.Event) {
	r.Helper()
	entry := game.AppendEvent(nil, ev)
	read, err := game.DecodeEvent(entry)
	if err != nil {
		r.Fatalf("decode %+v: %v", ev, err)
	}
	written := ev
	written.Move.End = nil // an event of its own
	if !reflect.DeepEqual(written, read) {
		r.Fatalf("written\n%+v, read\n%+v", written, read)
	}
	r.journal, r.events = append(r.journal, entry), append(r.events, read)
	for _, g := range []*game.Game{r.live, r.replay} {
		if err := g.Apply(ev); err != nil {
			r.Fatalf("%v\n%s", err, r.told())
		}
		ev = read
	}
}

// times are the deadline and the clocks, which a snapshot tells only by way of the history.
func (r *rig) times() string {
	text := r.live.Deadline().String()
	for i := range r.live.SeatNames() {
		text += " " + r.live.Left(game.Seat(i), r.now).String()
	}
	return text
}

// checkEvents checks what must hold of the events of one command.
func (r *rig) checkEvents(cmd game.Command, events []game.Event, err error) {
	r.Helper()
	if err != nil && len(events) > 0 && !(errors.Is(err, game.ErrGameOver) && cmd.Kind == game.CommandMove) {
		r.Fatalf("refused with %v, but there are events %v\n%s", err, names(events), r.told())
	}
	last := time.UnixMilli(0)
	if n := len(r.events); n > 0 {
		last = r.events[n-1].At
	}
	for i, ev := range events {
		want := game.Cause{}
		if i == 0 {
			if want.User = cmd.User.ID; err == nil {
				want.Command = cmd.ID
			}
		}
		switch {
		case ev.Seq != r.live.Seq()+1+uint64(i):
			r.Fatalf("event %d of the command has seq %d after %d", i, ev.Seq, r.live.Seq())
		case ev.At != time.UnixMilli(ev.At.UnixMilli()).UTC() || ev.At.Before(last) || ev.At.Before(r.now.Truncate(time.Millisecond)):
			r.Fatalf("event at %v, now is %v, the last event was at %v", ev.At, r.now, last)
		case ev.Cause != want:
			r.Fatalf("event %d has the cause %+v, want %+v", i, ev.Cause, want)
		case ev.Seq > game.EventsMax:
			r.Fatalf("event %d of at most %d", ev.Seq, game.EventsMax)
		}
	}
}

// checkGame checks that the game is what its journal says, and what a snapshot of it says.
func (r *rig) checkGame() {
	r.Helper()
	snapshot := r.live.AppendSnapshot(nil)
	if replayed := r.replay.AppendSnapshot(nil); !bytes.Equal(snapshot, replayed) {
		r.Fatalf("live and replay write different snapshots:\n%x\n%x\n%s", snapshot, replayed, r.told())
	}
	restored, err := game.Restore(r.live.ID(), registry, snapshot)
	if err != nil {
		r.Fatalf("%v\n%s", err, r.told())
	}
	if again := restored.AppendSnapshot(nil); !bytes.Equal(snapshot, again) {
		r.Fatalf("live and restored write different snapshots:\n%x\n%x\n%s", snapshot, again, r.told())
	}
	if live, other := r.look(r.live), r.look(restored); !reflect.DeepEqual(live, other) {
		r.Fatalf("live and restored differ:\n%+v\n%+v\n%s", live, other, r.told())
	}
	if live, other := r.look(r.live), r.look(r.replay); !reflect.DeepEqual(live, other) {
		r.Fatalf("live and replay differ:\n%+v\n%+v\n%s", live, other, r.told())
	}
	r.checkHistory(r.live)
}

// checkHistory checks that the game tells its events as they are in the journal, but for what is for records only.
func (r *rig) checkHistory(g *game.Game) {
	r.Helper()
	for _, after := range []uint64{0, 1, g.Seq() / 2, g.Seq() - 1, g.Seq(), g.Seq() + 1} {
		n := min(after, g.Seq())
		for ev := range g.EventsAfter(after) {
			want := r.events[n]
			want.Cause, want.Move.Notation, want.Move.Position = game.Cause{}, "", ""
			if !reflect.DeepEqual(ev, want) {
				r.Fatalf("event %d after %d is\n%+v, want\n%+v", n+1, after, ev, want)
			}
			n++
		}
		if n != g.Seq() {
			r.Fatalf("%d events after %d, want %d", n-after, after, g.Seq()-after)
		}
	}
	for _, ev := range r.events {
		if ev.Cause.Command == "" {
			continue
		}
		if seq, known := g.Answer(ev.Cause.User, ev.Cause.Command); !known || seq != ev.Seq {
			r.Fatalf("command %+v is known %t as %d, want %d", ev.Cause, known, seq, ev.Seq)
		}
	}
}

// checkJournal checks that the whole journal makes the game, whatever was restored in between.
func (r *rig) checkJournal() {
	r.Helper()
	g := game.New(r.live.ID(), registry)
	for i, entry := range r.journal {
		ev, err := game.DecodeEvent(entry)
		if err == nil {
			err = g.Apply(ev)
		}
		if err != nil {
			r.Fatalf("entry %d: %v\n%s", i+1, err, r.told())
		}
	}
	if replayed, live := g.AppendSnapshot(nil), r.live.AppendSnapshot(nil); !bytes.Equal(replayed, live) {
		r.Fatalf("the journal makes\n%x, and the game is\n%x\n%s", replayed, live, r.told())
	}
}

// view is all that can be seen of a game at once.
type view struct {
	status      game.Status
	seq         uint64
	ply         int
	terms       game.Terms
	made, ended time.Time
	result      *game.Result
	offers      []game.Pending
	next        game.ID
	seats       []string
	players     []game.User
	turn        game.SeatSet
	shown       []string
	moves       []game.Moved
	transcript  game.Transcript
	hides       bool
}

func (r *rig) look(g *game.Game) view {
	v := view{status: g.Status(), seq: g.Seq(), ply: g.Ply(), terms: g.Terms(), made: g.CreatedAt(), ended: g.EndedAt(), result: g.Result(),
		offers: append([]game.Pending{}, g.Offers()...), next: g.Next(), seats: g.SeatNames(), turn: g.Turn(), moves: g.Moves(),
		transcript: g.Transcript(), hides: g.Hides(), shown: []string{g.Show(game.NoSeat)}}
	for i := range v.seats {
		v.players, v.shown = append(v.players, g.Player(game.Seat(i))), append(v.shown, g.Show(game.Seat(i)))
	}
	return v
}

// revive goes on with the game as a snapshot brings it back.
func (r *rig) revive() {
	r.Helper()
	snapshot := r.live.AppendSnapshot(nil)
	for _, g := range []**game.Game{&r.live, &r.replay} {
		restored, err := game.Restore((*g).ID(), registry, snapshot)
		if err != nil {
			r.Fatal(err)
		}
		*g = restored
	}
}

// restart goes on with the game after a time in which nobody served it.
func (r *rig) restart(gone time.Duration, alive time.Time) {
	r.Helper()
	r.revive()
	r.wait(gone)
	r.must(game.Command{Kind: game.CommandThaw, Alive: alive})
}

func (r *rig) told() string { return strings.Join(r.story, "\n") }

func (r *rig) last() game.Event { return r.events[len(r.events)-1] }

func names(events []game.Event) string {
	var list []string
	for _, ev := range events {
		list = append(list, ev.Kind.String())
	}
	return strings.Join(list, " ")
}

func describe(cmd game.Command) string {
	kinds := []string{game.CommandCreate: "create", game.CommandJoin: "join", game.CommandMove: "move", game.CommandResign: "resign",
		game.CommandAbort: "abort", game.CommandOffer: "offer", game.CommandAccept: "accept", game.CommandDecline: "decline",
		game.CommandClaim: "claim", game.CommandTick: "tick", game.CommandThaw: "thaw"}
	kind := fmt.Sprint(cmd.Kind)
	if int(cmd.Kind) < len(kinds) {
		kind = kinds[cmd.Kind]
	}
	text := fmt.Sprintf("%s %s", cmd.User.ID, kind)
	switch cmd.Kind {
	case game.CommandMove:
		text += fmt.Sprintf(" %d %.20q lag %v", cmd.Ply, cmd.Move, cmd.Lag)
	case game.CommandCreate:
		text += fmt.Sprintf(" %+v", *cmd.Create)
	case game.CommandThaw:
		text += " alive " + cmd.Alive.Format("04:05.000000")
	default:
		text += " " + cmd.What + cmd.Seat
	}
	return text
}

// clocks are what the events say is left, in milliseconds, by seat.
func clocks(ev game.Event) []int64 {
	var ms []int64
	for _, left := range ev.Clocks {
		ms = append(ms, left.Milliseconds())
	}
	return ms
}

func (r *rig) wantClocks(ev game.Event, want ...int64) {
	r.Helper()
	if got := clocks(ev); !slices.Equal(got, want) {
		r.Fatalf("clocks of %s are %v, want %v\n%s", ev.Kind, got, want, r.told())
	}
}
