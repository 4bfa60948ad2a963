package localstore

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

// record is the head of one shard: all that decides whether a batch is accepted. It is written with every batch.
type record struct {
	token   shard.Token
	last    shard.BatchID // the last batch
	head    uint64        // position of the last entry
	trimmed uint64        // position of the last entry that was forgotten
	at      time.Time     // Batch.At of the last batch
}

// owned says whether token is the shard's own. Nobody owns a shard that was never acquired.
func (r *record) owned(token shard.Token) bool { return token.Epoch != 0 && token == r.token }

func (r *record) appendBody(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(r.token.Epoch))
	dst = append(dst, r.token.Owner[:]...)
	dst = append(dst, r.last[:]...)
	dst = binary.AppendUvarint(dst, r.head)
	dst = binary.AppendUvarint(dst, r.trimmed)
	return values.AppendTime(dst, r.at)
}

func parseRecord(body []byte) (record, error) {
	p := values.NewParser(body)
	r := record{token: shard.Token{Epoch: shard.Epoch(p.Uvarint()), Owner: p.UUID()}, last: p.UUID(),
		head: p.Uvarint(), trimmed: p.Uvarint(), at: p.Time()}
	if err := p.End(); err != nil {
		return record{}, err
	}
	if r.trimmed > r.head {
		return record{}, fmt.Errorf("%w (trimmed up to %d of %d)", values.ErrShort, r.trimmed, r.head)
	}
	return r, nil
}

// formatVersion is the version of the keys, and of what they mean together.
const formatVersion = 1

// meta is what the store knows of itself.
type meta struct {
	version     uint64
	shards      int
	incarnation uuid.UUID // drawn when the store was created: a new store is not the old one emptied
}

func (m *meta) appendBody(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, m.version)
	dst = binary.AppendUvarint(dst, uint64(m.shards))
	return append(dst, m.incarnation[:]...)
}

// parseMeta reads the version first, because nothing else may be what it was in another version.
func parseMeta(body []byte) (meta, error) {
	p := values.NewParser(body)
	m := meta{version: p.Uvarint()}
	if p.Err() == nil && m.version != formatVersion {
		return m, fmt.Errorf("the store has format version %d, this program reads %d: start the program that wrote it, or name another folder",
			m.version, formatVersion)
	}
	m.shards, m.incarnation = int(p.Uvarint()), p.UUID()
	return m, p.End()
}

// sealed returns a value of a body made by appendBody, for key.
func sealed(key []byte, appendBody func([]byte) []byte) []byte {
	value := appendBody(make([]byte, 1, 128))
	value = append(value, 0, 0, 0, 0)
	values.Seal(key, value)
	return value
}
