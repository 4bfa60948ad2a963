// Package values is how stores write what they keep: every value with a version and a checksum, and what is in it as bytes
// without any self-description. It knows no store.
package values

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

// Version is the first byte of every value.
const Version = 1

// SealBytes is what Seal adds to a body: the version in front and the checksum behind.
const SealBytes = 1 + crc32.Size

// castagnoli is the polynomial of CRC32C (RFC 3720, appendix B.4).
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Seal completes a value whose body is at value[1 : len(value)-4]. The checksum covers the key, so that a value under the
// wrong key is found out as well.
func Seal(key, value []byte) {
	value[0] = Version
	end := len(value) - crc32.Size
	sum := crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, value[:end])
	binary.BigEndian.PutUint32(value[end:], sum)
}

// Unseal returns the body of a value.
func Unseal(key, value []byte) ([]byte, error) {
	if len(value) < SealBytes {
		return nil, fmt.Errorf("%w: the value has %d bytes", ErrCorrupt, len(value))
	}
	end := len(value) - crc32.Size
	sum := crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, value[:end])
	if stored := binary.BigEndian.Uint32(value[end:]); stored != sum {
		return nil, fmt.Errorf("%w: its checksum is %08x, the value says %08x", ErrCorrupt, sum, stored)
	}
	if value[0] != Version {
		return nil, fmt.Errorf("the value has version %d, this program reads %d: start the program that wrote it, or a newer one",
			value[0], Version)
	}
	return value[1:end], nil
}

// ErrCorrupt means that the store does not hold what was written to it. It does not repair that.
var ErrCorrupt = errors.New("the value is damaged")

// ErrShort means that a value whose checksum is right does not hold what it should: a fault of the program that wrote it.
var ErrShort = errors.New("the value is not what it should be, though its checksum is right: please report this")

// SnapshotLenMax bounds the length of a snapshot's body.
func SnapshotLenMax(s *shard.Snapshot) int {
	n := 6*binary.MaxVarintLen64 + len(s.State)
	for _, event := range s.Tail {
		n += binary.MaxVarintLen64 + len(event)
	}
	return n
}

// AppendSnapshot appends a snapshot without actor and residence, which are in its key: position, expiry, state, tail.
func AppendSnapshot(dst []byte, s *shard.Snapshot) []byte {
	dst = binary.AppendUvarint(dst, s.Position)
	dst = AppendTime(dst, s.Expires)
	dst = AppendBytes(dst, s.State)
	dst = binary.AppendUvarint(dst, uint64(len(s.Tail)))
	for _, event := range s.Tail {
		dst = AppendBytes(dst, event)
	}
	return dst
}

// ParseSnapshot reads a snapshot's body. It copies.
func ParseSnapshot(actor shard.ID, resident bool, body []byte) (shard.Snapshot, error) {
	p := NewParser(body)
	s := shard.Snapshot{Actor: actor, Resident: resident, Position: p.Uvarint(), Expires: p.Time(), State: p.Bytes()}
	for range p.Count() {
		s.Tail = append(s.Tail, p.Bytes())
	}
	return s, p.End()
}

// AppendBytes appends a length and so many bytes.
func AppendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// AppendTime appends seconds and nanoseconds, which hold every time.Time but its location.
func AppendTime(dst []byte, t time.Time) []byte {
	return binary.AppendUvarint(binary.AppendVarint(dst, t.Unix()), uint64(t.Nanosecond()))
}

// Parser reads a body piece by piece. After the first piece that is not there, it returns nothing but zeros.
type Parser struct {
	rest []byte
	err  error
}

// NewParser returns a parser of a body.
func NewParser(body []byte) *Parser { return &Parser{rest: body} }

// Err says that a piece was not there, so far.
func (p *Parser) Err() error { return p.err }

func (p *Parser) fail() { p.rest, p.err = nil, ErrShort }

// Uvarint reads a number.
func (p *Parser) Uvarint() uint64 {
	v, n := binary.Uvarint(p.rest)
	if n <= 0 {
		p.fail()
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

func (p *Parser) varint() int64 {
	v, n := binary.Varint(p.rest)
	if n <= 0 {
		p.fail()
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

// Count reads how many pieces follow; each has a byte at least.
func (p *Parser) Count() int {
	n := p.Uvarint()
	if n > uint64(len(p.rest)) {
		p.fail()
		return 0
	}
	return int(n)
}

// Bytes reads what AppendBytes has appended. It copies.
func (p *Parser) Bytes() []byte {
	n := p.Count()
	b := bytes.Clone(p.rest[:n])
	p.rest = p.rest[n:]
	return b
}

// Part is Bytes without the copy: a part of the body, which ends where it ends.
func (p *Parser) Part() []byte {
	n := p.Count()
	b := p.rest[:n:n]
	p.rest = p.rest[n:]
	return b
}

// Time reads what AppendTime has appended.
func (p *Parser) Time() time.Time {
	seconds, nanoseconds := p.varint(), p.Uvarint()
	if nanoseconds >= uint64(time.Second) {
		p.fail()
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanoseconds)).UTC()
}

// UUID reads 16 bytes.
func (p *Parser) UUID() (id uuid.UUID) {
	if len(p.rest) < len(id) {
		p.fail()
		return id
	}
	p.rest = p.rest[copy(id[:], p.rest):]
	return id
}

// End wants that nothing is left.
func (p *Parser) End() error {
	if p.err == nil && len(p.rest) > 0 {
		p.fail()
	}
	return p.err
}
