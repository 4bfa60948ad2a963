package table

import (
	"errors"
	"fmt"
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
		reply := t.done(new(sheet), at, act, seq)
		return shard.Turn{Reply: &reply}
	}
	if cmd.Kind == game.CommandClaim {
		cmd.Absent = t.absent(at, t.game.SeatOf(cmd.User.ID))
	}
	events, err := t.game.Decide(*cmd, at)
	out := new(outcome)
	turn := shard.Turn{Events: out.journal(events)}
	for i := range events {
		if fault := t.game.Apply(events[i]); fault != nil {
			panic("table: " + fault.Error()) // the game has decided on what it cannot do
		}
	}
	t.meet(at)
	var frames sheet
	if len(events) > 0 {
		frames = newSheet(len(events))
		out.notice = t.notice(&frames, events)
		turn.Notice = &out.notice
		if events[0].Next != "" {
			turn.Sends = append(turn.Sends, t.rematch())
		}
	}
	switch {
	case err != nil && cmd.Kind == game.CommandCreate:
		turn.Reply = Refusal(cmd.ID, "", CodeOf(err), err.Error()) // there is no game that could be named
	case err != nil:
		turn.Reply = t.refused(cmd.ID, err)
	default:
		seq := t.game.Seq()
		if len(events) > 0 {
			seq = events[0].Seq
		}
		out.reply = t.done(&frames, at, act, seq)
		turn.Reply = &out.reply
	}
	return turn
}

// done is the reply to a command that has had the event seq. Its frame goes on the sheet.
func (t *Table) done(frames *sheet, at time.Time, act *Act, seq uint64) Reply {
	name := t.name
	if next := t.madeNext(seq); next != "" {
		name = next
	}
	seat, from := t.game.SeatOf(act.Command.User.ID), len(*frames)
	*frames = wire.AppendOK(*frames, act.Command.ID, name, seq)
	reply := Reply{Frame: frames.since(from), Seat: seat, Seq: t.game.Seq()}
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
