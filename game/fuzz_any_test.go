package game_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	corentings "github.com/corentings/chess/v2"

	"github.com/plywire/plywire/game"
)

// FuzzAnything gives a game whatever the bytes say: any commands by anybody with any ids and texts, at any times that do
// not go back. The model of FuzzCommands knows what should come of sensible ones; here it is enough that the rig finds
// nothing wrong at any step, that an id which has an answer keeps it, that no clock leaves its bounds, and that every
// snapshot ever made gives the same game once the events after it are applied.
func FuzzAnything(f *testing.F) {
	for kind := range byte(len(fuzzedKinds)) {
		seed := []byte{kind, 1, 0, 0, 0, 0} // see anything.create
		for i := range byte(120) {
			seed = append(seed, i*37+kind, i%11, i*i)
		}
		f.Add(seed)
		f.Add(append(bytes.Clone(seed[:6]), bytes.Repeat([]byte{2, 40, 0, 3, kind, 6, 9, 1}, 40)...))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		a := &anything{rig: newRig(t), in: script, answers: map[game.Cause]uint64{}}
		a.create()
		for range 60 {
			if len(a.in) == 0 {
				break
			}
			a.step()
		}
		a.finish()
	})
}

var fuzzedKinds = []struct{ rules, options string }{
	{"chess", ""}, {"connectfour", ""}, {"rps", ""}, {"nim", ""}, {"rps", `{"best_of":99}`}, {"nim", `{"heaps":[1]}`},
	{"toy", `{"seats":3}`}, {"toy", `{"seats":8,"together":true}`}, {"toy", `{"seats":1}`}, {"plain", ""},
}

type anything struct {
	*rig
	in      []byte
	answers map[game.Cause]uint64 // of the commands that had an effect
	saved   []savedGame
}

type savedGame struct {
	snapshot []byte
	events   int
}

func (a *anything) next() byte {
	if len(a.in) == 0 {
		return 0
	}
	b := a.in[0]
	a.in = a.in[1:]
	return b
}

// text is any short text.
func (a *anything) text() string {
	n := min(int(a.next())%20, len(a.in))
	text := string(a.in[:n])
	a.in = a.in[n:]
	return text
}

// duration is of any size, and not negative.
func (a *anything) duration() time.Duration {
	b := a.next()
	return time.Duration(1+int64(a.next()))<<(b%54) - 1
}

func pickOf[T any](a *anything, list ...T) T { return list[int(a.next())%len(list)] }

func (a *anything) user() game.User {
	return pickOf(a, ann, bob, cid, game.User{ID: "dan"}, eve, game.User{}, game.User{ID: "\xff\x00", Name: a.textOr("\"")})
}

func (a *anything) textOr(usual string) string {
	if a.next()%4 > 0 {
		return usual
	}
	return a.text()
}

func (a *anything) clock() game.Clock {
	if a.next()%2 == 0 {
		return pickOf(a, game.Clock{}, game.Clock{Initial: time.Minute}, game.Clock{Initial: 3 * sec, Increment: sec}, game.Clock{Delay: 2 * sec},
			game.Clock{Initial: game.ClockInitialMax, Increment: game.ClockIncrementMax, Delay: game.ClockIncrementMax})
	}
	return game.Clock{Initial: a.duration() - sec, Increment: a.duration().Truncate(ms), Delay: a.duration().Truncate(ms)}
}

func (a *anything) create() {
	kind := pickOf(a, fuzzedKinds...)
	how := a.next()
	terms := game.Terms{Rules: kind.rules, Options: kind.options, Clock: a.clock(), Seed: uint64(a.next()) * math.MaxUint64 / 255}
	create := &game.Create{Terms: terms, Seat: pickOf(a, "", "random", "white", "second", "h", "\xff")}
	if how%4 == 1 {
		create.Players = []game.User{ann, bob, cid, {ID: "dan"}, {ID: "e"}, {ID: "f"}, {ID: "g"}, {ID: "h"}}[:a.seatsOf(terms)]
	}
	if how%8 == 7 {
		create.Terms.Options = a.text()
	}
	a.command(game.Command{Kind: game.CommandCreate, User: ann, ID: "create", Create: create})
	if how%4 == 2 {
		a.command(game.Command{Kind: game.CommandJoin, User: bob, ID: "join"})
	}
}

