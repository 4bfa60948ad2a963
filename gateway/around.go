package gateway

import (
	"errors"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

const (
	aroundRetry    = 200 * time.Millisecond // before what could not be told is told again; then twice as long each time
	aroundRetryMax = 4 * time.Second
	countDelay     = time.Second // how long the number of watchers may be old
)

// presence tells the game that a user's first connection here has come or the last has gone. It is called with the topic's
// lock held, so that the game hears of comings and goings in their order: for that reason it must not run the shard itself.
func (h *hub) presence(id game.ID, user string, present bool) {
	(&coming{hub: h, game: id, user: user, present: present}).tell()
}

// coming is a user who comes, or goes, and of whom the game is told.
type coming struct {
	hub     *hub
	game    game.ID
	user    string
	present bool
	tries   int
}

func (c *coming) tell() {
	body := &table.Presence{User: c.user, Present: c.present, From: c.hub.from}
	if err := c.hub.post(shard.Command{Actor: c.game, Body: body, Sender: c}); err != nil {
		c.retry()
	}
}

// Answer hears whether the game was told.
func (c *coming) Answer(_ any, err error) {
	if errors.Is(err, shard.ErrUnavailable) {
		c.retry()
	}
}

// retry tells a little later what is true by then: the shard is busy, or nobody serves it.
func (c *coming) retry() {
	if c.hub.over.Load() {
		return
	}
	again := &coming{hub: c.hub, game: c.game, user: c.user, present: c.present, tries: c.tries + 1}
	time.AfterFunc(backOff(aroundRetry, c.tries, aroundRetryMax), func() {
		t := c.hub.lock(c.game, false)
		here := false
		if t != nil {
			defer t.mu.Unlock()
			here = t.has(c.user)
		}
		if here == c.present {
			again.tell()
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

// count has the game told how many watch it here, a little later and once for all changes until then. Requires: t.mu is held.
func (h *hub) count(t *topic) {
	if !t.counting {
		t.counting = true
		(&counting{hub: h, game: t.id}).after(countDelay)
	}
}

// recount tells it at once, to an owner who may not have heard of it, or only of an older number. Requires: t.mu is held.
func (h *hub) recount(t *topic) {
	if part := h.part(t.id); part.knows(t.id) {
		part.note(t.id, -1)
	}
	(&counting{hub: h, game: t.id}).tell(t.watchers())
}

// watchers is how many watch without a seat. Requires: t.mu is held.
func (t *topic) watchers() (n int) {
	for _, sub := range t.subs {
		if sub.seat == game.NoSeat {
			n++
		}
	}
	return n
}

// note notes what the game was told: how many watch it here. Less than 0: nobody knows.
func (p *hubPart) note(id game.ID, n int) {
	p.counts.Lock()
	defer p.counts.Unlock()
	p.noteLocked(id, n)
}

// knows tells whether the game was told that somebody watches it here.
func (p *hubPart) knows(id game.ID) bool {
	p.counts.Lock()
	defer p.counts.Unlock()
	return p.told[id] != 0
}

func (p *hubPart) noteLocked(id game.ID, n int) {
	if n == 0 {
		delete(p.told, id)
	} else {
		p.told[id] = n
	}
}

// counting tells a game how many watch it here.
type counting struct {
	hub   *hub
	game  game.ID
	tries int
}

// after counts, and tells, after a while. There may be nobody left by then, and nothing of the game here.
func (c *counting) after(d time.Duration) {
	time.AfterFunc(d, func() {
		t := c.hub.lock(c.game, false)
		n := 0
		if t != nil {
			defer t.mu.Unlock()
			t.counting = false
			n = t.watchers()
		}
		c.tell(n)
	})
}

// tell tells the game, unless it was told the same. Requires: the topic's lock is held, if there is one.
func (c *counting) tell(n int) {
	part := c.hub.part(c.game)
	part.counts.Lock() // so that what is told last is what was counted last
	defer part.counts.Unlock()
	if part.told[c.game] == n {
		return
	}
	body := &table.Watching{From: c.hub.from, Count: n}
	if err := c.hub.post(shard.Command{Actor: c.game, Body: body, Sender: c}); err != nil {
		c.retry()
		return
	}
	part.noteLocked(c.game, n)
}

// Answer hears whether the game was told.
func (c *counting) Answer(_ any, err error) {
	if errors.Is(err, shard.ErrUnavailable) {
		c.hub.part(c.game).note(c.game, -1)
		c.retry()
	}
}

func (c *counting) retry() {
	if !c.hub.over.Load() {
		again := &counting{hub: c.hub, game: c.game, tries: c.tries + 1}
		again.after(max(countDelay, backOff(aroundRetry, c.tries, aroundRetryMax)))
	}
}
