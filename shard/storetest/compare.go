package storetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/plywire/plywire/shard"
)

// check compares all that the store says of the shard with the model. Of what may be forgotten, anything may be left, as
// long as the journal has no gap.
func (o *owner) check() {
	o.Helper()
	got := o.recover(o.id, o.token)
	if got.Head != o.head {
		o.Errorf("Recovery.Head is %d, want %d", got.Head, o.head)
	}
	if !got.At.Equal(o.at) {
		o.Errorf("Recovery.At is %v, want %v", got.At, o.at)
	}
	o.checkEntries(got.Entries)
	o.checkSnapshots(got)
	for actor, want := range o.snapshots {
		snapshot, err := o.store.Load(context.Background(), o.id, actor)
		if err != nil {
			o.Errorf("Load(%s): %v", actor, err)
			continue
		}
		sameSnapshot(o.T, snapshot, want)
	}
}

// checkEntries wants the last of the model's entries, without a gap, and all of them that must not be forgotten.
func (o *owner) checkEntries(got []shard.Entry) {
	o.Helper()
	if min, max := len(o.entries)-int(o.trimmed), len(o.entries); len(got) < min || len(got) > max {
		o.Errorf("%d entries, want %d, or up to %d with those trimmed", len(got), min, max)
		return
	}
	sameEntries(o.T, got, o.entries[len(o.entries)-len(got):])
}

func sameEntries(t *testing.T, got, want []shard.Entry) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d entries, want %d", len(got), len(want))
		return
	}
	for i, want := range want {
		entry := got[i]
		if entry.Position != want.Position || entry.Actor != want.Actor || !bytes.Equal(entry.Event, want.Event) {
			t.Errorf("entry %d is {%d %s %.40q}, want {%d %s %.40q}",
				i, entry.Position, entry.Actor, entry.Event, want.Position, want.Actor, want.Event)
			return
		}
	}
}

// checkSnapshots wants the snapshots of the actors that are resident or have entries in the recovery, and no others.
func (o *owner) checkSnapshots(got shard.Recovery) {
	o.Helper()
	present := make(map[shard.ID]bool)
	for _, entry := range got.Entries {
		present[entry.Actor] = true
	}
	seen := make(map[shard.ID]bool)
	for _, snapshot := range got.Snapshots {
		want, ok := o.snapshots[snapshot.Actor]
		switch {
		case seen[snapshot.Actor]:
			o.Errorf("two snapshots of %s", snapshot.Actor)
		case !ok:
			o.Errorf("a snapshot of %s, which has none", snapshot.Actor)
		case !want.Resident && !present[snapshot.Actor]:
			o.Errorf("a snapshot of %s, which is neither resident nor has entries", snapshot.Actor)
		default:
			sameSnapshot(o.T, snapshot, want)
		}
		seen[snapshot.Actor] = true
	}
	for actor, want := range o.snapshots {
		if (want.Resident || present[actor]) && !seen[actor] {
			o.Errorf("no snapshot of %s, which has one (resident %v, entries %v)", actor, want.Resident, present[actor])
		}
	}
}

func sameSnapshot(t *testing.T, got, want shard.Snapshot) {
	t.Helper()
	same := got.Actor == want.Actor && got.Position == want.Position && bytes.Equal(got.State, want.State) &&
		slices.EqualFunc(got.Tail, want.Tail, bytes.Equal) && got.Resident == want.Resident &&
		got.Expires.IsZero() == want.Expires.IsZero() && got.Expires.Equal(want.Expires)
	if !same {
		t.Errorf("snapshot is {%s at %d, state %.40q, tail %.40q, resident %v, expires %v}, "+
			"want {%s at %d, state %.40q, tail %.40q, resident %v, expires %v}",
			got.Actor, got.Position, got.State, got.Tail, got.Resident, got.Expires,
			want.Actor, want.Position, want.State, want.Tail, want.Resident, want.Expires)
	}
}

// refused commits a batch which must hear want, and must change nothing.
func (o *owner) refused(b *shard.Batch, want error) {
	o.Helper()
	if err := o.commit(b); !errors.Is(err, want) {
		o.Errorf("commit says %v, want %v", err, want)
	}
	o.check()
}

// gone wants that the store has forgotten an actor.
func (o *owner) gone(actor shard.ID) {
	o.Helper()
	if _, err := o.store.Load(context.Background(), o.id, actor); !errors.Is(err, shard.ErrNoSnapshot) {
		o.Errorf("Load says %v, want %v", err, shard.ErrNoSnapshot)
	}
	for _, snapshot := range o.recover(o.id, o.token).Snapshots {
		if snapshot.Actor == actor {
			o.Errorf("Recover returns the snapshot of %s", actor)
		}
	}
}

// copyBatch copies a batch with all that it points to.
func copyBatch(b *shard.Batch) *shard.Batch {
	copied := *b
	copied.Entries, copied.Snapshots = slices.Clone(b.Entries), slices.Clone(b.Snapshots)
	for i := range copied.Entries {
		copied.Entries[i].Event = bytes.Clone(copied.Entries[i].Event)
	}
	for i := range copied.Snapshots {
		s := &copied.Snapshots[i]
		s.State, s.Tail = bytes.Clone(s.State), slices.Clone(s.Tail)
		for k := range s.Tail {
			s.Tail[k] = bytes.Clone(s.Tail[k])
		}
	}
	return &copied
}
