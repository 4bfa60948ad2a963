package localstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

// damage is to the value of one key.
type damage struct {
	key    []byte
	what   string                            // the errors name it
	harmed []func(*Store, shard.Token) error // the calls that need the value
	well   []func(*Store, shard.Token) error
}

// TestDamage damages one value of a store in every way a byte can be wrong, and wants that whoever reads it hears which
// it was, and whoever does not goes on.
func TestDamage(t *testing.T) {
	actor, resident := uuid.UUID{0: 1}, uuid.UUID{0: 2}
	recover := func(s *Store, token shard.Token) error {
		_, err := s.Recover(context.Background(), 1, token)
		return err
	}
	load := func(of shard.ID) func(*Store, shard.Token) error {
		return func(s *Store, _ shard.Token) error {
			_, err := s.Load(context.Background(), 1, of)
			return err
		}
	}
	read := func(s *Store, _ shard.Token) error {
		_, err := s.Read(context.Background(), 1, 0, 10)
		return err
	}
	tests := map[string]damage{
		"entry": {entryKey(nil, 1, 2), "entry 2 of shard 1",
			[]func(*Store, shard.Token) error{recover, read}, []func(*Store, shard.Token) error{load(actor), load(resident)}},
		"snapshot at rest": {snapshotKey(nil, false, 1, actor), "snapshot of " + actor.String(),
			[]func(*Store, shard.Token) error{recover, load(actor)}, []func(*Store, shard.Token) error{read, load(resident)}},
		"snapshot of a resident": {snapshotKey(nil, true, 1, resident), "snapshot of " + resident.String(),
			[]func(*Store, shard.Token) error{recover, load(resident)}, []func(*Store, shard.Token) error{read, load(actor)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test.run(t, actor, resident) })
	}
}

func (d damage) run(t *testing.T, actor, resident shard.ID) {
	s := mustOpen(t, config(t, vfs.NewMem()))
	defer s.Close()
	o := own(t, s, 1)
	b := o.batch("one", "two", "three")
	for i := range b.Entries {
		b.Entries[i].Actor = actor
	}
	b.Snapshots = []shard.Snapshot{{Actor: actor, Position: 3, State: []byte("state"), Tail: [][]byte{[]byte("tail")}},
		{Actor: resident, Position: 3, Resident: true, Expires: time.Unix(1, 2)}}
	if err := o.commit(b); err != nil {
		t.Fatal(err)
	}
	whole, closer, err := s.db.Get(d.key)
	if err != nil {
		t.Fatal(err)
	}
	whole = bytes.Clone(whole)
	closer.Close()
	for _, damaged := range damages(whole) {
		set(t, s.db, d.key, damaged)
		for i, call := range d.harmed {
			err := call(s, o.token)
			if err == nil || !strings.Contains(err.Error(), d.what) || !strings.Contains(err.Error(), fmt.Sprintf("key %x", d.key)) {
				t.Fatalf("call %d with value %x says %v, want %q and the key", i, damaged, err, d.what)
			}
		}
		for i, call := range d.well {
			if err := call(s, o.token); err != nil {
				t.Fatalf("call %d, which does not need the value, says %v", i, err)
			}
		}
	}
	if err := s.Err(); err != nil {
		t.Errorf("the store has failed: %v", err)
	}
	set(t, s.db, d.key, whole)
	for _, call := range slices.Concat(d.harmed, d.well) {
		if err := call(s, o.token); err != nil {
			t.Errorf("with the value whole again: %v", err)
		}
	}
}

// damages returns value with one byte wrong, for each byte, and cut off at each length.
func damages(value []byte) (all [][]byte) {
	for i := range value {
		wrong := bytes.Clone(value)
		wrong[i] ^= 0x41
		all = append(all, wrong, value[:i:i])
	}
	return append(all, append(bytes.Clone(value), 0))
}

