package localstore

import (
	"encoding/binary"
	"time"

	"github.com/plywire/plywire/shard"
)

// The keys, version 1. A shard is 2 bytes, a position and a time 8, an actor 16, all big-endian, so that keys sort by them.
//
//	m                      the store itself: version, number of shards, incarnation; see meta
//	h shard                the shard's head: token, last batch, last position; see record
//	j shard position       an entry of the journal: its actor and event
//	r shard actor          the snapshot of an actor that is resident: Recover reads them all
//	s shard actor          the snapshot of an actor that is not: Load and Recover look for single ones
//	x time shard actor     nothing; says that a snapshot of the actor expires at time, in seconds since 1970. It may be out of
//	                       date: the snapshot knows
//
// An actor has its snapshot under r or under s, never both. Every value but that of x is sealed; see
// seal.
const (
	keyMeta     = 'm'
	keyHead     = 'h'
	keyEntry    = 'j'
	keyResident = 'r'
	keyAtRest   = 's'
	keyExpiry   = 'x'
)

const (
	headKeyLen     = 1 + 2
	entryKeyLen    = 1 + 2 + 8
	snapshotKeyLen = 1 + 2 + 16
	expiryKeyLen   = 1 + 8 + 2 + 16
)

func metaKey() []byte { return []byte{keyMeta} }

// shardKey appends the part which all keys of one kind and shard begin with.
func shardKey(dst []byte, kind byte, id int) []byte {
	return binary.BigEndian.AppendUint16(append(dst, kind), uint16(id))
}

// shardEnd appends the first key behind all those which begin with shardKey(kind, id).
func shardEnd(dst []byte, kind byte, id int) []byte {
	if id+1 == shardsMax {
		return append(dst, kind+1)
	}
	return shardKey(dst, kind, id+1)
}

func headKey(dst []byte, id int) []byte { return shardKey(dst, keyHead, id) }

func entryKey(dst []byte, id int, position uint64) []byte {
	return binary.BigEndian.AppendUint64(shardKey(dst, keyEntry, id), position)
}

// entryPosition reads the position from a key of entryKey.
func entryPosition(key []byte) uint64 { return binary.BigEndian.Uint64(key[headKeyLen:]) }

func snapshotKey(dst []byte, resident bool, id int, actor shard.ID) []byte {
	kind := byte(keyAtRest)
	if resident {
		kind = keyResident
	}
	return append(shardKey(dst, kind, id), actor[:]...)
}

// expirySeconds makes seconds since 1970, which may be before, sort as unsigned numbers.
func expirySeconds(t time.Time) uint64 { return uint64(t.Unix()) ^ 1<<63 }

func expiryKey(dst []byte, expires time.Time, id int, actor shard.ID) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, keyExpiry), expirySeconds(expires))
	return append(binary.BigEndian.AppendUint16(dst, uint16(id)), actor[:]...)
}

// expiryParts reads a key of expiryKey.
func expiryParts(key []byte) (seconds uint64, id int, actor shard.ID) {
	copy(actor[:], key[11:])
	return binary.BigEndian.Uint64(key[1:]), int(binary.BigEndian.Uint16(key[9:])), actor
}
