package game

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
)

// eventLog is the whole history of a game in some 30 bytes a move, and with it the commands that had an effect. A record is
//
//	header   varint: twice the length of the facts, and 1 more if there is a hash
//	hash     8 bytes: of the command that the event answers
//	facts    the event, as appendFacts writes what track.shorten leaves of it
type eventLog struct {
	seq   uint64 // of the last event
	bytes []byte
	asked struct { // the command that Answer did not know last, and its hash, which is needed again if there is an event
		cause Cause
		hash  uint64
	}
}

// add appends the event, which was shortened.
func (l *eventLog) add(ev *Event) {
	// Written to one side first, because the length goes before.
	var room [256]byte
	facts := appendFacts(appendUint(room[:0], fieldKind, uint64(ev.Kind)), ev)
	l.grow(binary.MaxVarintLen64 + 8 + len(facts))
	header := uint64(len(facts)) << 1
	if ev.Cause.Command == "" {
		l.bytes = binary.AppendUvarint(l.bytes, header)
	} else {
		l.bytes = binary.AppendUvarint(l.bytes, header|1)
		hash := l.asked.hash
		if l.asked.cause != ev.Cause {
			hash = ev.Cause.hash()
		}
		l.bytes = binary.LittleEndian.AppendUint64(l.bytes, hash)
	}
	l.asked.cause = Cause{}
	l.bytes = append(l.bytes, facts...)
	l.seq++
}

// grow makes room for n more bytes, and a little for what comes after. Append would double the room: but a log gets a move
// every few seconds, and lies in memory all the time.
func (l *eventLog) grow(n int) {
	if cap(l.bytes)-len(l.bytes) < n {
		l.bytes = append(slices.Grow([]byte(nil), len(l.bytes)+n+len(l.bytes)/8), l.bytes...)
	}
}

// record is one entry of a log, as bytes.
type record struct {
	hash   uint64
	hashed bool
	facts  []byte
}

// cutRecord splits the first record off a log that is not at its end.
func cutRecord(log []byte) (r record, rest []byte, err error) {
	header, n := binary.Uvarint(log)
	if n <= 0 {
		return r, nil, fmt.Errorf("%w: the header of a record is cut off", ErrDamaged)
	}
	rest = log[n:]
	if r.hashed = header&1 != 0; r.hashed {
		if len(rest) < 8 {
			return r, nil, fmt.Errorf("%w: the hash of a record is cut off", ErrDamaged)
		}
		r.hash, rest = binary.LittleEndian.Uint64(rest), rest[8:]
	}
	size := header >> 1
	if uint64(len(rest)) < size {
		return r, nil, fmt.Errorf("%w: a record has %d of its %d bytes", ErrDamaged, len(rest), size)
	}
	r.facts = rest[:size]
	return r, rest[size:], nil
}

// reader reads a log from its first event on.
type reader struct {
	rest  []byte
	seq   uint64 // of the last event that was read
	track track
}

// next returns the next event, without its Cause. The log is not at its end.
func (r *reader) next() (Event, error) {
	each, rest, err := cutRecord(r.rest)
	if err != nil {
		return Event{}, err
	}
	ev, err := DecodeEvent(each.facts)
	if err != nil {
		return Event{}, err
	}
	r.rest = rest
	r.seq++
	ev.Seq = r.seq
	ev = r.track.lengthen(ev)
	r.track.follow(&ev)
	return ev, nil
}

// EventsAfter yields the events with a seq greater than after, without what is for records only: no Cause, no Notation and
// no Position of moves. The game must not change meanwhile. The time that it takes is that of all events, not only of those
// after.
func (g *Game) EventsAfter(after uint64) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		if after >= g.Seq() {
			return
		}
		for r := (reader{rest: g.log.bytes}); len(r.rest) > 0; {
			ev, err := r.next()
			if err != nil {
				// The bytes are this process's own, or were checked when they were read.
				panic(fmt.Sprintf("game: log of %s after event %d: %v", g.id, r.seq, err))
			}
			if ev.Seq > after && !yield(ev) {
				return
			}
		}
	}
}

// hash is the first 64 bits of SHA-256: enough against chance, and nobody finds an id that meets the next one of his
// opponent's.
func (c Cause) hash() uint64 {
	var room [256]byte
	text := append(binary.AppendUvarint(room[:0], uint64(len(c.User))), c.User...)
	sum := sha256.Sum256(append(text, c.Command...))
	return binary.LittleEndian.Uint64(sum[:])
}

// Answer is the seq of the first event that the user's command with that id has caused, for the whole life of the game. A
// command that was refused is not remembered: sent again, it is decided again.
func (g *Game) Answer(user, command string) (seq uint64, known bool) {
	if command == "" {
		return 0, false
	}
	asked := &g.log.asked
	asked.cause = Cause{User: user, Command: command}
	asked.hash = asked.cause.hash()
	var room [8]byte
	hash := binary.LittleEndian.AppendUint64(room[:0], asked.hash)
	if !bytes.Contains(g.log.bytes, hash) {
		return 0, false // nearly always so, and found out sooner than by going from record to record
	}
	for rest := g.log.bytes; len(rest) > 0; {
		each, after, err := cutRecord(rest)
		if err != nil {
			panic(fmt.Sprintf("game: log of %s: %v", g.id, err)) // see EventsAfter
		}
		seq, rest = seq+1, after
		if each.hashed && each.hash == asked.hash {
			return seq, true
		}
	}
	return 0, false
}
