package gateway

import (
	"sync"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// hub knows who watches which game on this node, and brings each notice to them. A notice is written once for all who see
// the same.
type hub struct {
	post    func(shard.Command) error // see Owners
	metrics *metrics
	parts   [64]hubPart
}

// hubPart is a part of the hub with a lock of its own.
type hubPart struct {
	mu     sync.Mutex
	topics map[game.ID]*topic
}

// topic is one game and its watchers.
type topic struct {
	id       game.ID
	mu       sync.Mutex
	gone     bool // it was taken out of the hub: look for it again
	watchers map[watcher]*subscription
	users    map[string]int // connections of each user with a seat or without
	counting bool           // the number of watchers is going to be told
	told     int
}

// watcher receives frames. It must be comparable, and push must not block.
type watcher interface {
	push(messages ...[]byte)
}

// subscription is one watcher of one game.
type subscription struct {
	user string
	seat game.Seat
	seen uint64 // events up to this one were sent
}

func newHub(post func(shard.Command) error, m *metrics) *hub {
	h := &hub{post: post, metrics: m}
	for i := range h.parts {
		h.parts[i].topics = make(map[game.ID]*topic)
	}
	return h
}

func (h *hub) part(id game.ID) *hubPart { return &h.parts[id[15]%64] }

// lock returns the topic of a game with its lock held; nil if there is none and create is false.
func (h *hub) lock(id game.ID, create bool) *topic {
	part := h.part(id)
	for {
		part.mu.Lock()
		t := part.topics[id]
		if t == nil && create {
			t = &topic{id: id, watchers: make(map[watcher]*subscription), users: make(map[string]int)}
			part.topics[id] = t
		}
		part.mu.Unlock()
		if t == nil {
			return nil
		}
		t.mu.Lock()
		if !t.gone {
			return t
		}
		t.mu.Unlock()
	}
}

// Publish brings a notice to all who watch the game.
func (h *hub) Publish(id shard.ID, body any) {
	notice := body.(*table.Notice)
	t := h.lock(id, false)
	if t == nil {
		return
	}
	defer t.mu.Unlock()
	for w, sub := range t.watchers {
		for _, joined := range notice.Joined {
			if sub.user == joined.User {
				sub.seat = joined.Seat
			}
		}
		if notice.Last != 0 {
			if notice.Last <= sub.seen {
				continue
			}
			sub.seen = notice.Last
		}
		if frame := notice.Frames.For(sub.seat); frame != nil {
			w.push(frame)
		}
	}
	h.metrics.fanout.Observe(float64(len(t.watchers)))
	if notice.Joined != nil {
		h.tellPresence(t, notice.Joined)
		h.count(t)
	}
}

// watch makes w a watcher of the game and brings it up to date with what the reply says.
func (h *hub) watch(id game.ID, w watcher, user string, reply *table.Reply) {
	t := h.lock(id, true)
	defer t.mu.Unlock()
	sub, known := t.watchers[w]
	if !known {
		sub = &subscription{user: user}
		t.watchers[w] = sub
		t.users[user]++
		if t.users[user] == 1 {
			h.presence(t.id, user, true)
		}
		h.count(t)
	}
	sub.seat, sub.seen = reply.Seat, reply.Seq
	w.push(reply.Seen...)
	if reply.Frame != nil {
		w.push(reply.Frame)
	}
}

// leave makes w watch the game no more.
func (h *hub) leave(id game.ID, w watcher) {
	t := h.lock(id, false)
	if t == nil {
		return
	}
	defer t.mu.Unlock()
	sub, known := t.watchers[w]
	if !known {
		return
	}
	delete(t.watchers, w)
	if t.users[sub.user]--; t.users[sub.user] == 0 {
		delete(t.users, sub.user)
		h.presence(t.id, sub.user, false)
	}
	if len(t.watchers) > 0 {
		h.count(t)
		return
	}
	t.gone = true
	part := h.part(id)
	part.mu.Lock()
	delete(part.topics, id)
	part.mu.Unlock()
}

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
			here = t.users[user] > 0
		}
		if here == present {
			h.presence(id, user, present)
		}
	})
}

// tellPresence tells the game that those who have just got a seat are here, if they are.
func (h *hub) tellPresence(t *topic, joined []table.Joined) {
	for _, each := range joined {
		if t.users[each.User] > 0 {
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
		for _, sub := range t.watchers {
			if sub.seat == game.NoSeat {
				n++
			}
		}
		if n == t.told || t.gone {
			return
		}
		t.told = n
		frame := wire.Encode(&wire.Message{Type: wire.TypeWatchers, Game: t.id.String(), Count: &n})
		for w := range t.watchers {
			w.push(frame)
		}
	})
}

// watched is the number of games that somebody watches here.
func (h *hub) watched() int {
	sum := 0
	for i := range h.parts {
		h.parts[i].mu.Lock()
		sum += len(h.parts[i].topics)
		h.parts[i].mu.Unlock()
	}
	return sum
}