func (a *anything) seatsOf(terms game.Terms) int {
	rules, err := registry.Rules(terms.Rules)
	if err != nil {
		a.Fatal(err)
	}
	position, err := rules.Setup([]byte(terms.Options), terms.Seed)
	if err != nil {
		a.Fatal(err)
	}
	return len(position.Seats())
}

// step is one command, and what happens around it.
func (a *anything) step() {
	what := a.next()
	if what&0x80 != 0 {
		a.wait(a.duration())
	} else {
		a.wait(time.Duration(what&7) * 300 * ms)
	}
	if what&0x40 != 0 {
		a.visible()
	}
	switch a.next() % 16 {
	case 0:
		a.saved = append(a.saved, savedGame{a.live.AppendSnapshot(nil), len(a.journal)})
	case 1:
		a.revive()
	}
	a.tick()
	cmd := game.Command{User: a.user(), ID: pickOf(a, "", "x", "y", "z", a.textOr("w")), Ply: a.live.Ply(), Absent: what&0x20 != 0,
		Kind: pickOf(a, game.CommandMove, game.CommandMove, game.CommandMove, game.CommandMove, game.CommandMove, game.CommandMove, game.CommandJoin, game.CommandOffer,
			game.CommandAccept, game.CommandDecline, game.CommandResign, game.CommandAbort, game.CommandClaim, game.CommandThaw, game.CommandCreate, 0, 77)}
	if turn := a.live.Turn(); turn != 0 && what&0x10 == 0 {
		for s := range turn.All() {
			cmd.User = a.live.Player(s)
		}
	}
	switch cmd.Kind {
	case game.CommandMove:
		cmd.Move, cmd.Lag = a.move(), pickOf(a, 0, 50*ms, 123_456, -1, math.MaxInt64, math.MinInt64)
		cmd.Ply += pickOf(a, 0, 0, 0, 0, 0, 0, 0, -1, 1, math.MinInt32, math.MaxInt32)
	case game.CommandJoin:
		cmd.Seat = pickOf(a, "", "random", "white", "second", "b", a.textOr("c"))
	case game.CommandOffer, game.CommandAccept, game.CommandDecline:
		cmd.What = pickOf(a, "draw", "takeback", "takeback", "rematch", a.textOr("tea"))
	case game.CommandClaim:
		cmd.What = pickOf(a, "abandonment", "threefold", "fifty_moves", "luck", a.textOr("tea"))
	case game.CommandThaw:
		cmd = game.Command{Kind: game.CommandThaw, Alive: pickOf(a, time.Time{}, a.now, a.now.Add(a.duration()), a.now.Add(-a.duration()))}
	case game.CommandCreate:
		cmd.Create = &game.Create{Terms: game.Terms{Rules: a.textOr("chess"), Options: a.text(), Clock: a.clock(), Opponent: a.text()}}
	}
	a.command(cmd)
}

// tick does what an owner does before any command: what has run out of time ends first.
func (a *anything) tick() {
	for range 2 {
		if deadline := a.live.Deadline(); deadline.IsZero() || deadline.After(a.now) {
			return
		}
		a.command(game.Command{Kind: game.CommandTick})
	}
	if deadline := a.live.Deadline(); !deadline.IsZero() && !deadline.After(a.now) {
		a.Fatalf("after two ticks at %v the deadline is %v\n%s", a.now, deadline, a.told())
	}
}

// move is a move that the rules allow, most often.
func (a *anything) move() string {
	if a.next()%8 == 0 {
		return a.text()
	}
	switch a.live.Terms().Rules {
	case "chess":
		if a.live.Turn() == 0 {
			return "e2e4"
		}
		fen, err := corentings.FEN(a.live.Show(game.NoSeat))
		if err != nil {
			a.Fatalf("%s: %v", a.live.Show(game.NoSeat), err)
		}
		legal := corentings.NewGame(fen).ValidMoves()
		return legal[int(a.next())%len(legal)].String()
	case "connectfour":
		return pickOf(a, "a", "b", "c", "d", "e", "f", "g")
	case "rps":
		return pickOf(a, "rock", "paper", "scissors")
	case "nim":
		return fmt.Sprintf("%d:%d", 1+a.next()%4, 1+a.next()%5)
	}
	return pickOf(a, "pass", "pass", "pass", "again", "roll", "win", "draw", "end")
}

