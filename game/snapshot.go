package game

import (
	"encoding/binary"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// snapshotVersion is the version of the form that AppendSnapshot writes. RestoreGame reads it and every earlier one.
const snapshotVersion = 1

const (
	snapVersion = 1
	snapLog     = 2
	snapState   = 3 // of the position
	snapHashes  = 4 // 8 bytes each, little endian
	snapSeqs    = 5 // 4 bytes each
	snapTurn    = 6 // a message a seat
)

const (
	turnPly = 1
	turnAt  = 2
)

// AppendSnapshot appends the fold of all events so far: the history, the position, and the commands that were answered.
// What is not part of the fold, such as when a turn became visible, is not in it. Two games that have folded the same
// events append the same bytes.
func (g *Game) AppendSnapshot(dst []byte) []byte {
	dst = appendUint(dst, snapVersion, snapshotVersion)
	if g.status == StatusNone {
		return dst
	}
	dst = protowire.AppendBytes(protowire.AppendTag(dst, snapLog, protowire.BytesType), g.log.bytes)
	dst = protowire.AppendBytes(protowire.AppendTag(dst, snapState, protowire.BytesType), g.pos.AppendState(nil))
	hashes := make([]byte, 0, 8*len(g.answers.hashes))
	seqs := make([]byte, 0, 4*len(g.answers.seqs))
	for i, hash := range g.answers.hashes {
		hashes = binary.LittleEndian.AppendUint64(hashes, hash)
		seqs = binary.LittleEndian.AppendUint32(seqs, g.answers.seqs[i])
	}
	dst = protowire.AppendBytes(protowire.AppendTag(dst, snapHashes, protowire.BytesType), hashes)
	dst = protowire.AppendBytes(protowire.AppendTag(dst, snapSeqs, protowire.BytesType), seqs)
	for i := range g.seats {
		turn := appendUint(nil, turnPly, uint64(g.seats[i].turnPly))
		if at := g.seats[i].turnAt; !at.IsZero() {
			turn = appendUint(turn, turnAt, uint64(at.UnixMilli()))
		}
		dst = protowire.AppendBytes(protowire.AppendTag(dst, snapTurn, protowire.BytesType), turn)
	}
	return dst
}

// Restore returns the game that AppendSnapshot wrote. An error means that the bytes are damaged, or of a newer version, or
// that the registry has no rules for them.
func Restore(id ID, registry *Registry, snapshot []byte) (*Game, error) {
	g := New(id, registry)
	var state, hashes, seqs []byte
	var turns [][]byte
	version := uint64(0)
	err := fields(snapshot, func(field protowire.Number, v uint64, b []byte) error {
		switch field {
		case snapVersion:
			version = v
		case snapLog:
			g.log.bytes = append([]byte(nil), b...)
		case snapState:
			state = b
		case snapHashes:
			hashes = b
		case snapSeqs:
			seqs = b
		case snapTurn:
			turns = append(turns, b)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case version == 0 || version > snapshotVersion:
		return nil, fmt.Errorf("%w: snapshot of version %d; this program reads 1 to %d", ErrDamaged, version, snapshotVersion)
	case len(g.log.bytes) == 0:
		return g, nil
	}
	if err := g.refold(state); err != nil {
		return nil, err
	}
	if err := g.restoreAnswers(hashes, seqs); err != nil {
		return nil, err
	}
	return g, g.restoreTurns(turns)
}

// refold rebuilds all but the position and the turns from the log.
func (g *Game) refold(state []byte) error {
	if err := g.log.check(); err != nil {
		return err
	}
	for ev := range g.EventsAfter(0) {
		if g.status == StatusNone {
			if err := g.setUp(ev); err != nil {
				return fmt.Errorf("%w: %w", ErrDamaged, err)
			}
		}
		if hasSeat(ev.Kind) && int(ev.Seat) >= len(g.seats) {
			return fmt.Errorf("%w: event %d of seat %d", ErrDamaged, ev.Seq, ev.Seat)
		}
		if (ev.Kind == EventCreated) != (ev.Seq == 1) || (ev.Kind == EventEnded) != (ev.Result != nil) {
			return fmt.Errorf("%w: event %d is %s", ErrDamaged, ev.Seq, ev.Kind)
		}
		g.fold(ev)
	}
	pos, err := g.rules.Restore(state)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, g.terms.Rules, err)
	}
	if len(pos.Seats()) != len(g.seats) {
		return fmt.Errorf("%w: position of %d seats in a game of %d", ErrDamaged, len(pos.Seats()), len(g.seats))
	}
	g.pos = pos
	return nil
}

func (g *Game) restoreAnswers(hashes, seqs []byte) error {
	if len(hashes)%8 != 0 || len(hashes)/8 != len(seqs)/4 {
		return fmt.Errorf("%w: %d bytes of command hashes for %d of seqs", ErrDamaged, len(hashes), len(seqs))
	}
	for ; len(hashes) > 0; hashes, seqs = hashes[8:], seqs[4:] {
		g.answers.hashes = append(g.answers.hashes, binary.LittleEndian.Uint64(hashes))
		g.answers.seqs = append(g.answers.seqs, binary.LittleEndian.Uint32(seqs))
	}
	return nil
}

func (g *Game) restoreTurns(turns [][]byte) error {
	if len(turns) != len(g.seats) {
		return fmt.Errorf("%w: turns of %d seats in a game of %d", ErrDamaged, len(turns), len(g.seats))
	}
	for i, turn := range turns {
		err := fields(turn, func(field protowire.Number, v uint64, _ []byte) error {
			switch field {
			case turnPly:
				g.seats[i].turnPly = int(min(v, EventsMax))
			case turnAt:
				at := time.UnixMilli(int64(v))
				g.seats[i].turnAt, g.seats[i].since = at, at
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
