package table

import (
	"slices"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/wire"
)

// crowd is how many watch without a seat at one gateway. It is not durable either.
type crowd struct {
	from  string
	count int
}

// gatewaysMax bounds the gateways that a table remembers for one player, or with watchers. There are as many as nodes; those
// that have gone without anybody saying so are the first to be forgotten.
const gatewaysMax = 256

// come notes that a user has come to a gateway or gone from it. The others are told if he was nowhere before, or is nowhere
// now.
func (t *Table) come(at time.Time, request *Presence) shard.Turn {
	seat := t.game.SeatOf(request.User)
	if seat == game.NoSeat {
		return shard.Turn{}
	}
	p := &t.seats[seat]
	before, place := p.here(), slices.Index(p.at, request.From)
	switch {
	case request.Present && place < 0:
		p.at = append(p.at, request.From)
		p.at = p.at[max(0, len(p.at)-gatewaysMax):]
	case !request.Present && place >= 0:
		p.at = slices.Delete(p.at, place, place+1)
	}
	if p.here() == before {
		return shard.Turn{}
	}
	p.goneAt = at
	return shard.Turn{Notice: &Notice{Frames: Frames{All: t.presenceFrame(seat)}}}
}

// watching notes how many watch at a gateway, and tells everybody how many do in all.
func (t *Table) watching(request *Watching) shard.Turn {
	if t.game.Status() == game.StatusNone {
		return shard.Turn{}
	}
	before, count := t.watchers(), max(0, request.Count)
	place := slices.IndexFunc(t.crowds, func(c crowd) bool { return c.from == request.From })
	switch {
	case place < 0 && count > 0:
		t.crowds = append(t.crowds, crowd{request.From, count})
		t.crowds = t.crowds[max(0, len(t.crowds)-gatewaysMax):]
	case place < 0:
		before = -1 // it had told of some, and this table has left memory since then
	case count > 0:
		t.crowds[place].count = count
	default:
		t.crowds = slices.Delete(t.crowds, place, place+1)
	}
	if t.watchers() == before {
		return shard.Turn{}
	}
	return shard.Turn{Notice: &Notice{Frames: Frames{All: t.watchersFrame()}}}
}

// departed forgets all who were at a gateway whose node has gone.
func (t *Table) departed(at time.Time, request *Departed) shard.Turn {
	var frames []byte
	add := func(frame []byte) {
		if frames != nil {
			frames = append(frames, '\n')
		}
		frames = append(frames, frame...)
	}
	for i := range t.seats {
		p := &t.seats[i]
		before := p.here()
		p.at = slices.DeleteFunc(p.at, func(node string) bool { return node == request.Node })
		if before && !p.here() {
			p.goneAt = at
			add(t.presenceFrame(game.Seat(i)))
		}
	}
	before := t.watchers()
	t.crowds = slices.DeleteFunc(t.crowds, func(c crowd) bool { return c.from == request.Node })
	if t.watchers() != before {
		add(t.watchersFrame())
	}
	if frames == nil {
		return shard.Turn{}
	}
	return shard.Turn{Notice: &Notice{Frames: Frames{All: frames}}}
}

// watchers is how many watch without a seat, at all gateways.
func (t *Table) watchers() (sum int) {
	for _, c := range t.crowds {
		sum += c.count
	}
	return sum
}

func (t *Table) presenceFrame(seat game.Seat) []byte {
	present := t.seats[seat].here()
	return wire.Encode(&wire.Message{Type: wire.TypePresence, Game: t.name, Seat: t.seatName(seat),
		User: wireUser(t.game.Player(seat)), Present: &present})
}

func (t *Table) watchersFrame() []byte {
	sum := t.watchers()
	return wire.Encode(&wire.Message{Type: wire.TypeWatchers, Game: t.name, Count: &sum})
}
