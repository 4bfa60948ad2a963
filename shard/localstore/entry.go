package localstore

import (
	"bytes"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

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
		return e, values.ErrShort
	}
	copy(e.Actor[:], body)
	e.Event = bytes.Clone(body[len(e.Actor):])
	return e, nil
}
