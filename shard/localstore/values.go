package localstore

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

// valueVersion is the first byte of every value.
const valueVersion = 1

// sealBytes is what seal adds to a body: the version in front and the checksum behind.
const sealBytes = 1 + crc32.Size

// castagnoli is the polynomial of CRC32C (RFC 3720, appendix B.4).
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal completes a value whose body is at value[1 : len(value)-4]. The checksum covers the key, so that a value under the
// wrong key is found out as well.
func seal(key, value []byte) {
	value[0] = valueVersion
	end := len(value) - crc32.Size
	sum := crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, value[:end])
	binary.BigEndian.PutUint32(value[end:], sum)
}

// unseal returns the body of a value.
func unseal(key, value []byte) ([]byte, error) {
	if len(value) < sealBytes {
		return nil, fmt.Errorf("%w: the value has %d bytes", errCorrupt, len(value))
	}
	end := len(value) - crc32.Size
	sum := crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, value[:end])
	if stored := binary.BigEndian.Uint32(value[end:]); stored != sum {
		return nil, fmt.Errorf("%w: its checksum is %08x, the value says %08x", errCorrupt, sum, stored)
	}
	if value[0] != valueVersion {
		return nil, fmt.Errorf("the value has version %d, this program reads %d: start the program that wrote it, or a newer one",
			value[0], valueVersion)
	}
	return value[1:end], nil
}

// errCorrupt means that the disk does not hold what was written to it. The store does not repair that.
var errCorrupt = errors.New("the value on disk is damaged")

// entryBodyLen is the length of an entry's body: its actor, then its event.
func entryBodyLen(e *shard.Entry) int { return len(e.Actor) + len(e.Event) }

func putEntryBody(body []byte, e *shard.Entry) {
	copy(body, e.Actor[:])
	copy(body[len(e.Actor):], e.Event)
}

// parseEntry reads an entry's body. It copies.
func parseEntry(position uint64, body []byte) (shard.Entry, error) {
	e := shard.Entry{Position: position}
	if len(body) < len(e.Actor) {
		return e, errShort
	}
	copy(e.Actor[:], body)
	e.Event = bytes.Clone(body[len(e.Actor):])
	return e, nil
}

// errShort means that a value whose checksum is right does not hold what it should: a fault of the program that wrote it.
var errShort = errors.New("the value is not what it should be, though its checksum is right: please report this")

// snapshotBodyLenMax bounds the length of a snapshot's body.
func snapshotBodyLenMax(s *shard.Snapshot) int {
	n := 6*binary.MaxVarintLen64 + len(s.State)
	for _, event := range s.Tail {
		n += binary.MaxVarintLen64 + len(event)
	}
	return n
}

// appendSnapshotBody appends a snapshot without actor and residence, which are in its key: position, expiry, state, tail.
func appendSnapshotBody(dst []byte, s *shard.Snapshot) []byte {
	dst = binary.AppendUvarint(dst, s.Position)
	dst = appendTime(dst, s.Expires)
	dst = appendBytes(dst, s.State)
	dst = binary.AppendUvarint(dst, uint64(len(s.Tail)))
	for _, event := range s.Tail {
		dst = appendBytes(dst, event)
	}
	return dst
}

// parseSnapshot reads a snapshot's body. It copies.
func parseSnapshot(actor shard.ID, resident bool, body []byte) (shard.Snapshot, error) {
	p := parser{rest: body}
	s := shard.Snapshot{Actor: actor, Resident: resident, Position: p.uvarint(), Expires: p.time(), State: p.bytes()}
	for range p.count() {
		s.Tail = append(s.Tail, p.bytes())
	}
	return s, p.end()
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// appendTime appends seconds and nanoseconds, which hold every time.Time but its location.
func appendTime(dst []byte, t time.Time) []byte {
	return binary.AppendUvarint(binary.AppendVarint(dst, t.Unix()), uint64(t.Nanosecond()))
}

// parser reads a body piece by piece. After the first piece that is not there, it returns nothing but zeros.
type parser struct {
	rest []byte
	err  error
}

func (p *parser) fail() { p.rest, p.err = nil, errShort }

func (p *parser) uvarint() uint64 {
	v, n := binary.Uvarint(p.rest)
	if n <= 0 {
		p.fail()
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

func (p *parser) varint() int64 {
	v, n := binary.Varint(p.rest)
	if n <= 0 {
		p.fail()
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

// count reads how many pieces follow; each has a byte at least.
func (p *parser) count() int {
	n := p.uvarint()
	if n > uint64(len(p.rest)) {
		p.fail()
		return 0
	}
	return int(n)
}

func (p *parser) bytes() []byte {
	n := p.count()
	b := bytes.Clone(p.rest[:n])
	p.rest = p.rest[n:]
	return b
}

func (p *parser) time() time.Time {
	seconds, nanoseconds := p.varint(), p.uvarint()
	if nanoseconds >= uint64(time.Second) {
		p.fail()
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanoseconds)).UTC()
}

func (p *parser) uuid() (id uuid.UUID) {
	if len(p.rest) < len(id) {
		p.fail()
		return id
	}
	p.rest = p.rest[copy(id[:], p.rest):]
	return id
}

// end wants that nothing is left.
func (p *parser) end() error {
	if p.err == nil && len(p.rest) > 0 {
		p.fail()
	}
	return p.err
}
