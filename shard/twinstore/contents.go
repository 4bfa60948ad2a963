package twinstore

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

// contents is what is durable, shared by all handles on it.
type contents struct {
	mu     sync.Mutex
	random *rand.ChaCha8
	shards []journal
}

// journal is one shard. Nothing in it is shared with a caller, and an entry or a snapshot, once in, never changes.
type journal struct {
	token     shard.Token
	last      shard.BatchID
	head      uint64
	at        time.Time
	entries   []shard.Entry // those not trimmed, by position
	snapshots map[shard.ID]shard.Snapshot
}

func newContents(shards int, seed uint64) *contents {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	c := &contents{random: rand.NewChaCha8(key), shards: make([]journal, shards)}
	for i := range c.shards {
		c.shards[i].snapshots = make(map[shard.ID]shard.Snapshot)
	}
	return c
}

func (c *contents) acquire(id int) shard.Token {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, err := uuid.NewRandomFromReader(c.random)
	if err != nil {
		panic(err) // ChaCha8 documents that Read never fails
	}
	j := &c.shards[id]
	j.token = shard.Token{Epoch: j.token.Epoch + 1, Owner: owner}
	return j.token
}

func (c *contents) recover(id int, token shard.Token, now time.Time) (shard.Recovery, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	j := &c.shards[id]
	if !j.owned(token) {
		return shard.Recovery{}, shard.ErrFenced
	}
	present := j.forgetAll(now)
	recovery := shard.Recovery{Head: j.head, At: j.at}
	for _, entry := range j.entries {
		recovery.Entries = append(recovery.Entries, copyEntry(entry))
	}
	for actor, snapshot := range j.snapshots {
		if snapshot.Resident || present[actor] {
			recovery.Snapshots = append(recovery.Snapshots, copySnapshot(snapshot))
		}
	}
	slices.SortFunc(recovery.Snapshots, func(a, b shard.Snapshot) int { return bytes.Compare(a.Actor[:], b.Actor[:]) })
	return recovery, nil
}

func (c *contents) load(id int, actor shard.ID, now time.Time) (shard.Snapshot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	j := &c.shards[id]
	snapshot, ok := j.snapshots[actor]
	if ok && expired(snapshot, now) && !slices.ContainsFunc(j.entries, func(e shard.Entry) bool { return e.Actor == actor }) {
		delete(j.snapshots, actor)
		ok = false
	}
	if !ok {
		return shard.Snapshot{}, shard.ErrNoSnapshot
	}
	return copySnapshot(snapshot), nil
}

func (c *contents) read(id int, after uint64, limit int) []shard.Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	var entries []shard.Entry
	for _, entry := range c.shards[id].entries {
		if entry.Position > after && len(entries) < limit {
			entries = append(entries, copyEntry(entry))
		}
	}
	return entries
}

// apply makes a well-formed batch durable, or says why not and changes nothing.
func (c *contents) apply(b *shard.Batch, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	j := &c.shards[b.Shard]
	switch {
	case !j.owned(b.Token):
		return shard.ErrFenced
	case b.ID == j.last:
		return nil
	case b.Head != j.head:
		return &shard.HeadError{Head: j.head}
	}
	for _, entry := range b.Entries {
		j.head++
		entry.Position = j.head
		j.entries = append(j.entries, copyEntry(entry))
	}
	for _, snapshot := range b.Snapshots {
		j.snapshots[snapshot.Actor] = copySnapshot(snapshot)
	}
	if free := int(j.head) - len(j.entries); b.Trim > uint64(free) {
		j.entries = slices.Delete(j.entries, 0, int(b.Trim)-free)
		j.forgetAll(now)
	}
	j.last, j.at = b.ID, b.At
	return nil
}

// owned says whether token is the shard's own. Nobody owns a shard that was never acquired, with whatever token.
func (j *journal) owned(token shard.Token) bool { return token.Epoch != 0 && token == j.token }

// forgetAll drops the actors that have expired: at the first moment at which that is allowed, because a caller which counts
// on more should fail in a test. An actor which has entries stays: without its snapshot they would make another actor. It
// returns the actors which have entries.
func (j *journal) forgetAll(now time.Time) map[shard.ID]bool {
	present := make(map[shard.ID]bool)
	for _, entry := range j.entries {
		present[entry.Actor] = true
	}
	for actor, snapshot := range j.snapshots {
		if expired(snapshot, now) && !present[actor] {
			delete(j.snapshots, actor)
		}
	}
	return present
}

func expired(s shard.Snapshot, now time.Time) bool {
	return !s.Expires.IsZero() && !s.Expires.After(now)
}

func copyEntry(e shard.Entry) shard.Entry {
	e.Event = bytes.Clone(e.Event)
	return e
}

func copySnapshot(s shard.Snapshot) shard.Snapshot {
	s.State = bytes.Clone(s.State)
	s.Tail = slices.Clone(s.Tail)
	for i, event := range s.Tail {
		s.Tail[i] = bytes.Clone(event)
	}
	return s
}

func copyBatch(b *shard.Batch) *shard.Batch {
	copied := *b
	copied.Entries = make([]shard.Entry, len(b.Entries))
	for i, entry := range b.Entries {
		copied.Entries[i] = copyEntry(entry)
	}
	copied.Snapshots = make([]shard.Snapshot, len(b.Snapshots))
	for i, snapshot := range b.Snapshots {
		copied.Snapshots[i] = copySnapshot(snapshot)
	}
	return &copied
}
