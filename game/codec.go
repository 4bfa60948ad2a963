package game

import (
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

// AppendEvent appends the journal's form of the event.
func AppendEvent(dst []byte, ev Event) []byte {
	dst = appendUint(dst, fieldKind, uint64(ev.Kind))
	dst = appendUint(dst, fieldSeq, ev.Seq)
	dst = appendString(dst, fieldUser, ev.Cause.User)
	dst = appendString(dst, fieldCommand, ev.Cause.Command)
	dst = appendString(dst, fieldNotation, ev.Move.Notation)
	dst = appendString(dst, fieldPosition, ev.Move.Position)
	return appendFacts(dst, &ev)
}

// appendFacts appends what a game keeps of an event in memory: all but its place, its cause, and what is for records only.
func appendFacts(dst []byte, ev *Event) []byte {
	dst = appendUint(dst, fieldAt, uint64(ev.At.UnixMilli()))
	if hasSeat(ev.Kind) {
		dst = appendUint(dst, fieldSeat, uint64(ev.Seat+1)) // NoSeat + 1 is 0
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
		dst = appendVarint(appendTag(dst, fieldClocks, protowire.BytesType), uint64(size))
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
		dst = appendUint(dst, fieldWinner, uint64(ev.Result.Winner+1))
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

// The fields are appended here and not with protowire's AppendTag and AppendVarint: nearly all tags and many numbers take
// one byte, and an event has a dozen of them.

func appendUint(dst []byte, field protowire.Number, v uint64) []byte {
	if v == 0 {
		return dst
	}
	return appendVarint(appendTag(dst, field, protowire.VarintType), v)
}

func appendMillis(dst []byte, field protowire.Number, d time.Duration) []byte {
	return appendUint(dst, field, uint64(d.Milliseconds()))
}

func appendString(dst []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return dst
	}
	return append(appendVarint(appendTag(dst, field, protowire.BytesType), uint64(len(s))), s...)
}

func appendTag(dst []byte, field protowire.Number, kind protowire.Type) []byte {
	return appendVarint(dst, protowire.EncodeTag(field, kind))
}

func appendVarint(dst []byte, v uint64) []byte {
	if v < 1<<7 {
		return append(dst, byte(v))
	}
	return protowire.AppendVarint(dst, v)
}
