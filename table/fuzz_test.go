package table_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/game/connectfour"
	"github.com/plywire/plywire/game/nim"
	"github.com/plywire/plywire/game/rps"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// FuzzTable gives a table any requests by anybody. A command that had an effect is answered the same whenever it is sent
// again, and has no second one; one that was refused has changed nothing; all frames are messages of the protocol; nobody is
// told a throw that is hidden from him; and what a shard would rebuild from the journal, and from any snapshot with the
// entries after it, is the table as it is.
func FuzzTable(f *testing.F) {
	for rules := range byte(len(tableRules)) {
		script := []byte{rules, 1, 0}
		for i := range byte(90) {
			script = append(script, i*29+rules, i%7, i*i)
		}
		f.Add(script)
		f.Add(append(script[:3:3], bytes.Repeat([]byte{1, 1, 0, 3, 2, 8, 1, 1, 1, 0, 4, 3}, 12)...))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		h := newHand(t, script)
		h.create()
		for range 80 {
			if len(h.in) == 0 {
				break
			}
			h.step()
		}
		h.finish()
	})
}

var tableRules = []string{"chess", "rps", "nim", "connectfour"}

// hand is a table that is given what the bytes say.
type hand struct {
	*rig
	in       []byte
	answered map[string]string // by user and command: the answer of what had an effect
	saved    []savedTable
}

type savedTable struct {
	snapshot []byte
	entries  int
}

func newHand(t *testing.T, script []byte) *hand {
	h := &hand{in: script, answered: map[string]string{}}
	h.rig = newRig(t, func(config *table.Config) {
		config.Registry = game.NewRegistry(chess.Rules{}, rps.Rules{}, nim.Rules{}, connectfour.Rules{})
		config.ResumeMax, config.TestClock = 5, true
	})
	return h
}

func (h *hand) next() byte {
	if len(h.in) == 0 {
		return 0
	}
	b := h.in[0]
	h.in = h.in[1:]
	return b
}

func choose[T any](h *hand, list ...T) T { return list[int(h.next())%len(list)] }

func (h *hand) user() game.User { return choose(h, ann, bob, ann, bob, eve, game.User{}) }

func (h *hand) text() string {
	n := min(int(h.next())%16, len(h.in))
	text := strings.ToValidUTF8(string(h.in[:n]), "?") // the decoder lets nothing else in
	h.in = h.in[n:]
	return text
}

func (h *hand) create() {
	terms := game.Terms{Rules: choose(h, tableRules...), Source: game.SourceCreate, Seed: 5,
		Clock: choose(h, game.Clock{}, game.Clock{Initial: time.Minute, Increment: time.Second}, game.Clock{Delay: 2 * time.Second})}
	cmd := game.Command{Kind: game.CommandCreate, User: ann, ID: "c", Create: &game.Create{Terms: terms, Seat: choose(h, "", "random", "white", "second", h.text())}}
	h.ask(&table.Act{Command: cmd, Watch: true}, ann.ID, "c")
}

// step is one request.
func (h *hand) step() {
	user, id := h.user(), choose(h, "", "1", "2", "3", "4", "5", "6", h.text())
	switch h.next() % 16 {
	case 0:
		from := choose(h, "", "a", "b")
		h.give(choose[any](h, &table.Presence{User: user.ID, Present: h.next()%2 == 0, From: from}, &table.Watching{From: from, Count: int(h.next()) - 9}, &table.Departed{Node: from}))
	case 1:
		h.ask(&table.Say{User: user, ID: id, Text: h.text()}, "", "")
	case 2:
		h.ask(&table.Advance{ID: id, By: choose(h, 0, time.Second, time.Hour, -1, game.ClockInitialMax, 1<<62)}, "", "")
	case 3:
		h.look(&table.Look{User: user.ID, ID: id, After: choose(h, uint64(0), 1, 5, 1<<63), Whole: h.next()%2 == 0, Events: h.next()%2 == 0, Seated: h.next()%2 == 0})
	case 4:
		h.saved = append(h.saved, savedTable{h.actor.AppendSnapshot(nil), len(h.log)})
	case 5:
		h.give(shard.Thaw{Alive: choose(h, time.Time{}, h.now, h.now.Add(-time.Hour))})
	case 6:
		h.ask(&table.Transcribe{}, "", "")
	default:
		h.act(user, id)
	}
	for range 3 {
		if deadline := h.actor.Needs().Deadline; deadline.IsZero() || deadline.After(h.now.Add(time.Second)) {
			return
		}
		h.give(shard.Tick{})
	}
}

