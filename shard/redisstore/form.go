package redisstore

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

// entryBytesMore is what an entry takes besides its event, at the most.
const entryBytesMore = 16 + binary.MaxVarintLen64

// batchBytes bounds what a batch takes in Redis and on the way there.
func batchBytes(b *shard.Batch) int {
	n := 256
	for i := range b.Entries {
		n += entryBytesMore + len(b.Entries[i].Event)
	}
	for i := range b.Snapshots {
		n += 256 + values.SnapshotLenMax(&b.Snapshots[i])
	}
	return n
}

// itemKey is what an item of the journal is sealed with, beside its contents: where it belongs.
func itemKey(k *keys, last uint64) []byte { return strconv.AppendUint([]byte(k.journal), last, 10) }

// sealEntries is an item of the journal: the entries of one batch, the last of which is at position last.
func sealEntries(k *keys, last uint64, entries []shard.Entry) []byte {
	n := values.SealBytes + binary.MaxVarintLen64
	for i := range entries {
		n += entryBytesMore + len(entries[i].Event)
	}
	value := append(make([]byte, 0, n), 0)
	value = binary.AppendUvarint(value, uint64(len(entries)))
	for i := range entries {
		value = append(value, entries[i].Actor[:]...)
		value = values.AppendBytes(value, entries[i].Event)
	}
	value = append(value, 0, 0, 0, 0)
	values.Seal(itemKey(k, last), value)
	return value
}

// parseEntries reads an item of the journal. The events are parts of value.
func parseEntries(k *keys, last uint64, value []byte) ([]shard.Entry, error) {
	body, err := values.Unseal(itemKey(k, last), value)
	if err != nil {
		return nil, fmt.Errorf("journal item %d: %w", last, err)
	}
	p := values.NewParser(body)
	entries := make([]shard.Entry, p.Count())
	for i := range entries {
		entries[i] = shard.Entry{Position: last - uint64(len(entries)) + 1 + uint64(i), Actor: p.UUID(), Event: p.Part()}
	}
	if err := p.End(); err != nil {
		return nil, fmt.Errorf("journal item %d: %w", last, err)
	}
	if n := uint64(len(entries)); n == 0 || n > last {
		return nil, fmt.Errorf("journal item %d: %w: it has %d entries", last, values.ErrShort, n)
	}
	return entries, nil
}

// sealSnapshot is a snapshot's value: whether it is resident, and the rest.
func sealSnapshot(k *keys, n *shard.Snapshot) []byte {
	value := append(make([]byte, 0, values.SealBytes+1+values.SnapshotLenMax(n)), 0, 0)
	if n.Resident {
		value[1] = 1
	}
	value = append(values.AppendSnapshot(value, n), 0, 0, 0, 0)
	values.Seal([]byte(k.of(n.Actor)), value)
	return value
}

// parseSnapshot reads a snapshot's value.
func parseSnapshot(k *keys, actor shard.ID, value []byte) (shard.Snapshot, error) {
	body, err := values.Unseal([]byte(k.of(actor)), value)
	if err == nil && len(body) == 0 {
		err = values.ErrShort
	}
	var n shard.Snapshot
	if err == nil {
		n, err = values.ParseSnapshot(actor, body[0] == 1, body[1:])
	}
	if err != nil {
		return shard.Snapshot{}, fmt.Errorf("snapshot of %s: %w", actor, err)
	}
	return n, nil
}

// timeText is a time as an operator can read it, without any loss.
func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: the time of the last batch is %q", values.ErrCorrupt, text)
	}
	return t.UTC(), nil
}

// expiryScore is when an actor may be forgotten, as the sorted set has it: milliseconds of Unix time, 0 for never.
func expiryScore(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return max(1, t.UnixMilli())
}
