package game

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// snapshotVersion is the version of the form that AppendSnapshot writes. Restore reads it and every earlier one.
const snapshotVersion = 1

const (
	snapVersion = 1
	snapLog     = 2
	snapState   = 3 // of the position
	snapTurn    = 4 // a message a seat
)

const (
	turnPly = 1
	turnAt  = 2
)

// AppendSnapshot appends the fold of all events so far: the history, with the commands that were answered, and the position.
// What is not part of the fold, such as when a turn became visible, is not in it. Two games that have folded the same events
// append the same bytes.
func (g *Game) AppendSnapshot(dst []byte) []byte {
	dst = appendUint(dst, snapVersion, snapshotVersion)
	if g.status == StatusNone {
		return dst
	}
	dst = protowire.AppendBytes(protowire.AppendTag(dst, snapLog, protowire.BytesType), g.log.bytes)
	dst = protowire.AppendBytes(protowire.AppendTag(dst, snapState, protowire.BytesType), g.pos.AppendState(nil))
	for i := range g.seats {
		var room [32]byte
		turn := appendUint(room[:0], turnPly, uint64(g.seats[i].turnPly))
		turn = appendUint(turn, turnAt, uint64(g.seats[i].turnAt))
		dst = protowire.AppendBytes(protowire.AppendTag(dst, snapTurn, protowire.BytesType), turn)
	}
	return dst
}

// Restore returns the game that AppendSnapshot wrote. All that a snapshot tells is taken to be visible; for the time in
// which nobody served the game, see CommandThaw. An error wraps ErrDamaged or ErrNewer, or ErrUnknownRules where the
// registry has no rules for the game.
func Restore(id ID, registry *Registry, snapshot []byte) (*Game, error) {
	g := New(id, registry)
	if err := g.restore(snapshot); err != nil {
		return nil, fmt.Errorf("restore game %s: %w", id, err)
	}
	return g, nil
}

func (g *Game) restore(snapshot []byte) error {
	var log, state []byte
	var turns [][]byte
	version := uint64(0)
	err := fields(snapshot, func(field protowire.Number, v uint64, b []byte) error {
		switch field {
		case snapVersion:
			version = v
		case snapLog:
			log = b
		case snapState:
			state = b
		case snapTurn:
			if len(turns) == SeatsMax {
				return fmt.Errorf("%w: turns of more than %d seats", ErrDamaged, SeatsMax)
			}
			turns = append(turns, b)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case version > snapshotVersion:
		return fmt.Errorf("%w: it has version %d, and this program reads 1 to %d", ErrNewer, version, snapshotVersion)
	case version == 0:
		return fmt.Errorf("%w: it has no version", ErrDamaged)
	case len(log) == 0 && len(state) == 0 && len(turns) == 0:
		return nil // before the first event
	case len(log) == 0:
		return fmt.Errorf("%w: it has no log", ErrDamaged)
	}
	if err := g.refold(log, state); err != nil {
		return err
	}
	if len(turns) != len(g.seats) {
		return fmt.Errorf("%w: turns of %d seats in a game of %d", ErrDamaged, len(turns), len(g.seats))
	}
	for i, turn := range turns {
		if err := g.seats[i].restoreTurn(turn); err != nil {
			return err
		}
	}
	return nil
}

// refold rebuilds all but the turns: the position from its state, and the rest from the log.
func (g *Game) refold(log, state []byte) error {
	position := func(rules Rules, _ Terms) (Position, error) { return rules.Restore(state) }
	for r := (reader{rest: log}); len(r.rest) > 0; {
		ev, err := r.next()
		if err == nil {
			err = g.admit(&ev, position)
		}
		if err != nil {
			return fmt.Errorf("event %d of the log: %w", g.Seq()+1, err)
		}
		g.fold(&ev)
		g.log.seq = r.seq
	}
	g.log.bytes = slices.Clone(log)
	return nil
}

func (s *seat) restoreTurn(turn []byte) error {
	err := fields(turn, func(field protowire.Number, v uint64, _ []byte) error {
		switch field {
		case turnPly:
			// It can be more than the game's ply: what was taken back may have been somebody's turn.
			if v > EventsMax {
				return fmt.Errorf("%w: a turn since ply %d", ErrDamaged, v)
			}
			s.turnPly = int(v)
		case turnAt:
			s.turnAt = int64(v)
		}
		return nil
	})
	s.since, s.seen = time.UnixMilli(s.turnAt).UTC(), true
	return err
}
