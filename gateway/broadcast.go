package gateway

import (
	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/table"
)

// news is what the watchers of a game are to be brought: a notice, or the answer to a heal.
type news struct {
	notice *table.Notice // nil: the answer
	heal   *heal
}

// next is the part of what waits that goes together: an answer, or notices between which nothing is missing.
func next(waiting []news) []news {
	last := uint64(0)
	for i, each := range waiting {
		switch {
		case each.notice == nil:
			return waiting[:max(1, i)]
		case each.notice.Last == 0:
		case last != 0 && each.notice.First > last+1:
			return waiting[:i]
		default:
			last = each.notice.Last
		}
	}
	return waiting
}

// broadcast is what is new as one frame, for those without a seat.
type broadcast struct {
	frame    []byte
	messages int
	none     uint64 // who has seen less than this has seen none of the events
	first    uint64 // the first event; 0: there are none
	last     uint64
}

func newBroadcast(what []news) broadcast {
	b := broadcast{frame: make([]byte, headerMax), none: ^uint64(0)}
	for _, each := range what {
		notice := each.notice
		if notice == nil {
			for _, frame := range each.heal.reply.Seen {
				b.add(frame)
			}
			continue
		}
		if notice.Last != 0 {
			if b.last == 0 {
				b.first = notice.First
			}
			b.none, b.last = min(b.none, notice.Last), max(b.last, notice.Last)
		}
		if frame := notice.Frames.For(game.NoSeat); frame != nil {
			b.add(frame)
		}
	}
	b.frame = withHeader(b.frame)
	return b
}

func (b *broadcast) add(frame []byte) {
	if b.messages > 0 {
		b.frame = append(b.frame, '\n')
	}
	b.messages++
	b.frame = append(b.frame, frame...)
}

// follows tells whether all of it is new to somebody without a seat, and follows on what he has seen.
func (b *broadcast) follows(sub *subscription) bool {
	return sub.seen < b.none && b.first <= sub.seen+1 && !(sub.lags && b.last != 0)
}

// to delivers it to a session.
func (b *broadcast) to(s *session) {
	if b.messages > 0 {
		s.out.deliver(b.frame, b.messages)
	}
}
