package localstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/values"
)

// FuzzValues reads any body as everything that a value can hold: it is an error, or it is written as it was read. Sealed,
// it comes out again, and under another key, or with a byte changed, it does not.
func FuzzValues(f *testing.F) {
	r := record{token: shard.Token{Epoch: 3, Owner: uuid.UUID{1}}, last: uuid.UUID{2}, head: 9, trimmed: 4, at: time.Unix(1e9, 7).UTC()}
	m := meta{version: formatVersion, shards: 32, incarnation: uuid.UUID{3}}
	s := shard.Snapshot{Position: 7, State: []byte("state"), Tail: [][]byte{{}, []byte("tail")}, Expires: time.Unix(-1, 5).UTC()}
	for _, body := range [][]byte{r.appendBody(nil), m.appendBody(nil), values.AppendSnapshot(nil, &s), append(make([]byte, 16), "event"...), {}} {
		f.Add(headKey(nil, 7), body, uint16(3))
	}
	f.Fuzz(func(t *testing.T, key, body []byte, at uint16) {
		if r, err := parseRecord(body); err == nil {
			if again, err := parseRecord(r.appendBody(nil)); err != nil || again != r {
				t.Errorf("record %+v became %+v (%v)", r, again, err)
			}
		}
		if m, err := parseMeta(body); err == nil {
			if again, err := parseMeta(m.appendBody(nil)); err != nil || again != m {
				t.Errorf("description %+v became %+v (%v)", m, again, err)
			}
		}
		if e, err := parseEntry(5, body); err == nil {
			again := make([]byte, entryBodyLen(&e))
			if putEntryBody(again, &e); !bytes.Equal(again, body) {
				t.Errorf("entry %x became %x", body, again)
			}
		}
		if s, err := values.ParseSnapshot(uuid.UUID{9}, true, body); err == nil && len(values.AppendSnapshot(nil, &s)) > values.SnapshotLenMax(&s) {
			t.Errorf("snapshot %+v is longer than foreseen", s)
		}
		value := sealed(key, func(dst []byte) []byte { return append(dst, body...) })
		if opened, err := values.Unseal(key, value); err != nil || !bytes.Equal(opened, body) {
			t.Errorf("%x was sealed and opens as %x (%v)", body, opened, err)
		}
		if _, err := values.Unseal(append([]byte{'x'}, key...), value); err == nil {
			t.Error("it opens under another key")
		}
		value[int(at)%len(value)] ^= byte(at>>8) | 1
		if _, err := values.Unseal(key, value); err == nil {
			t.Errorf("it opens as %x", value)
		}
	})
}

// FuzzFolder damages the files of a store that was closed: bytes are flipped, files are cut, emptied, swapped or taken
// away. Opened again, the store has to say what is wrong, or be as it was after one of its commits: the last ones may be
// missing, which nobody could tell from a crash before them, but never one in the middle, never a part of one, and never
// all of them as long as the mark is there. A panic of Pebble's must not get out.
//
// There are two: one was closed, the other was left by a crash when its last tables could not be written, so that there are
// several logs.
func FuzzFolder(f *testing.F) {
	folders := make([][]keptFile, 2)
	histories := make([][]string, 2)
	for crashed := range folders {
		folders[crashed], histories[crashed] = keptFolder(f, crashed == 1)
		for i := range byte(len(folders[crashed])) {
			for kind := range byte(damageKinds) {
				f.Add(crashed == 1, []byte{kind, i, 0x80, 0x10, 1})
				f.Add(crashed == 1, []byte{kind, i, 0xff, 0xf0, 0x40})
			}
			f.Add(crashed == 1, []byte{1, i, 0xf0, 0, 0, 0, i + 1, 0x20, 0, 9})
		}
	}
	f.Fuzz(func(t *testing.T, crashed bool, program []byte) {
		if len(program) > 5*6 {
			return
		}
		files, states := folders[0], histories[0]
		if crashed {
			files, states = folders[1], histories[1]
		}
		damaged, story := damageFolder(files, program)
		state, err := openFolder(t, damaged)
		if err == nil && (!slices.Contains(states, state) || state == states[0] && slices.ContainsFunc(damaged, isMark)) {
			t.Fatalf("%s: it opens without a word, and was never so:\n%s\nat the end it was\n%s", story, state, states[len(states)-1])
		}
		if err != nil && !strings.Contains(err.Error(), "store") && !strings.Contains(err.Error(), "shard") {
			t.Fatalf("%s: the error does not say what it is about: %v", story, err)
		}
	})
}

type keptFile struct {
	name string
	text []byte
}

func isMark(file keptFile) bool { return file.name == markName }

const fuzzShards = 3

func fuzzConfig(fs vfs.FS) Config {
	cfg := DefaultConfig()
	cfg.Dir, cfg.Shards, cfg.FS, cfg.Pace, cfg.Logger = "store", fuzzShards, fs, 0, zerolog.Nop()
	return cfg
}

