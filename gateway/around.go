package gateway

import (
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// presence tells the game that a user's first connection has come or the last has gone. It is called with the topic's lock
// held, so that the game hears of comings and goings in their order: for that reason it must not run the shard itself.
func (h *hub) presence(id game.ID, user string, present bool) {
	err := h.post(shard.Command{Actor: id, Body: &table.Presence{User: user, Present: present}})
	if err == nil {
		return
	}
	// The shard is busy. What is true by then is told a little later.
	time.AfterFunc(presenceRetry, func() {
		t := h.lock(id, false)
		here := false
		if t != nil {
			defer t.mu.Unlock()
			here = t.has(user)
		}
		if here == present {
			h.presence(id, user, present)
		}
	})
}

// tellPresence tells the game that those who have just got a seat are here, if they are.
func (h *hub) tellPresence(t *topic, joined []table.Joined) {
	for _, each := range joined {
		if t.has(each.User) {
			h.presence(t.id, each.User, true)
		}
	}
}

const (
	presenceRetry = 200 * time.Millisecond
	countDelay    = time.Second // how long the number of watchers may be old
)

// count has the number of watchers told to all of them, a little later and once for all changes until then.
func (h *hub) count(t *topic) {
	if t.counting {
		return
	}
	t.counting = true
	time.AfterFunc(countDelay, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.counting = false
		n := 0
		for _, sub := range t.subs {
			if sub.seat == game.NoSeat {
				n++
			}
		}
		if n == t.told || t.gone {
			return
		}
		t.told = n
		frame := wire.Encode(&wire.Message{Type: wire.TypeWatchers, Game: t.id.String(), Count: &n})
		h.spread(t, &table.Notice{Frames: table.Frames{All: frame}})
		h.burst.flush()
	})
}
