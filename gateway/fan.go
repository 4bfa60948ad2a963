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
	t.last = max(t.last, notice.Last)
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
		h.later(t, news{notice: notice})
	}
	for _, sub := range at {
		h.tell(sub, notice)
	}
}

// seated notes that a user has got a seat. It returns false if that was known. Requires: t.mu is held.
func (t *topic) seated(joined table.Joined) (changed bool) {
	for _, sub := range t.subs {
		if sub.user == joined.User {
			changed = changed || sub.seat != joined.Seat
			sub.seat = joined.Seat
		}
	}
	return changed
}

// tell brings a notice to a watcher who has not seen it. One that does not follow on what he has seen means that he has missed
// something, and is not brought. Requires: sub.topic.mu is held.
func (h *hub) tell(sub *subscription, notice *table.Notice) {
	if notice.Last != 0 {
		if sub.lags || notice.Last <= sub.seen {
			return
		}
		if notice.First > sub.seen+1 {
			if h.lag(sub); sub.lags {
				return
			}
		}
		sub.seen = notice.Last
	}
	if frame := notice.Frames.For(sub.seat); frame != nil {
		sub.to.push(frame)
	}
}

// later leaves something to the topic's own goroutine. It returns false if too much waits for it. Requires: t.mu is held.
func (h *hub) later(t *topic, what news) bool {
	if len(t.notices) >= noticesMax {
		for _, sub := range t.subs[t.players:] {
			if s, is := sub.to.(*session); is {
				s.out.end(statusTooMany, "too far behind the game")
			}
		}
		return false
	}
	t.notices = append(t.notices, what)
	if !t.fanning {
		t.fanning = true
		go h.fan(t)
	}
	return true
}

// fan brings what waits to all who have not heard it, until nothing waits.
func (h *hub) fan(t *topic) {
	var all []*subscription
	for {
		t.mu.Lock()
		some := next(t.notices)
		if len(some) == 0 {
			t.fanning = false
			t.mu.Unlock()
			return
		}
		all = append(all[:0], t.subs[t.players:]...)
		t.mu.Unlock()
		same := newBroadcast(some)
		for rest := all; len(rest) > 0; {
			n := min(fanChunk, len(rest))
			began := time.Now()
			h.serve(t, rest[:n], some, same)
			rest = rest[n:]
			time.Sleep(time.Since(began)) // half of a CPU is enough for those who only watch
		}
		clear(all)
		t.mu.Lock()
		t.notices = append(t.notices[:0:0], t.notices[len(some):]...)
		if one := some[0].heal; one != nil && t.healing == healServed {
			h.healed(t, one)
			h.request(t)
		}
		t.mu.Unlock()
	}
}

// serve brings some watchers what is new: as one frame, made once, to those who have seen none of it, have missed nothing
// before it, and have no seat; one by one to the others. Requires: t.mu is held by nobody who waits for a watcher.
func (h *hub) serve(t *topic, some []*subscription, what []news, same broadcast) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, sub := range some {
		switch s, is := sub.to.(*session); {
		case sub.place < t.players: // has left, or has got a seat and was brought up to date
		case what[0].heal != nil && !is:
			what[0].heal.mend(sub)
		case what[0].heal != nil:
			if what[0].heal.brings(sub) {
				same.to(s)
			}
		case is && sub.seat == game.NoSeat && same.follows(sub):
			sub.seen = max(sub.seen, same.last)
			same.to(s)
		default:
			for _, each := range what {
				h.tell(sub, each.notice)
			}
		}
	}
	h.burst.flush()
}
