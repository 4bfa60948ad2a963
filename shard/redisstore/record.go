package redisstore

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

// record is the head of one shard.
type record struct {
	head  uint64 // position of the last entry
	at    time.Time
	first uint64 // the first position that may not be forgotten
}

// parseRecord reads the fields n, at and first; empty ones are of a shard without any batch.
func parseRecord(n, at, first string) (r record, err error) {
	if n == "" {
		return record{first: 1}, nil
	}
	if r.head, err = strconv.ParseUint(n, 10, 64); err != nil {
		return r, fmt.Errorf("%w: the head is %q", values.ErrCorrupt, n)
	}
	if r.first, err = strconv.ParseUint(first, 10, 64); err != nil || r.first == 0 || r.first > r.head+1 {
		return r, fmt.Errorf("%w: the first entry is %q of %d", values.ErrCorrupt, first, r.head)
	}
	r.at, err = parseTime(at)
	return r, err
}

// agrees wants that the journal has all that it must have.
func (r record) agrees(entries []shard.Entry) error {
	first, last := r.first, r.head
	switch {
	case len(entries) == 0 && r.first == r.head+1:
		return nil
	case len(entries) == 0:
	case entries[0].Position > first:
		last = entries[0].Position - 1
	case entries[len(entries)-1].Position != r.head:
		first = entries[len(entries)-1].Position + 1
	default:
		return nil
	}
	return fmt.Errorf("%w: entries %d to %d are missing from the journal", values.ErrCorrupt, first, last)
}

func parseIDs(names []string) ([]shard.ID, error) {
	ids := make([]shard.ID, len(names))
	for i, name := range names {
		id, err := uuid.Parse(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is no actor", values.ErrCorrupt, name)
		}
		ids[i] = id
	}
	return ids, nil
}