// command gives a command as a table does, which first looks whether it was answered before.
func (a *anything) command(cmd game.Command) {
	cause := game.Cause{User: cmd.User.ID, Command: cmd.ID}
	seq, known := a.live.Answer(cmd.User.ID, cmd.ID)
	if first, had := a.answers[cause]; known != had || seq != first {
		a.Fatalf("the answer to %+v is %d, %v, and was %d, %v\n%s", cause, seq, known, first, had, a.told())
	}
	if known {
		return
	}
	events, err := a.give(cmd)
	if len(events) == 0 {
		return
	}
	if err == nil && cmd.ID != "" {
		a.answers[cause] = events[0].Seq
	}
	for _, ev := range events {
		for _, left := range ev.Clocks {
			a.checkClock(left)
		}
	}
}

func (a *anything) checkClock(left time.Duration) {
	if left < 0 || left > game.ClockInitialMax+game.EventsMax*game.ClockIncrementMax {
		a.Fatalf("a clock shows %v\n%s", left, a.told())
	}
}

// finish looks at the whole game.
func (a *anything) finish() {
	for s := range game.Seat(game.SeatsMax) {
		a.checkClock(a.live.Left(s, a.now))
	}
	a.checkJournal()
	final := a.live.AppendSnapshot(nil)
	for _, saved := range a.saved {
		g, err := game.Restore(a.live.ID(), registry, saved.snapshot)
		for _, entry := range a.journal[saved.events:] {
			var ev game.Event
			if err == nil {
				ev, err = game.DecodeEvent(entry)
			}
			if err == nil {
				err = g.Apply(ev)
			}
		}
		if err != nil {
			a.Fatalf("the snapshot after %d events, and the rest: %v\n%s", saved.events, err, a.told())
		}
		if snapshot := g.AppendSnapshot(nil); !bytes.Equal(snapshot, final) {
			a.Fatalf("the snapshot after %d events makes\n%x, and the game is\n%x\n%s", saved.events, snapshot, final, a.told())
		}
	}
	if scribe, writes := a.live.Rules().(game.Scribe); writes {
		if err := scribe.WriteTranscript(io.Discard, a.live.Transcript()); err != nil {
			a.Fatalf("the record cannot be written: %v\n%s", err, a.told())
		}
	}
}

// FuzzOptions creates a game of each kind with any options. Where they are taken, the game is what its journal says, and
// the position is read back as it was written.
func FuzzOptions(f *testing.F) {
	for _, options := range []string{"", "{}", `{"best_of":3}`, `{"heaps":[3,4,5]}`, `{"heaps":[]}`, `{"best_of":1e1}`, `{"best_of":3,"best_of":5}`, "{}{}", "null", ` {"seats":3} `, `{"heaps":[1,null]}`, `[{}]`} {
		f.Add(options, uint64(7))
	}
	f.Fuzz(func(t *testing.T, options string, seed uint64) {
		for _, name := range registry.Names() {
			r := newRig(t)
			events, err := r.give(game.Command{Kind: game.CommandCreate, User: ann, Create: &game.Create{Terms: game.Terms{Rules: name, Options: options, Seed: seed}}})
			if err != nil {
				if len(events) > 0 || !errors.Is(err, game.ErrBadTerms) {
					t.Fatalf("%s with %q: %v, %d events", name, options, err, len(events))
				}
				continue
			}
			rules, err := registry.Rules(name)
			if err != nil {
				t.Fatal(err)
			}
			position, err := rules.Setup([]byte(options), seed)
			if err != nil {
				t.Fatalf("%s takes %q, and Setup does not: %v", name, options, err)
			}
			state := position.AppendState(nil)
			restored, err := rules.Restore(state)
			if err != nil || !bytes.Equal(restored.AppendState(nil), state) || position.Turn() == 0 {
				t.Fatalf("%s with %q: state %x, turn %b: %v", name, options, state, position.Turn(), err)
			}
		}
	})
}
