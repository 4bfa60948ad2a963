package game

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// The journal's form of an event: Protocol Buffers fields, so that a version can add fields and an older one skip them.
// Numbers are never used for anything else again. Times and durations are whole milliseconds.
const (
	fieldKind     = 1
	fieldSeq      = 2
	fieldAt       = 3
	fieldUser     = 4
	fieldCommand  = 5
	fieldSeat     = 6 // 1 + seat
	fieldPly      = 7
	fieldMove     = 8
	fieldOutcome  = 9
	fieldNotation = 10
	fieldPosition = 11
	fieldElapsed  = 12
	fieldLag      = 13
	fieldClocks   = 14 // packed
	fieldOffer    = 15
	fieldPlayerID = 16
	fieldPlayer   = 17
	fieldTerms    = 18 // message
	fieldWinner   = 19 // 1 + seat, 0 for nobody
	fieldReason   = 20
	fieldNext     = 21
)

const (
	termsRules     = 1
	termsInitial   = 2
	termsIncrement = 3
	termsDelay     = 4
	termsRated     = 5
	termsOptions   = 6
	termsOpponent  = 7
	termsSource    = 8
	termsSeed      = 9
)

// ErrDamaged means that bytes of the journal or of a snapshot are not what was written.
var ErrDamaged = errors.New("game: damaged")

// AppendEvent appends the journal's form of the event.
func AppendEvent(dst []byte, ev Event) []byte {
	dst = appendUint(dst, fieldKind, uint64(ev.Kind))
	dst = appendUint(dst, fieldSeq, ev.Seq)
	dst = appendString(dst, fieldUser, ev.Cause.User)
	dst = appendString(dst, fieldCommand, ev.Cause.Command)
	dst = appendString(dst, fieldNotation, ev.Move.Notation)
	dst = appendString(dst, fieldPosition, ev.Move.Position)
	return appendFacts(dst, ev)
}

// appendFacts appends what a game keeps of an event in memory: all but its place, its cause, and what is for records only.
func appendFacts(dst []byte, ev Event) []byte {
	dst = appendUint(dst, fieldAt, uint64(ev.At.UnixMilli()))
	if hasSeat(ev.Kind) {
		dst = appendUint(dst, fieldSeat, 1+uint64(ev.Seat))
	}
	dst = appendUint(dst, fieldPly, uint64(ev.Ply))
	dst = appendString(dst, fieldMove, ev.Move.Text)
	dst = appendString(dst, fieldOutcome, ev.Move.Outcome)
	dst = appendMillis(dst, fieldElapsed, ev.Elapsed)
	dst = appendMillis(dst, fieldLag, ev.Lag)
	if ev.Clocks != nil {
		size := 0
		for _, left := range ev.Clocks {
			size += protowire.SizeVarint(uint64(left.Milliseconds()))
		}
		dst = protowire.AppendVarint(protowire.AppendTag(dst, fieldClocks, protowire.BytesType), uint64(size))
		for _, left := range ev.Clocks {
			dst = protowire.AppendVarint(dst, uint64(left.Milliseconds()))
		}
	}
	dst = appendString(dst, fieldOffer, string(ev.Offer))
	dst = appendString(dst, fieldPlayerID, ev.Player.ID)
	dst = appendString(dst, fieldPlayer, ev.Player.Name)
	if ev.Terms != nil {
		dst = protowire.AppendTag(dst, fieldTerms, protowire.BytesType)
		dst = protowire.AppendBytes(dst, appendTerms(nil, *ev.Terms))
	}
	if ev.Result != nil {
		if ev.Result.Winner != NoSeat {
			dst = appendUint(dst, fieldWinner, 1+uint64(ev.Result.Winner))
		}
		dst = appendString(dst, fieldReason, string(ev.Result.Reason))
	}
	return appendString(dst, fieldNext, ev.Next)
}

func appendTerms(dst []byte, t Terms) []byte {
	dst = appendString(dst, termsRules, t.Rules)
	dst = appendMillis(dst, termsInitial, t.Clock.Initial)
	dst = appendMillis(dst, termsIncrement, t.Clock.Increment)
	dst = appendMillis(dst, termsDelay, t.Clock.Delay)
	if t.Rated {
		dst = appendUint(dst, termsRated, 1)
	}
	dst = appendString(dst, termsOptions, t.Options)
	dst = appendString(dst, termsOpponent, t.Opponent)
	dst = appendString(dst, termsSource, string(t.Source))
	return appendUint(dst, termsSeed, t.Seed)
}

