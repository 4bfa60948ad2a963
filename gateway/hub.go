package gateway

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

// hub knows who watches which game on this node, and brings each notice to them. A notice is written once for all who see
// the same.
type hub struct {
	post    func(shard.Command) error // see Owners
	left    func(game.ID)             // hears that nobody watches a game any more
	from    string                    // this gateway, as the games know it
	burst   *burst
	metrics *metrics
	parts   [64]hubPart
	heals   heals
	over    atomic.Bool // the gateway is closed: nothing is tried again
}

// hubPart is a part of the hub with locks of its own.
type hubPart struct {
	mu     sync.Mutex
	topics map[game.ID]*topic

	counts sync.Mutex
	told   map[game.ID]int // how many watch here, as the game was told; none if it was told of none
}

// topic is one game and its watchers.
type topic struct {
	id       game.ID
	mu       sync.Mutex
	gone     bool // it was taken out of the hub: look for it again
	subs     []*subscription
	players  int    // so many of subs, the first ones, are players': they hear everything at once, however many watch
	counting bool   // the number of watchers is going to be told
	notices  []news // that fan has not brought to the watchers yet
	fanning  bool   // there is a goroutine that does

	// What is done for those who have missed something, see heal.
	last    uint64 // event that somebody was told of here
	lagging int    // so many of subs lag
	renew   bool   // the owner does not know who is here
	healing healing
	heal    *heal // under way
	tries   int   // that failed, since one did not
	stale   int   // answers that were too old, likewise
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
	lags  bool   // it has missed something, and is brought no events until it has got that
	seen  uint64 // events up to this one were sent
	place int    // in the topic's subs; -1: it has left
	heal  *heal  // that is going to bring it what it has missed; nil: none yet
}

func newHub(post func(shard.Command) error, b *burst, m *metrics) *hub {
	h := &hub{post: post, left: func(game.ID) {}, burst: b, metrics: m}
	for i := range h.parts {
		h.parts[i].topics, h.parts[i].told = make(map[game.ID]*topic), make(map[game.ID]int)
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
	t.caughtUp(sub)
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
	if t.last = max(t.last, reply.Seq); reply.Seq < t.last {
		h.overtaken(sub)
	}
	return sub
}

// overtaken heals a subscription that began with an answer older than what was told already: it came from an owner that is none
// any more. Requires: sub.topic.mu is held.
func (h *hub) overtaken(sub *subscription) {
	if a, asks := sub.to.(asker); asks {
		time.AfterFunc(healPause, a.wake) // not at once: it would only hear the same
		return
	}
	h.lag(sub)
}

// leave ends a subscription. A second time does nothing.
func (h *hub) leave(sub *subscription) {
	if h.remove(sub) {
		h.left(sub.topic.id)
	}
}

// remove takes a subscription out, and returns true if nobody watches the game any more.
func (h *hub) remove(sub *subscription) (last bool) {
	t := sub.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	if sub.place < 0 {
		return false
	}
	t.remove(sub)
	if sub.seat != game.NoSeat && !t.has(sub.user) {
		h.presence(t.id, sub.user, false)
	}
	if len(t.subs) > 0 {
		h.count(t)
		return false
	}
	t.gone = true
	if h.part(t.id).knows(t.id) {
		h.count(t) // that there are none
	}
	part := h.part(t.id)
	part.mu.Lock()
	delete(part.topics, t.id)
	part.mu.Unlock()
	return true
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
	t.caughtUp(sub)
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
