package auth

import (
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// turn tells the tokens of one session apart. Tokens of the same generation come from the same token, resumed more than
// once because a welcome was lost; they differ in the serial.
type turn struct {
	generation uint64
	serial     uint64
}

// usedTable remembers of each session the newest token that was used, and by that which are dead: all of an older
// generation, and all others of the same. The token in use stays good, because the welcome that replaces it may be lost;
// and so does any of the next generation, until one of those is used.
//
// An entry is kept while a token that it makes dead could still be good otherwise. When the table is full, the session
// that was resumed the longest ago is forgotten: its replaced tokens are good again until they expire.
type usedTable struct {
	max int
	ttl time.Duration // of tokens
	log zerolog.Logger

	mu    sync.Mutex
	index map[SessionID]int32 // to slots
	slots []usedSlot          // slots[0] is not a session: its next is the newest, its prev the oldest
	free  int32               // first of the slots without a session, linked by next; 0 for none
	told  time.Time           // when the log last heard that the table is too small
}

type usedSlot struct {
	session    SessionID
	newest     turn
	until      int64 // milliseconds since 1970
	prev, next int32
}

func newUsedTable(most int, ttl time.Duration, log zerolog.Logger) *usedTable {
	return &usedTable{max: most, ttl: ttl, log: log, index: map[SessionID]int32{}, slots: make([]usedSlot, 1)}
}

// use notes that a token is used, or says no if it is dead.
func (t *usedTable) use(session SessionID, used turn, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forgetExpired(now)
	at, known := t.index[session]
	if known {
		newest := t.slots[at].newest
		if used.generation < newest.generation || used.generation == newest.generation && used.serial != newest.serial {
			return false
		}
		t.unlink(at)
	} else {
		at = t.take(now)
		t.index[session] = at
	}
	slot := &t.slots[at]
	// Every token that this makes dead was issued before now, and so is not good after now+ttl anyway.
	slot.session, slot.newest, slot.until = session, used, now.Add(t.ttl).UnixMilli()
	t.linkNewest(at)
	return true
}

// forgetExpired frees two sessions at the most that are no longer needed: more than come in, so that a full table of
// dead ones shrinks, at a cost that is the same for everybody.
func (t *usedTable) forgetExpired(now time.Time) {
	for range 2 {
		oldest := t.slots[0].prev
		if oldest == 0 || t.slots[oldest].until > now.UnixMilli() {
			return
		}
		t.forget(oldest)
	}
}

// take returns a slot that is in no list.
func (t *usedTable) take(now time.Time) int32 {
	if len(t.index) >= t.max {
		if now.Sub(t.told) >= time.Hour {
			t.told = now
			t.log.Warn().Int("sessions", t.max).Msg("more sessions are resumed than are remembered; replaced resume tokens of the oldest are good again until they expire")
		}
		t.forget(t.slots[0].prev)
	}
	if at := t.free; at != 0 {
		t.free = t.slots[at].next
		return at
	}
	t.slots = append(t.slots, usedSlot{})
	return int32(len(t.slots) - 1)
}

func (t *usedTable) forget(at int32) {
	t.unlink(at)
	delete(t.index, t.slots[at].session)
	t.slots[at] = usedSlot{next: t.free}
	t.free = at
}

func (t *usedTable) unlink(at int32) {
	slot := t.slots[at]
	t.slots[slot.prev].next = slot.next
	t.slots[slot.next].prev = slot.prev
}

func (t *usedTable) linkNewest(at int32) {
	first := t.slots[0].next
	t.slots[at].prev, t.slots[at].next = 0, first
	t.slots[first].prev = at
	t.slots[0].next = at
}
