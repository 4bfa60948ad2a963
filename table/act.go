package table

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/wire"
)

// act gives a command to the game, unless it was answered before.
func (t *Table) act(at time.Time, act *Act) shard.Turn {
	cmd := &act.Command
	if seq, known := t.game.Answer(cmd.User.ID, cmd.ID); known {
		if cmd.Kind == game.CommandCreate && !sameTerms(cmd.Create.Terms, t.game.Terms()) {
			return shard.Turn{Reply: t.refused(cmd.ID, fmt.Errorf("%w: for another game, choose another id", game.ErrExists))}
		}
		return shard.Turn{Reply: t.done(at, act, seq)}
	}
	if cmd.Kind == game.CommandClaim {
		cmd.Absent = t.absent(at, t.game.SeatOf(cmd.User.ID))
	}
	events, err := t.game.Decide(*cmd, at)
	var turn shard.Turn
	for _, ev := range events {
		turn.Events = append(turn.Events, game.AppendEvent(nil, ev))
	}
	for _, ev := range events {
		if fault := t.game.Apply(ev); fault != nil {
			panic("table: " + fault.Error()) // the game has decided on what it cannot do
		}
	}
	t.meet(at)
	if len(events) > 0 {
		notice := t.notice(events)
		turn.Notice = &notice
		if events[0].Next != "" {
			turn.Sends = append(turn.Sends, t.rematch())
		}
	}
	switch {
	case err != nil && cmd.Kind == game.CommandCreate:
		turn.Reply = Refusal(cmd.ID, "", CodeOf(err), err.Error()) // there is no game that could be named
	case err != nil:
		turn.Reply = t.refused(cmd.ID, err)
	case len(events) > 0:
		turn.Reply = t.done(at, act, events[0].Seq)
	default:
		turn.Reply = t.done(at, act, t.game.Seq())
	}
	return turn
}

// done is the reply to a command that has had the event seq.
func (t *Table) done(at time.Time, act *Act, seq uint64) *Reply {
	name := t.name
	if next := t.madeNext(seq); next != "" {
		name = next
	}
	seat := t.game.SeatOf(act.Command.User.ID)
	reply := &Reply{Frame: wire.AppendOK(nil, act.Command.ID, name, seq), Seat: seat, Seq: t.game.Seq()}
	if act.Watch {
		reply.Seen = [][]byte{t.state(at, seat)}
	}
	return reply
}

// madeNext is the id of the rematch if the event seq is the acceptance that made it, and otherwise empty.
func (t *Table) madeNext(seq uint64) string {
	if t.game.Next() == (game.ID{}) || seq == 0 {
		return ""
	}
	for ev := range t.game.EventsAfter(seq - 1) {
		return ev.Next
	}
	return ""
}

// sameTerms tells whether a create that is sent again asks for the same game. The seed is drawn anew each time.
func sameTerms(a, b game.Terms) bool {
	a.Seed, b.Seed = 0, 0
	return a == b
}

// notice writes the events as each of those around the table may see them.
func (t *Table) notice(events []game.Event) Notice {
	notice := Notice{Last: events[len(events)-1].Seq}
	for _, ev := range events {
		if ev.Kind == game.EventJoined {
			notice.Joined = append(notice.Joined, Joined{User: ev.Player.ID, Seat: ev.Seat})
		}
	}
	if !t.game.Hides() || !slices.ContainsFunc(events, func(ev game.Event) bool { return ev.Kind == game.EventMoved }) {
		notice.Frames.All = t.frames(events, game.NoSeat)
		return notice
	}
	for i := range t.game.SeatNames() {
		notice.Frames.Seats = append(notice.Frames.Seats, t.frames(events, game.Seat(i)))
	}
	notice.Frames.Watchers = t.frames(events, game.NoSeat)
	return notice
}

func (t *Table) frames(events []game.Event, viewer game.Seat) []byte {
	dst := make([]byte, 0, 192*len(events))
	for i, ev := range events {
		if i > 0 {
			dst = append(dst, '\n')
		}
		dst = t.appendFrame(dst, ev, viewer)
	}
	return dst
}

// refused is the reply to a command that changed nothing.
func (t *Table) refused(id string, err error) *Reply {
	return Refusal(id, t.name, CodeOf(err), err.Error())
}

// Refusal is the reply to a command that was refused.
func Refusal(id, name string, code wire.Code, text string) *Reply {
	return &Reply{Code: code, Seat: game.NoSeat,
		Frame: wire.Encode(&wire.Message{Type: wire.TypeError, Re: id, Game: name, Code: code, Text: text})}
}

// codes is the one table from the game's errors to the protocol's codes. The first that matches counts.
var codes = []struct {
	err  error
	code wire.Code
}{
	{game.ErrUnknownRules, wire.CodeBadMessage},
	{game.ErrBadTerms, wire.CodeBadMessage},
	{game.ErrNotFound, wire.CodeNotFound},
	{game.ErrExists, wire.CodeForbidden},
	{game.ErrForbidden, wire.CodeForbidden},
	{game.ErrNotSeated, wire.CodeNotSeated},
	{game.ErrNotYourTurn, wire.CodeNotYourTurn},
	{game.ErrIllegal, wire.CodeIllegalMove},
	{game.ErrStalePly, wire.CodeStalePly},
	{game.ErrGameOver, wire.CodeGameOver},
	{game.ErrGameNotStarted, wire.CodeGameNotStarted},
	{game.ErrAlreadySeated, wire.CodeAlreadySeated},
	{game.ErrSeatTaken, wire.CodeSeatTaken},
	{game.ErrNoSuchOffer, wire.CodeNoSuchOffer},
	{game.ErrCannotAbort, wire.CodeCannotAbort},
	{game.ErrTooMany, wire.CodeTooManyRequests},
	{game.ErrDamaged, wire.CodeInternal},
	{game.ErrNewer, wire.CodeInternal},
	{shard.ErrUnavailable, wire.CodeUnavailable},
	{shard.ErrInternal, wire.CodeInternal},
}

// CodeOf is the protocol's code for an error of a game or of its shard.
func CodeOf(err error) wire.Code {
	for _, each := range codes {
		if errors.Is(err, each.err) {
			return each.code
		}
	}
	return wire.CodeInternal
}
