package localstore

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

// turn is what the committer makes durable with one sync.
type turn struct {
	number  uint64
	batch   *pebble.Batch
	staged  []*shardState
	scratch []byte

	batches, entries, bytes int
}

// record returns the head of a shard as the turn has it so far.
func (t *turn) record(state *shardState) record {
	if state.turn == t.number {
		return state.staged
	}
	return state.record // written by nobody but the committer, which this is
}

// put writes the new head of a shard.
func (t *turn) put(state *shardState, id int, r record) {
	if state.turn != t.number {
		state.turn = t.number
		t.staged = append(t.staged, state)
	}
	state.staged = r
	t.set(headKey(t.scratch[:0], id), r.appendBody)
}

// set writes a sealed value. key is in the scratch memory, where the value goes behind it.
func (t *turn) set(key []byte, appendBody func([]byte) []byte) {
	n := len(key)
	both := append(appendBody(append(key, 0)), 0, 0, 0, 0)
	t.scratch = both[:0]
	values.Seal(both[:n], both[n:])
	must(t.batch.Set(both[:n], both[n:], nil))
}

// entry writes an entry of the journal.
func (t *turn) entry(id int, position uint64, e *shard.Entry) {
	op := t.batch.SetDeferred(entryKeyLen, values.SealBytes+entryBodyLen(e))
	entryKey(op.Key[:0], id, position)
	putEntryBody(op.Value[1:], e)
	values.Seal(op.Key, op.Value)
	must(op.Finish())
}

// snapshot writes an actor's snapshot, in the place of whichever there was.
func (t *turn) snapshot(id int, n *shard.Snapshot) {
	must(t.batch.Delete(snapshotKey(t.scratch[:0], !n.Resident, id, n.Actor), nil))
	t.set(snapshotKey(t.scratch[:0], n.Resident, id, n.Actor), func(dst []byte) []byte { return values.AppendSnapshot(dst, n) })
	if !n.Expires.IsZero() {
		must(t.batch.Set(expiryKey(t.scratch, n.Expires, id, n.Actor), nil, nil))
	}
}

// trim forgets the entries behind the first position, up to and including the second. Pebble need not look at them.
func (t *turn) trim(id int, behind, upTo uint64) {
	must(t.batch.DeleteRange(entryKey(nil, id, behind+1), entryKey(nil, id, upTo+1), nil))
}

// forget drops the snapshot of an actor and its expiry.
func (t *turn) forget(key []byte) { must(t.batch.Delete(key, nil)) }

// must is for writes to a batch, which is memory: they fail only when it is used in a wrong way.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("localstore: write to a batch: %v", err))
	}
}
