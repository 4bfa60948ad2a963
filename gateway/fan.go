package gateway

import (
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

const (
	// promptMax is the number of watchers up to which whoever publishes serves all of them himself.
	promptMax = 32
	// fanChunk is how many watchers are served before others have a turn.
	fanChunk = 64
	// noticesMax bounds the notices of one game that its watchers have not been brought yet. Those who are so far behind
	// are ended like anybody who is too slow.
	noticesMax = 1024
)

// Publish brings a notice to all who watch the game: to players at once; to watchers, where there are many of them, by a
// goroutine of the game's own, so that nobody else waits for that.
func (h *hub) Publish(id shard.ID, body any) {
	notice := body.(*table.Notice)
	t := h.lock(id, false)
	if t == nil {
		return
	}
	defer t.mu.Unlock()
	for _, joined := range notice.Joined {
		t.seated(joined)
	}
	h.spread(t, notice)
	h.metrics.fanout.Observe(float64(len(t.subs)))
	if notice.Joined != nil {
		h.tellPresence(t, notice.Joined)
		h.count(t)
	}
}

// spread brings a notice to players at once, and to watchers at once if there are few of them. Requires: t.mu is held.
func (h *hub) spread(t *topic, notice *table.Notice) {
	at := t.subs
	if len(t.notices) > 0 || len(t.subs) > promptMax {
		at = t.subs[:t.players]
		h.later(t, notice)
	}
	for _, sub := range at {
		sub.tell(notice)
	}
}

// seated notes that a user has got a seat. Requires: t.mu is held.
func (t *topic) seated(joined table.Joined) {
	for _, sub := range t.subs {
		if sub.user == joined.User {
			sub.seat = joined.Seat
		}
	}
}

// tell brings a notice to a watcher who has not seen it.
func (sub *subscription) tell(notice *table.Notice) {
	if notice.Last != 0 {
		if notice.Last <= sub.seen {
			return
		}
		sub.seen = notice.Last
	}
	if frame := notice.Frames.For(sub.seat); frame != nil {
		sub.to.push(frame)
	}
}

// later leaves a notice to the topic's own goroutine. Requires: t.mu is held.
func (h *hub) later(t *topic, notice *table.Notice) {
	if len(t.notices) >= noticesMax {
		for _, sub := range t.subs[t.players:] {
			if s, is := sub.to.(*session); is {
				s.out.end(statusTooMany, "too far behind the game")
			}
		}
		return
	}
	t.notices = append(t.notices, notice)
	if !t.fanning {
		t.fanning = true
		go h.fan(t)
	}
}

// fan brings what waits to all who have not heard it, until nothing waits.
func (h *hub) fan(t *topic) {
	var all []*subscription
	for {
		t.mu.Lock()
		notices := t.notices
		if len(notices) == 0 {
			t.fanning = false
			t.mu.Unlock()
			return
		}
		all = append(all[:0], t.subs[t.players:]...)
		t.mu.Unlock()
		same := newBroadcast(notices)
		for rest := all; len(rest) > 0; {
			n := min(fanChunk, len(rest))
			began := time.Now()
			h.serve(t, rest[:n], notices, same)
			rest = rest[n:]
			time.Sleep(time.Since(began)) // half of a CPU is enough for those who only watch
		}
		clear(all)
		t.mu.Lock()
		t.notices = append(t.notices[:0:0], t.notices[len(notices):]...)
		t.mu.Unlock()
	}
}

// serve brings notices to some watchers: as one frame, made once, to those who have seen none of them and have no seat;
// one by one to the others. Requires: t.mu is held by nobody who waits for a watcher.
func (h *hub) serve(t *topic, some []*subscription, notices []*table.Notice, same broadcast) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, sub := range some {
		if sub.place < t.players {
			continue // has left, or has got a seat and was brought up to date
		}
		if s, is := sub.to.(*session); is && sub.seat == game.NoSeat && sub.seen < same.first {
			sub.seen = max(sub.seen, same.last)
			if same.messages > 0 {
				s.out.deliver(same.frame, same.messages)
			}
			continue
		}
		for _, notice := range notices {
			sub.tell(notice)
		}
	}
	h.burst.flush()
}

// broadcast is notices as one frame for those without a seat.
type broadcast struct {
	frame    []byte
	messages int
	first    uint64 // who has seen less than this has seen none of the events
	last     uint64
}

func newBroadcast(notices []*table.Notice) broadcast {
	b := broadcast{frame: make([]byte, headerMax), first: ^uint64(0)}
	for _, notice := range notices {
		if notice.Last != 0 {
			b.first, b.last = min(b.first, notice.Last), max(b.last, notice.Last)
		}
		frame := notice.Frames.For(game.NoSeat)
		if frame == nil {
			continue
		}
		if b.messages++; b.messages > 1 {
			b.frame = append(b.frame, '\n')
		}
		b.frame = append(b.frame, frame...)
	}
	b.frame = withHeader(b.frame)
	return b
}