func (h *hand) act(user game.User, id string) {
	cmd := game.Command{User: user, ID: id, Ply: int(h.next()) % 12, Lag: time.Duration(h.next()) * time.Millisecond,
		Kind: choose(h, game.CommandMove, game.CommandMove, game.CommandMove, game.CommandJoin, game.CommandJoin, game.CommandOffer, game.CommandAccept,
			game.CommandDecline, game.CommandResign, game.CommandAbort, game.CommandClaim, game.CommandCreate)}
	switch cmd.Kind {
	case game.CommandMove:
		cmd.Move = choose(h, "e2e4", "e7e5", "g1f3", "b8c6", "rock", "paper", "scissors", "a", "d", "1:1", "2:3", h.text())
	case game.CommandJoin:
		cmd.Seat = choose(h, "", "random", "black", "first", h.text())
	case game.CommandCreate:
		cmd.Create = &game.Create{Terms: game.Terms{Rules: choose(h, tableRules...), Opponent: h.text()}}
	default:
		cmd.What = choose(h, "draw", "takeback", "rematch", "abandonment", "threefold", h.text())
	}
	h.ask(&table.Act{Command: cmd, Watch: h.next()%4 == 0}, user.ID, id)
}

// ask gives a request, and checks what must hold of any answer. Those with a user and an id are commands.
func (h *hand) ask(body any, user, id string) {
	h.t.Helper()
	before, entries := h.actor.AppendSnapshot(nil), len(h.log)
	turn := h.give(body)
	reply, is := turn.Reply.(*table.Reply)
	if !is {
		h.t.Fatalf("%+v is answered with %+v", body, turn.Reply)
	}
	h.checkFrames(reply.Frame)
	h.checkFrames(reply.Seen...)
	if notice, is := turn.Notice.(*table.Notice); is {
		h.checkFrames(notice.Frames.All, notice.Frames.Watchers)
		h.checkFrames(notice.Frames.Seats...)
		h.checkSecrets(notice)
	}
	if len(turn.Events) == 0 && !bytes.Equal(before, h.actor.AppendSnapshot(nil)) {
		h.t.Fatalf("%+v has no events, and has changed the game", body)
	}
	if user == "" || id == "" {
		return
	}
	key := user + "\x00" + id
	if first, had := h.answered[key]; had {
		// A create with other terms is refused instead; and the id of a rematch is told as soon as there is one.
		if len(h.log) > entries || reply.Code == "" && !bytes.Equal(reply.Frame, []byte(first)) && messages(h.t, reply.Frame)[0].Seq != messages(h.t, []byte(first))[0].Seq {
			h.t.Fatalf("%+v: answered with %s, and before with %s; %d events", body, reply.Frame, first, len(turn.Events))
		}
		return
	}
	if reply.Code == "" && len(turn.Events) > 0 {
		h.answered[key] = string(reply.Frame)
	}
	if reply.Code != "" && reply.Code != wire.CodeGameOver && len(turn.Events) > 0 {
		h.t.Fatalf("%+v is refused with %s, and has %d events", body, reply.Frame, len(turn.Events))
	}
}

func (h *hand) look(look *table.Look) {
	h.t.Helper()
	first, second := h.give(look), h.give(look)
	for _, turn := range []shard.Turn{first, second} {
		if turn.Notice != nil || len(turn.Events) > 0 {
			h.t.Fatalf("looking has consequences: %+v", turn)
		}
		h.checkFrames(turn.Reply.(*table.Reply).Frame)
		h.checkFrames(turn.Reply.(*table.Reply).Seen...)
	}
}

// checkFrames checks that frames are JSON messages, one a line.
func (h *hand) checkFrames(frames ...[]byte) {
	h.t.Helper()
	for _, frame := range frames {
		if frame == nil {
			continue
		}
		for line := range bytes.SplitSeq(frame, []byte{'\n'}) {
			var m wire.Message
			if err := json.Unmarshal(line, &m); err != nil || m.Type == "" || m.Code == wire.CodeInternal {
				h.t.Fatalf("not a message of the protocol: %s (%v)", line, err)
			}
		}
	}
}

// checkSecrets checks that a throw is told to nobody but its thrower before the other has thrown.
func (h *hand) checkSecrets(notice *table.Notice) {
	h.t.Helper()
	for seat, frame := range append(notice.Frames.Seats, notice.Frames.Watchers) {
		for _, m := range messages(h.t, frame) {
			if m.Type == "moved" && m.Move != nil && (seat >= len(notice.Frames.Seats) || seatNames[seat] != m.Seat) {
				h.t.Fatalf("seat %d is told %s", seat, frame)
			}
		}
	}
}

var seatNames = []string{"first", "second"}

// finish rebuilds the table from its journal and from the snapshots.
func (h *hand) finish() {
	h.t.Helper()
	final := h.actor.AppendSnapshot(nil)
	for _, saved := range append(h.saved, savedTable{}) {
		actor, err := h.tables.New(id), error(nil)
		if saved.snapshot != nil {
			actor, err = h.tables.Restore(id, saved.snapshot)
		}
		for _, entry := range h.log[saved.entries:] {
			if err == nil {
				err = actor.Apply(entry)
			}
		}
		if err != nil {
			h.t.Fatalf("rebuilt after %d of %d entries: %v", saved.entries, len(h.log), err)
		}
		if rebuilt := actor.AppendSnapshot(nil); !bytes.Equal(rebuilt, final) {
			h.t.Fatalf("rebuilt after %d of %d entries it is\n%x\nand not\n%x", saved.entries, len(h.log), rebuilt, final)
		}
	}
}
