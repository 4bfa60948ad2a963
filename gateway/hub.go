package gateway

import (
	"sync"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

// hub knows who watches which game on this node, and brings each notice to them. A notice is written once for all who see
// the same.
type hub struct {
	post    func(shard.Command) error // see Owners
	burst   *burst
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
	prompt   map[watcher]*subscription // of them the players: they hear everything at once, however many watch
	users    map[string]int            // connections of each user with a seat or without
	counting bool                      // the number of watchers is going to be told
	told     int
	notices  []*table.Notice // that fan has not brought to the others yet
	fanning  bool            // there is a goroutine that does
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

func newHub(post func(shard.Command) error, b *burst, m *metrics) *hub {
	h := &hub{post: post, burst: b, metrics: m}
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
	if sub.seat != game.NoSeat && t.prompt[w] == nil {
		if t.prompt == nil {
			t.prompt = make(map[watcher]*subscription)
		}
		t.prompt[w] = sub
	}
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
	delete(t.prompt, w)
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
