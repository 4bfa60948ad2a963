package auth

import (
	"encoding/binary"
	"time"
	"unicode/utf8"
)

// pass is what a resume token holds.
type pass struct {
	session    SessionID
	generation uint64 // 1 for the first token of a session; a token issued after a resume has the next
	identity   Identity
	expires    time.Time
	serial     uint64 // tells tokens of the same generation apart; comes from the seal, not from the plain text
}

const passFlagGuest = 1

// bytes is the plain text: session (16 bytes), generation (8), flags (1), expiry and the identity's expiry in milliseconds since
// 1970 (8 each, 0 for none), length of the id (2), id, and the name up to the end. Numbers are big-endian.
func (p pass) bytes() []byte {
	dst := append(make([]byte, 0, 128), p.session[:]...)
	dst = binary.BigEndian.AppendUint64(dst, p.generation)
	var flags byte
	if p.identity.Guest {
		flags |= passFlagGuest
	}
	dst = append(dst, flags)
	dst = binary.BigEndian.AppendUint64(dst, millis(p.expires))
	dst = binary.BigEndian.AppendUint64(dst, millis(p.identity.Expires))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(p.identity.ID)))
	dst = append(dst, p.identity.ID...)
	return append(dst, p.identity.Name...)
}

// passBytesMin is the length without id and name.
const passBytesMin = 16 + 8 + 1 + 8 + 8 + 2

// readPass reads what bytes wrote. It says no to everything else.
func readPass(src []byte) (p pass, ok bool) {
	if len(src) < passBytesMin {
		return pass{}, false
	}
	copy(p.session[:], src)
	p.generation = binary.BigEndian.Uint64(src[16:])
	flags := src[24]
	p.expires = fromMillis(binary.BigEndian.Uint64(src[25:]))
	p.identity.Expires = fromMillis(binary.BigEndian.Uint64(src[33:]))
	idLen := int(binary.BigEndian.Uint16(src[41:]))
	rest := src[passBytesMin:]
	if times := src[25:41]; times[0]|times[1]|times[8]|times[9] != 0 { // beyond the year 10000
		return pass{}, false
	}
	if flags&^passFlagGuest != 0 || p.generation == 0 || p.expires.IsZero() || idLen == 0 || idLen > len(rest) || !utf8.Valid(rest) {
		return pass{}, false
	}
	p.identity.Guest = flags&passFlagGuest != 0
	p.identity.ID, p.identity.Name = string(rest[:idLen]), string(rest[idLen:])
	return p, true
}

func millis(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixMilli())
}

func fromMillis(ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}
