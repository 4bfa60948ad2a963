package shard_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/plywire/plywire/shard"
)

// ledger is an actor that notes what it is told, each thing once, in order. Its fold is the list of its events.
type ledger struct {
	world  *world
	id     shard.ID
	events []event
	stay   bool      // not durable
	told   time.Time // the latest time it was told
}

type eventKind byte

const (
	noteEvent  eventKind = iota + 1 // value is the id of the command
	alarmEvent                      // value is the deadline in Unix nanoseconds; 0: none
	passEvent                       // value is the id of a note that another ledger is to make
	endEvent                        // the ledger expires an hour after value
)

// event is one event of a ledger. Its seq counts from 1, so that a hole, a repetition or a swap is found when it is applied.
type event struct {
	kind  eventKind
	seq   uint32
	value uint64
	to    shard.ID // of passEvent
}

const eventLen = 29

func (e event) append(dst []byte) []byte {
	dst = append(dst, byte(e.kind))
	dst = binary.BigEndian.AppendUint32(dst, e.seq)
	dst = binary.BigEndian.AppendUint64(dst, e.value)
	return append(dst, e.to[:]...)
}

func decode(b []byte) (event, error) {
	if len(b) != eventLen {
		return event{}, fmt.Errorf("event of %d bytes", len(b))
	}
	return event{kind: eventKind(b[0]), seq: binary.BigEndian.Uint32(b[1:]), value: binary.BigEndian.Uint64(b[5:]), to: shard.ID(b[13:])}, nil
}

// What a ledger can be asked.
type (
	note struct{ id uint64 } // reply: the seq, the same when it is asked again; notice
	look struct{}            // reply: all events
	say  struct{ what string }
	wake struct{ at time.Time } // sets the deadline, not only into the future; zero: none
	pass struct {               // sends a note to another
		id uint64
		to shard.ID
	}
	end   struct{}           // from now on, the ledger may be forgotten
	stays struct{ yes bool } // reply: nothing
	many  struct{ n int }    // as many events at once
	slow  struct{ d time.Duration }
)

// told is the notice of a ledger: its events from one seq to another, or something said.
type told struct {
	first, last uint32
	said        string
}

// world makes ledgers and remembers what was done to them.
type world struct {
	clock *clock

	mu     sync.Mutex
	panics map[string]int // how often "receive", "apply", "snapshot", "needs", "visible", "new", "restore" will panic
	refuse error          // of Apply
	calls  []call
	idle   bool // ledgers do not move their deadline on a tick
	late   []string
	heard  func(call) // in a simulation, instead of calls
}

// call is one thing that a ledger was told, apart from commands.
type call struct {
	id   shard.ID
	what string // tick, thaw, visible
	now  time.Time
	seq  int // events that it had
	thaw shard.Thaw
}

func newWorld(c *clock) *world { return &world{clock: c, panics: make(map[string]int)} }

func (w *world) New(id shard.ID) shard.Actor {
	w.mayPanic("new")
	return &ledger{world: w, id: id}
}

