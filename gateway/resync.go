package gateway

import (
	"github.com/plywire/plywire/game"
)

// Resync asks for all that may have been missed of those games that somebody watches here and for which lost is true: their
// owner has changed, or was out of reach. It also tells the owner again who is here, because a new one knows nobody. It asks
// for a limited number of games at a time, and does not wait for that. lost must not call the gateway.
func (server *Server) Resync(lost func(id game.ID) bool) { server.hub.resync(lost) }

// Watches tells whether somebody watches the game here, so that its notices should come here.
func (server *Server) Watches(id game.ID) bool {
	t := server.hub.lock(id, false)
	if t == nil {
		return false
	}
	t.mu.Unlock()
	return true
}

// EachWatched calls f for every game that somebody watches here. f must not call the gateway.
func (server *Server) EachWatched(f func(id game.ID)) {
	for i := range server.hub.parts {
		part := &server.hub.parts[i]
		part.mu.Lock()
		for id := range part.topics {
			f(id)
		}
		part.mu.Unlock()
	}
}

func (h *hub) resync(lost func(id game.ID) bool) {
	var some []*topic
	for i := range h.parts {
		part := &h.parts[i]
		some = some[:0]
		part.mu.Lock()
		for _, t := range part.topics {
			some = append(some, t)
		}
		part.mu.Unlock()
		for _, t := range some {
			if lost(t.id) {
				h.resyncOne(t)
			}
		}
	}
}

func (h *hub) resyncOne(t *topic) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return
	}
	t.last, t.stale, t.tries, t.renew = 0, 0, 0, true // the owner knows best
	for _, sub := range t.subs {
		sub.heal = nil // what is under way was asked of somebody else
		if a, asks := sub.to.(asker); asks {
			a.wake()
		} else {
			t.lag(sub)
		}
	}
	switch t.healing {
	case healPaused:
		t.healing = healIdle
	case healAsked: // the place of the heal under way is taken over
		t.heal.close()
		if !h.begin(t) && !h.heals.leave() {
			go h.finish(nil)
		}
	}
	h.request(t)
}

// tellAll tells an owner who knows nobody which players are here, and how many watch. Requires: t.mu is held.
func (h *hub) tellAll(t *topic) {
	told := make(map[string]bool, 2)
	for _, sub := range t.subs {
		if sub.seat != game.NoSeat && !told[sub.user] {
			told[sub.user] = true
			h.presence(t.id, sub.user, true)
		}
	}
	h.recount(t)
}