// TestMovedValue puts a value that is whole under another key.
func TestMovedValue(t *testing.T) {
	s := mustOpen(t, config(t, vfs.NewMem()))
	defer s.Close()
	o := own(t, s, 1)
	o.put("one", "two")
	value, closer, err := s.db.Get(entryKey(nil, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	moved := bytes.Clone(value)
	closer.Close()
	set(t, s.db, entryKey(nil, 1, 2), moved)
	if _, err := s.Read(t.Context(), 1, 0, 10); !errors.Is(err, values.ErrCorrupt) {
		t.Errorf("Read says %v, want %v", err, values.ErrCorrupt)
	}
}

// TestMissingEntry takes entries out of the journal.
func TestMissingEntry(t *testing.T) {
	for position, want := range map[uint64]string{1: "entries 1 to 1", 2: "entries 2 to 2", 3: "entries 3 to 3"} {
		t.Run(want, func(t *testing.T) {
			s := mustOpen(t, config(t, vfs.NewMem()))
			defer s.Close()
			o := own(t, s, 1)
			o.put("one", "two", "three")
			if err := s.db.Delete(entryKey(nil, 1, position), pebble.Sync); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Recover(t.Context(), 1, o.token); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Recover says %v, want %q", err, want)
			}
			if _, err := s.Read(t.Context(), 1, 0, 10); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Read says %v, want %q", err, want)
			}
		})
	}
}

// FuzzSnapshotBody feeds the values.Parser what no program of ours wrote. Whatever it accepts must survive being written again.
func FuzzSnapshotBody(f *testing.F) {
	for _, s := range []shard.Snapshot{
		{},
		{Position: 1 << 40, State: []byte("state"), Tail: [][]byte{{}, []byte("tail")}, Expires: time.Unix(1e9, 5)},
	} {
		f.Add(values.AppendSnapshot(nil, &s))
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := values.ParseSnapshot(uuid.Nil, true, body)
		if err != nil {
			return
		}
		again, err := values.ParseSnapshot(uuid.Nil, true, values.AppendSnapshot(nil, &s))
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Errorf("%+v became %+v (%v)", s, again, err)
		}
		if _, err := parseRecord(body); err == nil && len(body) < 34 {
			t.Error("a record in less bytes than its ids have")
		}
	})
}

// TestKeysSort wants that the keys of one kind sort as what they name, and that the ranges which readers use hold a
// shard's keys and no others.
func TestKeysSort(t *testing.T) {
	var keys [][]byte
	for _, id := range []int{0, 1, 255, 256, shardsMax - 1} {
		for _, position := range []uint64{1, 2, 255, 256, 1 << 40} {
			keys = append(keys, entryKey(nil, id, position))
		}
	}
	for _, id := range []int{0, 1, shardsMax - 1} {
		for _, actor := range []shard.ID{uuid.Nil, {1}, uuid.Max} {
			keys = append(keys, snapshotKey(nil, true, id, actor))
		}
	}
	for _, seconds := range []int64{-62135596800, -1, 0, 1, 1e9, 1e11} {
		keys = append(keys, expiryKey(nil, time.Unix(seconds, 0), 7, uuid.Max))
	}
	if !slices.IsSortedFunc(keys, bytes.Compare) {
		t.Error("the keys do not sort as what they name")
	}
	for _, id := range []int{0, 1, shardsMax - 1} {
		from, to := shardKey(nil, keyResident, id), shardEnd(nil, keyResident, id)
		for _, key := range keys {
			inside := bytes.Compare(key, from) >= 0 && bytes.Compare(key, to) < 0
			if own := bytes.HasPrefix(key, from); inside != own {
				t.Errorf("key %x is in the range of shard %d: %v, want %v", key, id, inside, own)
			}
		}
	}
	seconds, id, actor := expiryParts(expiryKey(nil, time.Unix(-5, 0), 300, shard.ID{9}))
	if seconds != expirySeconds(time.Unix(-5, 0)) || id != 300 || actor != (shard.ID{9}) {
		t.Errorf("an expiry reads as %d, %d, %v", seconds, id, actor)
	}
}