// keptFolder makes a store with tables, logs and a list of files, and returns its files and how it was after each change.
func keptFolder(f *testing.F, crashed bool) (files []keptFile, states []string) {
	disk := newFaulty()
	s := mustOpen(f, fuzzConfig(disk.fs()))
	note := func() { states = append(states, storeState(f, s)) }
	note()
	owners := make([]*owner, fuzzShards)
	heads := make([]uint64, fuzzShards)
	for i := range 60 {
		id := i * 7 % fuzzShards
		if i%25 < fuzzShards {
			owners[id] = acquire(f, s, id, heads[id])
			note()
		}
		if err := owners[id].commit(fuzzBatch(owners[id], i)); err != nil {
			f.Fatal(err)
		}
		heads[id] = owners[id].head
		note()
		if i == 25 && crashed {
			disk.fails(syscall.ENOSPC, ".sst", errorfs.OpCreate)
		}
		if i%20 == 12 {
			flushed, err := s.db.AsyncFlush()
			if err != nil {
				f.Fatal(err)
			}
			if i < 25 || !crashed {
				<-flushed
			}
		}
	}
	left := disk.mem
	if crashed {
		left = disk.mem.CrashClone(vfs.CrashCloneCfg{})
		disk.set(func(errorfs.Op) error { return nil })
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	return readFolder(f, left), states
}

func fuzzBatch(o *owner, i int) *shard.Batch {
	b := o.batch(fmt.Sprint("event ", i), strings.Repeat("x", i%9*40))
	actor := uuid.UUID{byte(o.id), byte(i % 3)}
	for j := range b.Entries {
		b.Entries[j].Actor = actor
	}
	if i%4 == 3 {
		b.Snapshots = []shard.Snapshot{{Actor: actor, Position: b.Head + 2, State: fmt.Append(nil, "state ", i), Resident: i%8 == 3}}
		b.Trim = b.Head / 2
	}
	return b
}

func readFolder(f *testing.F, fs *vfs.MemFS) (files []keptFile) {
	names, err := fs.List("store")
	if err != nil {
		f.Fatal(err)
	}
	slices.Sort(names)
	for _, name := range names {
		if name == "LOCK" {
			continue
		}
		file, err := fs.Open(filepath.Join("store", name))
		if err != nil {
			f.Fatal(err)
		}
		text, err := io.ReadAll(file)
		if err != nil {
			f.Fatal(err)
		}
		_ = file.Close()
		files = append(files, keptFile{name, text})
	}
	return files
}

// acquire is own for a store of which nothing is known but the head.
func acquire(tb testing.TB, s *Store, id int, head uint64) *owner {
	tb.Helper()
	token, err := s.Acquire(context.Background(), id)
	if err != nil {
		tb.Fatal(err)
	}
	return &owner{t: tb, store: s, id: id, token: token, head: head}
}

// damageKinds is the number of ways in which damageFolder harms a file.
const damageKinds = 6

// damageFolder carries out a program of five bytes a step: what, which file, where (two bytes), and how.
func damageFolder(whole []keptFile, program []byte) (files []keptFile, story string) {
	files = slices.Clone(whole)
	for ; len(program) >= 5 && len(files) > 0; program = program[5:] {
		i := int(program[1]) % len(files)
		file := &files[i]
		file.text = bytes.Clone(file.text)
		at := int(binary.BigEndian.Uint16(program[2:])) * len(file.text) >> 16
		how := program[4]
		switch program[0] % damageKinds {
		case 0:
			if len(file.text) > 0 {
				file.text[at] ^= how | 1
				story += fmt.Sprintf("flip %02x at %d of %d in %s; ", how|1, at, len(file.text), file.name)
			}
		case 1:
			story += fmt.Sprintf("cut %s to %d of %d; ", file.name, at, len(file.text))
			file.text = file.text[:at]
		case 2:
			story += fmt.Sprintf("delete %s; ", file.name)
			files = slices.Delete(files, i, i+1)
		case 3:
			end := min(len(file.text), at+int(how)*16)
			clear(file.text[at:end])
			story += fmt.Sprintf("zeros from %d to %d of %d in %s; ", at, end, len(file.text), file.name)
		case 4:
			j := int(how) % len(files)
			file.text, files[j].text = files[j].text, file.text
			story += fmt.Sprintf("swap %s and %s; ", file.name, files[j].name)
		case 5:
			file.text = slices.Concat(file.text, bytes.Repeat([]byte{how}, at+1))
			story += fmt.Sprintf("append %d bytes %02x to %s; ", at+1, how, file.name)
		}
	}
	return files, story
}

// openFolder opens a store of the files and returns its state.
func openFolder(t *testing.T, files []keptFile) (state string, err error) {
	fs := vfs.NewMem()
	if err := fs.MkdirAll("store", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, each := range files {
		file, err := fs.Create(filepath.Join("store", each.name), vfs.WriteCategoryUnspecified)
		if err == nil {
			_, err = file.Write(each.text)
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
	}
	s, err := Open(fuzzConfig(fs))
	if err != nil {
		return "", err
	}
	defer s.Close()
	return readState(s)
}

func storeState(tb testing.TB, s *Store) string {
	tb.Helper()
	state, err := readState(s)
	if err != nil {
		tb.Fatal(err)
	}
	return state
}

// readState is all that the store has, as text.
func readState(s *Store) (string, error) {
	var text strings.Builder
	for id := range s.shards {
		r := s.shards[id].record
		fmt.Fprintf(&text, "shard %d: epoch %d, head %d, trimmed %d, batch %v, at %v\n", id, r.token.Epoch, r.head, r.trimmed, r.last, r.at)
		if r.token.Epoch == 0 {
			continue
		}
		recovery, err := s.Recover(context.Background(), id, r.token)
		if err != nil {
			return "", err
		}
		for _, e := range recovery.Entries {
			fmt.Fprintf(&text, "  entry %d of %v: %s\n", e.Position, e.Actor, e.Event)
		}
		for actor := range byte(3) {
			n, err := s.Load(context.Background(), id, uuid.UUID{byte(id), actor})
			switch {
			case err == nil:
				fmt.Fprintf(&text, "  snapshot of %v at %d: %s %v\n", n.Actor, n.Position, n.State, n.Resident)
			case !errors.Is(err, shard.ErrNoSnapshot):
				return "", err
			}
		}
	}
	return text.String(), nil
}