func appendUint(dst []byte, field protowire.Number, v uint64) []byte {
	if v == 0 {
		return dst
	}
	return protowire.AppendVarint(protowire.AppendTag(dst, field, protowire.VarintType), v)
}

func appendMillis(dst []byte, field protowire.Number, d time.Duration) []byte {
	return appendUint(dst, field, uint64(d.Milliseconds()))
}

func appendString(dst []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return dst
	}
	return protowire.AppendString(protowire.AppendTag(dst, field, protowire.BytesType), s)
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
		default:
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

// DecodeEvent reads what AppendEvent wrote. It copies what it keeps. Every error wraps ErrDamaged.
func DecodeEvent(src []byte) (Event, error) {
	ev := Event{Seat: NoSeat}
	result := Result{Winner: NoSeat}
	err := fields(src, func(field protowire.Number, v uint64, b []byte) error {
		switch field {
		case fieldKind:
			ev.Kind = EventKind(v)
		case fieldSeq:
			ev.Seq = v
		case fieldAt:
			ev.At = time.UnixMilli(int64(v))
		case fieldUser:
			ev.Cause.User = string(b)
		case fieldCommand:
			ev.Cause.Command = string(b)
		case fieldSeat:
			ev.Seat = Seat(min(v-1, uint64(NoSeat)))
		case fieldPly:
			ev.Ply = int(min(v, EventsMax))
		case fieldMove:
			ev.Move.Text = string(b)
		case fieldOutcome:
			ev.Move.Outcome = string(b)
		case fieldNotation:
			ev.Move.Notation = string(b)
		case fieldPosition:
			ev.Move.Position = string(b)
		case fieldElapsed:
			ev.Elapsed = millis(v)
		case fieldLag:
			ev.Lag = millis(v)
		case fieldClocks:
			return decodeClocks(&ev, b)
		case fieldOffer:
			ev.Offer = Offer(b)
		case fieldPlayerID:
			ev.Player.ID = string(b)
		case fieldPlayer:
			ev.Player.Name = string(b)
		case fieldTerms:
			ev.Terms = new(Terms)
			return decodeTerms(ev.Terms, b)
		case fieldWinner:
			result.Winner = Seat(min(v-1, uint64(NoSeat)))
		case fieldReason:
			result.Reason = Reason(b)
		case fieldNext:
			ev.Next = string(b)
		}
		return nil
	})
	if err == nil && (ev.Kind == 0 || int(ev.Kind) >= len(eventNames)) {
		err = fmt.Errorf("%w: event of kind %d", ErrDamaged, ev.Kind)
	}
	if err == nil && ev.Offer != "" && offerIndex(ev.Offer) < 0 {
		err = fmt.Errorf("%w: offer of %q", ErrDamaged, ev.Offer)
	}
	if result.Reason != "" {
		ev.Result = &result
	}
	return ev, err
}

func decodeClocks(ev *Event, b []byte) error {
	ev.Clocks = make([]time.Duration, 0, 2)
	for len(b) > 0 {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 || len(ev.Clocks) == SeatsMax {
			return fmt.Errorf("%w: clocks", ErrDamaged)
		}
		ev.Clocks, b = append(ev.Clocks, millis(v)), b[n:]
	}
	return nil
}

func decodeTerms(t *Terms, b []byte) error {
	return fields(b, func(field protowire.Number, v uint64, b []byte) error {
		switch field {
		case termsRules:
			t.Rules = string(b)
		case termsInitial:
			t.Clock.Initial = millis(v)
		case termsIncrement:
			t.Clock.Increment = millis(v)
		case termsDelay:
			t.Clock.Delay = millis(v)
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
		return nil
	})
}

// millis reads a duration of whole milliseconds; one that no duration can hold is the longest.
func millis(v uint64) time.Duration {
	const most = uint64(1<<63-1) / uint64(time.Millisecond)
	return time.Duration(min(v, most)) * time.Millisecond
}
