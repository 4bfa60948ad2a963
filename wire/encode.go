package wire

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Encode returns the message as one frame. The types that are sent for every move have ways of their own, below.
func Encode(m *Message) []byte {
	frame, err := json.Marshal(m)
	if err != nil {
		// A Message holds nothing that cannot be written, unless a RawMessage is not JSON: a mistake in the program.
		panic("wire: encode " + m.Type + ": " + err.Error())
	}
	return frame
}

// okBytes is what ok takes beside its ids, at most.
const okBytes = 64

// AppendOK appends the reply that a command is done and durable. game may be empty and seq 0 where there is none.
func AppendOK(dst []byte, re, game string, seq uint64) []byte {
	dst = slices.Grow(dst, okBytes+len(re)+len(game))
	dst = appendString(append(dst, `{"type":"ok","re":`...), re)
	if game != "" {
		dst = appendString(append(dst, `,"game":`...), game)
	}
	if seq != 0 {
		dst = strconv.AppendUint(append(dst, `,"seq":`...), seq, 10)
	}
	return append(dst, '}')
}

// Moved is the event that a move was made.
type Moved struct {
	Game    string
	Seq     uint64
	Ply     int
	Seat    string
	Move    string
	Hidden  bool // the move is not for the reader's eyes: it is written as null
	Outcome string
	Clock   Times // nil: no clock
	At      time.Time
}

// AppendMoved appends the event as one frame.
func AppendMoved(dst []byte, m Moved) []byte {
	dst = appendString(append(dst, `{"type":"moved","game":`...), m.Game)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), m.Seq, 10)
	dst = strconv.AppendInt(append(dst, `,"ply":`...), int64(m.Ply), 10)
	dst = appendString(append(dst, `,"seat":`...), m.Seat)
	dst = append(dst, `,"move":`...)
	if m.Hidden {
		dst = append(dst, `null`...)
	} else {
		dst = appendString(dst, m.Move)
	}
	if m.Outcome != "" {
		dst = append(append(dst, `,"outcome":`...), m.Outcome...)
	}
	if m.Clock != nil {
		dst = m.Clock.appendJSON(append(dst, `,"clock":`...))
	}
	dst = appendTime(append(dst, `,"at":"`...), m.At)
	return append(dst, `"}`...)
}

// appendTime appends t in TimeFormat. The format's reader takes five times as long.
func appendTime(dst []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(dst, TimeFormat)
	}
	hour, minute, second := t.Clock()
	dst = append(appendDigits(appendDigits(dst, year/100), year%100), '-')
	dst = append(appendDigits(dst, int(month)), '-')
	dst = append(appendDigits(dst, day), 'T')
	dst = append(appendDigits(dst, hour), ':')
	dst = append(appendDigits(dst, minute), ':')
	dst = append(appendDigits(dst, second), '.')
	ms := t.Nanosecond() / int(time.Millisecond)
	return append(appendDigits(append(dst, '0'+byte(ms/100)), ms%100), 'Z')
}

// appendDigits appends n, 0 to 99, as two digits.
func appendDigits(dst []byte, n int) []byte { return append(dst, '0'+byte(n/10), '0'+byte(n%10)) }

// plain are the bytes that stand for themselves in a JSON string, as far as one byte can tell; bare are those of them that
// encoding/json leaves as they are. They are tables because a frame has a hundred and more bytes to be looked at.
var plain, bare = func() (plain, bare [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
		bare[c] = plain[c] && c != '<' && c != '>' && c != '&' // which could end a script
	}
	return plain, bare
}()

// appendString appends a JSON string. What needs no escape, as nearly all that is sent does, is copied.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if !bare[s[i]] {
			quoted, _ := json.Marshal(s)
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
