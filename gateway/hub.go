package gateway

import (
	"slices"
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
	subs     []*subscription
	players  int  // so many of subs, the first ones, are players': they hear everything at once, however many watch
	counting bool // the number of watchers is going to be told
	told     int
	notices  []*table.Notice // that fan has not brought to the watchers yet
	fanning  bool            // there is a goroutine that does
}

// watcher receives frames. push must not block.
type watcher interface {
	push(message []byte)
}

// subscription is one watcher of one game. Its fields are guarded by the topic's lock, apart from those that never change.
type subscription struct {
	topic *topic
	to    watcher
	user  string

	seat  game.Seat
	seen  uint64 // events up to this one were sent
	place int    // in the topic's subs; -1: it has left
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
			t = &topic{id: id}
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

// watch makes w a watcher of the game and brings it up to date with what the reply says. known is the subscription that it
// has already, if it has; the one that is returned is to be left in the end.
func (h *hub) watch(known *subscription, id game.ID, w watcher, user string, reply *table.Reply) *subscription {
	t := h.lock(id, true)
	defer t.mu.Unlock()
	sub := known
	if sub == nil || sub.topic != t || sub.place < 0 {
		sub = &subscription{topic: t, to: w, user: user, seat: game.NoSeat}
		t.add(sub)
		if reply.Seat != game.NoSeat {
			h.presence(t.id, user, true)
		}
		h.count(t)
	}
	sub.seat, sub.seen = reply.Seat, reply.Seq
	if sub.seat != game.NoSeat && sub.place >= t.players {
		t.swap(sub.place, t.players)
		t.players++
	}
	for _, message := range reply.Seen {
		w.push(message)
	}
	if reply.Frame != nil {
		w.push(reply.Frame)
	}
	return sub
}

// leave ends a subscription. A second time does nothing.
func (h *hub) leave(sub *subscription) {
	t := sub.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	if sub.place < 0 {
		return
	}
	t.remove(sub)
	if sub.seat != game.NoSeat && !t.has(sub.user) {
		h.presence(t.id, sub.user, false)
	}
	if len(t.subs) > 0 {
		h.count(t)
		return
	}
	t.gone = true
	part := h.part(t.id)
	part.mu.Lock()
	delete(part.topics, t.id)
	part.mu.Unlock()
}

func (t *topic) add(sub *subscription) {
	sub.place = len(t.subs)
	t.subs = append(t.subs, sub)
}

func (t *topic) swap(i, j int) {
	t.subs[i], t.subs[j] = t.subs[j], t.subs[i]
	t.subs[i].place, t.subs[j].place = i, j
}

// remove takes a subscription out. The last one takes its place; of the players', the last of them does.
func (t *topic) remove(sub *subscription) {
	if sub.place < t.players {
		t.players--
		t.swap(sub.place, t.players)
	}
	last := len(t.subs) - 1
	t.swap(sub.place, last)
	t.subs[last] = nil
	t.subs = t.subs[:last]
	sub.place = -1
}

// has tells whether the user has a connection that watches. It looks at all of them: it is asked when players come and go.
func (t *topic) has(user string) bool {
	return slices.ContainsFunc(t.subs, func(sub *subscription) bool { return sub.user == user })
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
