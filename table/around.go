package table

import (
	"slices"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/wire"
)

// say passes a line on to the players. It is not durable, and a line that is sent again soon after is said once.
func (t *Table) say(request *Say) shard.Turn {
	if t.game.Status() == game.StatusNone {
		return shard.Turn{Reply: t.refused(request.ID, game.ErrNotFound)}
	}
	seat := t.game.SeatOf(request.User.ID)
	if seat == game.NoSeat {
		return shard.Turn{Reply: t.refused(request.ID, game.ErrNotSeated)}
	}
	turn := shard.Turn{Reply: &Reply{Frame: wire.AppendOK(nil, request.ID, t.name, 0), Seat: seat, Seq: t.game.Seq()}}
	key := request.User.ID + "\x00" + request.ID
	if slices.Contains(t.said, key) {
		return turn
	}
	if len(t.said) < saidMax {
		t.said = append(t.said, key)
	} else {
		t.said[t.lines%saidMax] = key
	}
	t.lines++
	frame := wire.Encode(&wire.Message{Type: wire.TypeSaid, Game: t.name, Seat: t.seatName(seat),
		User: wireUser(request.User), Said: request.Text})
	seats := make([][]byte, len(t.seats))
	for i := range seats {
		seats[i] = frame
	}
	turn.Notice = &Notice{Frames: Frames{Seats: seats}}
	return turn
}

// saidMax is how many lines a table remembers.
const saidMax = 16

// advance makes time pass for this game, and then has the game look at its clocks.
func (t *Table) advance(request *Advance) shard.Turn {
	switch {
	case !t.config.TestClock:
		return shard.Turn{Reply: Refusal(request.ID, t.name, wire.CodeForbidden, "this server runs no test clock")}
	case t.game.Status() == game.StatusNone:
		return shard.Turn{Reply: t.refused(request.ID, game.ErrNotFound)}
	case request.By < 0 || request.By > game.ClockInitialMax:
		return shard.Turn{Reply: Refusal(request.ID, t.name, wire.CodeBadMessage, "advance_ms is out of bounds")}
	}
	t.offset += request.By
	return shard.Turn{Reply: &Reply{Frame: wire.AppendOK(nil, request.ID, t.name, 0), Seat: game.NoSeat, Seq: t.game.Seq()}}
}
