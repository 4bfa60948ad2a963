package game

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// eventLog is the whole history of a game in some 40 bytes an event: each event's facts behind their length.
type eventLog struct {
	seq   uint64 // of the last event
	bytes []byte
}

func (l *eventLog) add(ev Event) {
	// Written to one side first, because the length goes before.
	var room [256]byte
	facts := appendUint(room[:0], fieldKind, uint64(ev.Kind))
	facts = appendFacts(facts, ev)
	l.bytes = binary.AppendUvarint(l.bytes, uint64(len(facts)))
	l.bytes = append(l.bytes, facts...)
	l.seq++
}

// check reads all of a log that comes from outside and counts its events.
func (l *eventLog) check() error {
	l.seq = 0
	for rest := l.bytes; len(rest) > 0; l.seq++ {
		size, n := binary.Uvarint(rest)
		if n <= 0 || uint64(len(rest)-n) < size {
			return fmt.Errorf("%w: log ends in the middle of event %d", ErrDamaged, l.seq+1)
		}
		if _, err := DecodeEvent(rest[n : n+int(size)]); err != nil {
			return fmt.Errorf("event %d of the log: %w", l.seq+1, err)
		}
		rest = rest[n+int(size):]
	}
	return nil
}

// EventsAfter yields the events with a seq greater than after, without what is for records only: no Cause, no Notation and
// no Position of moves. The game must not change meanwhile.
func (g *Game) EventsAfter(after uint64) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		seq := uint64(0)
		for rest := g.log.bytes; len(rest) > 0; {
			size, n := binary.Uvarint(rest)
			facts := rest[n : n+int(size)]
			rest = rest[n+int(size):]
			if seq++; seq <= after {
				continue
			}
			ev, err := DecodeEvent(facts)
			if err != nil {
				// The bytes are this process's own, or were checked when they were read.
				panic(fmt.Sprintf("game: log of %s: %v", g.id, err))
			}
			ev.Seq = seq
			if !yield(ev) {
				return
			}
		}
	}
}

// answers remembers the commands that had an effect, for the whole life of the game: a hash of user and command id, and
// the seq of the first event. 64 bits are enough, because only a user's own ids can meet in one game's list by intent.
type answers struct {
	hashes []uint64
	seqs   []uint32
}

func (a *answers) add(cause Cause, seq uint64) {
	if cause.Command == "" {
		return
	}
	a.hashes = append(a.hashes, cause.hash())
	a.seqs = append(a.seqs, uint32(seq))
}

func (c Cause) hash() uint64 {
	var digest xxhash.Digest
	digest.Reset()
	_, _ = digest.WriteString(c.User)
	_, _ = digest.Write([]byte{0})
	_, _ = digest.WriteString(c.Command)
	return digest.Sum64()
}

// Answer is the seq of the first event that the user's command with that id has caused. A command that was refused has
// changed nothing and is not remembered: sent again, it is decided again.
func (g *Game) Answer(user, command string) (seq uint64, known bool) {
	if command == "" {
		return 0, false
	}
	i := slices.Index(g.answers.hashes, Cause{User: user, Command: command}.hash())
	if i < 0 {
		return 0, false
	}
	return uint64(g.answers.seqs[i]), true
}
