package game

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"
)

// ID names a game. It is a UUID of version 8 (RFC 9562: made from a hash): a game's id follows from who asked for it and
// by which command, so that a request that is sent twice makes one game.
type ID = uuid.UUID

// DeriveID returns the id that follows from parts, which are told apart: ("ab", "c") and ("a", "bc") differ.
func DeriveID(parts ...string) ID {
	hash := sha256.New()
	for _, part := range parts {
		sum := sha256.Sum256([]byte(part))
		hash.Write(sum[:])
	}
	var id ID
	copy(id[:], hash.Sum(nil))
	id[6] = id[6]&0x0f | 0x80 // version 8
	id[8] = id[8]&0x3f | 0x80 // the variant of RFC 9562
	return id
}

// CreatedBy is the id of the game that the user's command with that id creates.
func CreatedBy(user, command string) ID { return DeriveID("create", user, command) }

// nextSeed is the seed of the game that follows another: as secret as the one it is made from.
func nextSeed(seed uint64, id ID) uint64 {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), id[:]...))
	return binary.BigEndian.Uint64(sum[:])
}
