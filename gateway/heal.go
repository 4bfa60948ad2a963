package gateway

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

// heal asks the owner of a game, on behalf of subscriptions that have missed some of its events, for all that came after
// what they have seen. It hears the answer. In between, they are brought no events: the answer has them, since an owner sends
// answers and notices in order.
//
// Watchers without a seat who have seen the same share a heal. Players have their own, because rules may hide something.
type heal struct {
	hub     *hub
	topic   *topic
	user    string // as whom they see the game; empty: as somebody without a seat
	after   uint64 // the last event that they have seen
	size    int    // so many they are
	timeout *time.Timer

	// Guarded by the topic's lock.
	over  bool // it was answered, or is not waited for any more
	reply *table.Reply
	stale bool // the answer is older than what was told already
}

// healing is what is done for the subscriptions of a topic that lag.
type healing uint8

const (
	healIdle   healing = iota
	healQueued         // it is not the topic's turn yet, see heals
	healAsked          // a heal is under way
	healPaused         // it did not work, and will be tried again
	healServed         // the topic's own goroutine brings them the answer
)

const (
	healPause    = 250 * time.Millisecond // before the second try; then twice as long each time
	healPauseMax = 4 * time.Second
	// healStale is how often an owner is asked again that knows less than was told already, until it is believed.
	healStale = 5
)

// asker is a watcher that asks for what is new itself.
type asker interface{ wake() }

// lag notes that a subscription has missed something, and sees to it that it is healed. Requires: sub.topic.mu is held.
func (h *hub) lag(sub *subscription) {
	if a, asks := sub.to.(asker); asks {
		a.wake()
		return
	}
	sub.topic.lag(sub)
	h.request(sub.topic)
}

func (t *topic) lag(sub *subscription) {
	if !sub.lags {
		sub.lags = true
		t.lagging++
	}
}

// caughtUp notes that a subscription does not lag. Requires: t.mu is held.
func (t *topic) caughtUp(sub *subscription) {
	sub.heal = nil
	if sub.lags {
		sub.lags = false
		t.lagging--
	}
}

// wants tells whether a heal should begin. Requires: t.mu is held.
func (t *topic) wants() bool { return t.healing == healIdle && (t.lagging > 0 || t.renew) }

// request begins a heal, if one is needed and none is under way, or queues the topic for it. Requires: t.mu is held.
func (h *hub) request(t *topic) {
	switch {
	case !t.wants():
	case !h.heals.enter(t):
		t.healing = healQueued
	case !h.begin(t) && !h.heals.leave():
		go h.finish(nil) // somebody has come meanwhile, and needs a lock of his own
	}
}

// begin asks the owner for those who come first among the ones that lag. It returns false if there is nothing to ask, or the
// owner cannot be asked now. Requires: t.mu is held, and a place among heals is the caller's.
func (h *hub) begin(t *topic) bool {
	t.healing = healIdle
	if t.gone || !t.wants() {
		return false
	}
	one := &heal{hub: h, topic: t}
	look := &table.Look{After: math.MaxUint64, Events: true, Watch: true} // for nothing, if only polls are here
	if first := t.laggard(); first != nil {
		one.after = first.seen
		if first.seat != game.NoSeat {
			one.user = first.user
		}
		look = &table.Look{User: one.user, After: one.after, Watch: true, Seated: one.user == ""}
	}
	if err := h.post(shard.Command{Actor: t.id, Body: look, Sender: one, At: time.Now()}); err != nil {
		h.pause(t)
		return false
	}
	t.healing, t.heal = healAsked, one
	one.timeout = time.AfterFunc(askTimeout, func() { one.Answer(nil, shard.ErrUnavailable) })
	for _, sub := range t.subs {
		one.take(sub)
	}
	if t.renew {
		t.renew = false
		h.tellAll(t)
	}
	return true
}

// laggard is the first subscription that lags, or nil. Requires: t.mu is held.
func (t *topic) laggard() *subscription {
	if t.lagging > 0 {
		for _, sub := range t.subs {
			if sub.lags {
				return sub
			}
		}
	}
	return nil
}

