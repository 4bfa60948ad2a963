package game

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// DecodeEvent reads what AppendEvent wrote, in this or any earlier version, and skips fields that a newer one has added. It
// copies what it keeps. Every error wraps ErrDamaged or ErrNewer.
//
// That an event can be read does not mean that it fits a game: see Game.Apply.
func DecodeEvent(src []byte) (Event, error) {
	ev := Event{Seat: NoSeat, At: time.UnixMilli(0).UTC()}
	result := Result{Winner: NoSeat}
	err := fields(src, func(field protowire.Number, v uint64, b []byte) (err error) {
		switch field {
		case fieldKind:
			if v >= uint64(len(eventNames)) {
				return fmt.Errorf("%w: event of kind %d, and this program knows 1 to %d", ErrNewer, v, len(eventNames)-1)
			}
			ev.Kind = EventKind(v)
		case fieldSeq:
			ev.Seq = v
		case fieldAt:
			ev.At = time.UnixMilli(int64(v)).UTC()
		case fieldUser:
			ev.Cause.User = string(b)
		case fieldCommand:
			ev.Cause.Command = string(b)
		case fieldSeat:
			ev.Seat, err = decodeSeat(v)
		case fieldPly:
			if v > EventsMax {
				return fmt.Errorf("%w: ply is %d", ErrDamaged, v)
			}
			ev.Ply = int(v)
		case fieldMove:
			ev.Move.Text = string(b)
		case fieldOutcome:
			ev.Move.Outcome = string(b)
		case fieldNotation:
			ev.Move.Notation = string(b)
		case fieldPosition:
			ev.Move.Position = string(b)
		case fieldElapsed:
			ev.Elapsed, err = millis(v)
		case fieldLag:
			ev.Lag, err = millis(v)
		case fieldClocks:
			ev.Clocks, err = decodeClocks(b)
		case fieldOffer:
			ev.Offer = Offer(b)
		case fieldPlayerID:
			ev.Player.ID = string(b)
		case fieldPlayer:
			ev.Player.Name = string(b)
		case fieldTerms:
			ev.Terms, err = decodeTerms(b)
		case fieldWinner:
			result.Winner, err = decodeSeat(v)
		case fieldReason:
			result.Reason = Reason(b)
		case fieldNext:
			ev.Next = string(b)
		}
		return err
	})
	switch {
	case err != nil:
		return Event{}, err
	case ev.Kind == 0:
		return Event{}, fmt.Errorf("%w: event of no kind", ErrDamaged)
	case ev.Kind == EventCreated && ev.Terms == nil:
		return Event{}, fmt.Errorf("%w: created without terms", ErrDamaged)
	}
	if ev.Kind == EventEnded {
		ev.Result = &result
	}
	return ev, nil
}

func decodeClocks(b []byte) ([]time.Duration, error) {
	clocks := make([]time.Duration, 0, 2)
	for len(b) > 0 {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 || len(clocks) == SeatsMax {
			return nil, fmt.Errorf("%w: clocks", ErrDamaged)
		}
		left, err := millis(v)
		if err != nil {
			return nil, err
		}
		clocks, b = append(clocks, left), b[n:]
	}
	return clocks, nil
}

func decodeTerms(b []byte) (*Terms, error) {
	t := new(Terms)
	return t, fields(b, func(field protowire.Number, v uint64, b []byte) (err error) {
		switch field {
		case termsRules:
			t.Rules = string(b)
		case termsInitial:
			t.Clock.Initial, err = millis(v)
		case termsIncrement:
			t.Clock.Increment, err = millis(v)
		case termsDelay:
			t.Clock.Delay, err = millis(v)
		case termsRated:
			t.Rated = v != 0
		case termsOptions:
			t.Options = string(b)
		case termsOpponent:
			t.Opponent = string(b)
		case termsSource:
			t.Source = Source(b)
		case termsSeed:
			t.Seed = v
		}
		return err
	})
}

// decodeSeat reads 1 + seat; 0 is nobody.
func decodeSeat(v uint64) (Seat, error) {
	if v > SeatsMax {
		return NoSeat, fmt.Errorf("%w: seat %d of at most %d", ErrDamaged, v-1, SeatsMax)
	}
	return Seat(v) - 1, nil // 0 - 1 is NoSeat
}

// millis reads a duration of whole milliseconds.
func millis(v uint64) (time.Duration, error) {
	if v > uint64(clockMax/time.Millisecond) {
		return 0, fmt.Errorf("%w: a clock of %d ms", ErrDamaged, v)
	}
	return time.Duration(v) * time.Millisecond, nil
}

// fields calls visit for each field of a message: with a number for the numeric ones, with bytes for the others.
func fields(src []byte, visit func(field protowire.Number, v uint64, b []byte) error) error {
	for len(src) > 0 {
		field, kind, n := protowire.ConsumeTag(src)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrDamaged, protowire.ParseError(n))
		}
		src = src[n:]
		var v uint64
		var b []byte
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(src)
		case protowire.BytesType:
			b, n = protowire.ConsumeBytes(src)
		default: // nothing of ours
			n = protowire.ConsumeFieldValue(field, kind, src)
		}
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrDamaged, protowire.ParseError(n))
		}
		src = src[n:]
		if err := visit(field, v, b); err != nil {
			return err
		}
	}
	return nil
}
