package table

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/plywire/plywire/game"
)

// The form of a Codec: numbers are varints, those that may be negative zigzag; texts and bytes have their length before them.

func appendUint(dst []byte, v uint64) []byte { return binary.AppendUvarint(dst, v) }

func appendInt(dst []byte, v int64) []byte { return binary.AppendVarint(dst, v) }

func appendText(dst []byte, s string) []byte { return append(appendUint(dst, uint64(len(s))), s...) }

// appendBytes tells nil from what is empty: 0 is nil, and otherwise the length is one more.
func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return append(dst, 0)
	}
	return append(appendUint(dst, uint64(len(b))+1), b...)
}

func appendEach(dst []byte, list [][]byte) []byte {
	dst = appendUint(dst, uint64(len(list)))
	for _, each := range list {
		dst = appendBytes(dst, each)
	}
	return dst
}

func appendUser(dst []byte, user game.User) []byte {
	return appendText(appendText(dst, user.ID), user.Name)
}

func appendJoined(dst []byte, list []Joined) []byte {
	dst = appendUint(dst, uint64(len(list)))
	for _, each := range list {
		dst = append(appendText(dst, each.User), byte(each.Seat))
	}
	return dst
}

// flags is a byte with the first bit for the first of them.
func flags(each ...bool) (bits byte) {
	for i, set := range each {
		if set {
			bits |= 1 << i
		}
	}
	return bits
}

// The fewest bytes that one of them takes.
const (
	userBytesMin   = 2
	joinedBytesMin = 2
)

// reader reads what a Codec has written. After a fault it reads zeros; the first fault counts.
type reader struct {
	in    []byte
	at    int    // how far it was read
	what  string // is being read
	text  string // in once more, of which the strings are parts; empty: each string is a copy of its own
	kept  []byte // a copy of in, of which byte slices are parts
	fault error
}

func (r *reader) fail(format string, args ...any) {
	if r.fault == nil {
		r.fault = fmt.Errorf("%w: a %s: %s", ErrGarbled, r.what, fmt.Sprintf(format, args...))
	}
	r.at = len(r.in)
}

func (r *reader) left() int { return len(r.in) - r.at }

func (r *reader) version() {
	switch {
	case len(r.in) == 0:
		r.fail("there is nothing")
	case r.in[0] != codecVersion:
		r.fault = fmt.Errorf("%w: a %s of form %d, and this release knows form %d", ErrRelease, r.what, r.in[0], codecVersion)
		r.at = len(r.in)
	default:
		r.at = 1
	}
}

// end is what was wrong, if something was. Bytes that are left over are wrong.
func (r *reader) end() error {
	if r.fault == nil && r.left() > 0 {
		r.fail("%d bytes are left over", r.left())
	}
	return r.fault
}

func (r *reader) one(name string) byte {
	if r.left() < 1 {
		r.fail("%s is missing", name)
		return 0
	}
	r.at++
	return r.in[r.at-1]
}

// flags reads a byte of which no bits but those may be set.
func (r *reader) flags(name string, all byte) byte {
	bits := r.one(name)
	if bits&^all != 0 {
		r.fail("%s are %08b, want none but %08b", name, bits, all)
		return 0
	}
	return bits
}

func (r *reader) uint(name string) uint64 {
	v, n := binary.Uvarint(r.in[r.at:])
	if n <= 0 {
		r.fail("%s is cut off, or no number", name)
		return 0
	}
	r.at += n
	return v
}

func (r *reader) int(name string) int64 {
	v, n := binary.Varint(r.in[r.at:])
	if n <= 0 {
		r.fail("%s is cut off, or no number", name)
		return 0
	}
	r.at += n
	return v
}

func (r *reader) duration(name string) time.Duration { return time.Duration(r.int(name)) }

func (r *reader) time(name string) time.Time {
	seconds, nanos := r.int(name), r.uint(name)
	if nanos >= uint64(time.Second) {
		r.fail("%s has %d nanoseconds", name, nanos)
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanos)).UTC()
}

// span passes over so many bytes, and returns where they are.
func (r *reader) span(name string, n uint64) (from, to int) {
	if n > uint64(r.left()) {
		r.fail("%s has %d bytes, and %d are left", name, n, r.left())
		return 0, 0
	}
	r.at += int(n)
	return r.at - int(n), r.at
}

func (r *reader) string(name string) string {
	from, to := r.span(name, r.uint(name))
	if r.text != "" {
		return r.text[from:to]
	}
	return string(r.in[from:to])
}

func (r *reader) bytes(name string) []byte {
	n := r.uint(name)
	if n == 0 {
		return nil
	}
	from, to := r.span(name, n-1)
	return r.kept[from:to:to]
}

// count reads how many there are, each of so many bytes at least.
func (r *reader) count(name string, least int) int {
	n := r.uint(name)
	if n > uint64(r.left()/least) {
		r.fail("%d %s, and %d bytes are left", n, name, r.left())
		return 0
	}
	return int(n)
}

func (r *reader) each(name string) [][]byte {
	n := r.count(name, 1)
	if n == 0 {
		return nil
	}
	list := make([][]byte, n)
	for i := range list {
		list[i] = r.bytes(name)
	}
	return list
}

func (r *reader) user() game.User {
	return game.User{ID: r.string("a user's id"), Name: r.string("a user's name")}
}

func (r *reader) joined() []Joined {
	n := r.count("those who have a seat", joinedBytesMin)
	if n == 0 {
		return nil
	}
	list := make([]Joined, n)
	for i := range list {
		list[i] = Joined{User: r.string("a user"), Seat: game.Seat(r.one("a seat"))}
	}
	return list
}