// take makes a subscription one of those that are going to be healed, if it has seen the same, and sees the game the same way,
// as the first of them: then it has missed the same, whether it was found out or not. Requires: the topic's lock is held.
func (one *heal) take(sub *subscription) {
	if _, asks := sub.to.(asker); asks || sub.seen != one.after {
		return
	}
	if one.user == "" && sub.seat == game.NoSeat || one.user != "" && sub.seat != game.NoSeat && sub.user == one.user {
		one.topic.lag(sub)
		sub.heal = one
		one.size++
	}
}

// pause has a heal tried again later. Requires: t.mu is held.
func (h *hub) pause(t *topic) {
	h.metrics.heals.WithLabelValues("failed").Inc()
	t.healing = healPaused
	if h.over.Load() {
		return
	}
	d := backOff(healPause, t.tries, healPauseMax)
	t.tries++
	time.AfterFunc(d, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.healing == healPaused {
			t.healing = healIdle
			h.request(t)
		}
	})
}

// backOff is a pause that doubles with every try up to the longest, and is different for everybody.
func backOff(first time.Duration, tries int, longest time.Duration) time.Duration {
	d := longest
	if tries < 16 {
		d = min(longest, first<<tries)
	}
	return d/2 + rand.N(d)
}

// Answer brings those who lag what they have missed. It does not block.
func (one *heal) Answer(reply any, err error) {
	t := one.topic
	t.mu.Lock()
	if one.over {
		t.mu.Unlock()
		return
	}
	one.close()
	if err == nil {
		one.reply = reply.(*table.Reply)
		one.hub.answered(t, one)
	} else {
		one.hub.pause(t)
	}
	t.mu.Unlock()
	one.hub.finish(t)
}

// close ends the wait for an answer. Requires: the topic's lock is held.
func (one *heal) close() {
	one.over = true
	one.timeout.Stop()
	one.topic.heal = nil
}

// answered brings an answer to all for whom it is: at once if they are few, and else by the topic's own goroutine, as it does
// with notices. Requires: t.mu is held.
func (h *hub) answered(t *topic, one *heal) {
	if one.reply.Code == "" && one.reply.Seq < t.last && t.stale < healStale {
		t.stale++
		one.stale = true
	} else {
		t.last, t.stale = one.reply.Seq, 0
	}
	for _, each := range one.reply.Seated {
		if t.seated(each) { // nobody has told that he has got it
			h.tellPresence(t, []table.Joined{each})
			h.count(t)
		}
	}
	if one.user == "" && one.size > promptMax {
		if t.healing = healServed; !h.later(t, news{heal: one}) {
			h.pause(t)
		}
		return
	}
	for _, sub := range t.subs {
		one.mend(sub)
	}
	h.healed(t, one)
}

// healed notes that all for whom an answer is have got it. Requires: t.mu is held.
func (h *hub) healed(t *topic, one *heal) {
	if one.stale {
		h.pause(t)
		return
	}
	h.metrics.heals.WithLabelValues("done").Inc()
	t.healing, t.tries = healIdle, 0
}

// mend brings the answer to a subscription, if it is for it. Requires: the topic's lock is held.
func (one *heal) mend(sub *subscription) {
	if !one.brings(sub) {
		return
	}
	for _, message := range one.reply.Seen {
		sub.to.push(message)
	}
}

// brings tells whether the answer is for the subscription, which then has to be given it. Requires: the topic's lock is held.
func (one *heal) brings(sub *subscription) bool {
	if sub.heal != one {
		return false
	}
	sub.heal = nil
	switch {
	case one.user == "" && sub.seat != game.NoSeat:
		return false // he has got a seat, and may see more: he is asked for anew
	case one.reply.Code != "": // the game is not there any more
		one.topic.caughtUp(sub)
		return false
	case !one.stale:
		one.topic.caughtUp(sub)
	}
	sub.seen = one.reply.Seq
	return true
}