func (w *world) Restore(id shard.ID, snapshot []byte) (shard.Actor, error) {
	w.mayPanic("restore")
	l := &ledger{world: w, id: id}
	for b := range slices.Chunk(snapshot, eventLen) {
		if err := l.apply(b); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// mayPanic panics if a test has ordered that.
func (w *world) mayPanic(where string) {
	w.mu.Lock()
	n := w.panics[where]
	w.panics[where] = max(n-1, 0)
	w.mu.Unlock()
	if n > 0 {
		panic("ordered in " + where)
	}
}

func (w *world) order(where string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.panics[where] = n
}

func (w *world) record(c call) {
	if w.heard != nil {
		w.heard(c)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
}

// of lists what the ledger was told, of one kind.
func (w *world) of(id shard.ID, what string) (calls []call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if c.id == id && c.what == what {
			calls = append(calls, c)
		}
	}
	return calls
}

func (l *ledger) apply(b []byte) error {
	ev, err := decode(b)
	if err != nil {
		return err
	}
	if int(ev.seq) != len(l.events)+1 {
		return fmt.Errorf("event has seq %d, want %d", ev.seq, len(l.events)+1)
	}
	l.events = append(l.events, ev)
	return nil
}

func (l *ledger) Apply(b []byte) error {
	l.world.mayPanic("apply")
	if l.world.refuse != nil {
		return l.world.refuse
	}
	return l.apply(b)
}

func (l *ledger) AppendSnapshot(dst []byte) []byte {
	l.world.mayPanic("snapshot")
	for _, ev := range l.events {
		dst = ev.append(dst)
	}
	return dst
}

func (l *ledger) deadline() time.Time {
	for _, ev := range slices.Backward(l.events) {
		if ev.kind == alarmEvent {
			if ev.value == 0 {
				return time.Time{}
			}
			return time.Unix(0, int64(ev.value))
		}
	}
	return time.Time{}
}

func (l *ledger) Needs() shard.Needs {
	l.world.mayPanic("needs")
	needs := shard.Needs{Deadline: l.deadline(), Stay: l.stay}
	for _, ev := range l.events {
		if ev.kind == endEvent {
			needs.Expires = time.Unix(0, int64(ev.value)).Add(time.Hour)
		}
	}
	return needs
}

func (l *ledger) Visible(now time.Time) {
	l.notice(now)
	l.world.mayPanic("visible")
	l.world.record(call{id: l.id, what: "visible", now: now, seq: len(l.events)})
}

// notice checks that time does not go back for an actor.
func (l *ledger) notice(now time.Time) {
	if now.Before(l.told) {
		l.world.mu.Lock()
		l.world.late = append(l.world.late, fmt.Sprintf("%s is told that it is %v after it was told %v", l.id, now, l.told))
		l.world.mu.Unlock()
	}
	l.told = now
}

func (l *ledger) Receive(now time.Time, body any) shard.Turn {
	l.notice(now)
	switch what := body.(type) {
	case note:
		for _, ev := range l.events {
			if ev.kind == noteEvent && ev.value == what.id {
				return shard.Turn{Reply: ev.seq}
			}
		}
		return l.decide(event{kind: noteEvent, value: what.id})
	case look:
		l.world.mayPanic("receive")
		return shard.Turn{Reply: slices.Clone(l.events)}
	case say:
		return shard.Turn{Reply: "said", Notice: told{said: what.what}}
	case wake:
		if what.at.IsZero() {
			return l.decide(event{kind: alarmEvent})
		}
		return l.decide(event{kind: alarmEvent, value: uint64(what.at.UnixNano())})
	case pass:
		turn := l.decide(event{kind: passEvent, value: what.id, to: what.to})
		turn.Sends = []shard.Send{{To: what.to, Body: note{what.id}}}
		return turn
	case end:
		return l.decide(event{kind: endEvent, value: uint64(now.UnixNano())})
	case stays:
		l.stay = what.yes
		return shard.Turn{}
	case many:
		return l.decide(slices.Repeat([]event{{kind: noteEvent}}, what.n)...)
	case slow:
		l.world.clock.stall(what.d)
		return shard.Turn{Reply: "slow"}
	case shard.Tick:
		l.world.record(call{id: l.id, what: "tick", now: now, seq: len(l.events)})
		if l.world.idle {
			return shard.Turn{}
		}
		return l.decide(event{kind: alarmEvent})
	case shard.Thaw:
		return l.thaw(now, what)
	}
	panic(fmt.Sprintf("a ledger was sent a %T", body))
}

// thaw gives the ledger the time back in which nobody served it, and asks again for what it has asked others for.
func (l *ledger) thaw(now time.Time, thaw shard.Thaw) (turn shard.Turn) {
	l.world.record(call{id: l.id, what: "thaw", now: now, seq: len(l.events), thaw: thaw})
	if deadline := l.deadline(); !deadline.IsZero() && !thaw.Alive.IsZero() && now.After(thaw.Alive) {
		turn = l.decide(event{kind: alarmEvent, value: uint64(deadline.Add(now.Sub(thaw.Alive)).UnixNano())})
	}
	for _, ev := range l.events {
		if ev.kind == passEvent {
			turn.Sends = append(turn.Sends, shard.Send{To: ev.to, Body: note{ev.value}})
		}
	}
	return turn
}

// decide makes events true.
func (l *ledger) decide(events ...event) (turn shard.Turn) {
	first := uint32(len(l.events) + 1)
	for _, ev := range events {
		ev.seq = uint32(len(l.events) + 1)
		turn.Events = append(turn.Events, ev.append(nil))
		l.events = append(l.events, ev)
	}
	l.world.mayPanic("receive") // half of it is done
	turn.Reply, turn.Notice = first, told{first: first, last: uint32(len(l.events))}
	return turn
}
