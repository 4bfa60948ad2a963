package localstore

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/shard/values"
)

// refusedOpen opens a store that must not open, and wants all of words in the reason.
func refusedOpen(t *testing.T, cfg Config, words ...string) {
	t.Helper()
	s, err := Open(cfg)
	if err == nil {
		s.Close()
		t.Fatalf("Open succeeds, want an error with %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("Open says %q, want %q in it", err, word)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("the defaults are not valid: %v", err)
	}
	cfg := Config{Pace: -1, BatchBytesMax: 1}
	err := cfg.Validate()
	if err == nil {
		t.Fatal("a configuration of nothing is valid")
	}
	for _, fault := range []string{"folder", "shards are 0", "pace is -1ns", "entries", "bytes", "largest batch is 1", "cache", "memory table", "open files", "sweep"} {
		if !strings.Contains(err.Error(), fault) {
			t.Errorf("Validate says nothing of %q:\n%v", fault, err)
		}
	}
	refusedOpen(t, cfg, "folder", "sweep")
}

func TestOpenOtherShards(t *testing.T) {
	cfg := config(t, vfs.NewMem())
	mustOpen(t, cfg).Close()
	cfg.Shards = 64
	refusedOpen(t, cfg, "32 shards", "set to 64", "name another folder")
	cfg.Shards = 32
	mustOpen(t, cfg).Close()
}

// TestIncarnation wants that a store keeps it, and that no two have the same.
func TestIncarnation(t *testing.T) {
	cfg := config(t, vfs.NewMem())
	s := mustOpen(t, cfg)
	first := s.Incarnation()
	s.Close()
	s = mustOpen(t, cfg)
	if got := s.Incarnation(); got != first || got == uuid.Nil {
		t.Errorf("the incarnation went from %v to %v", first, got)
	}
	s.Close()
	cfg.Dir = "other"
	s = mustOpen(t, cfg)
	defer s.Close()
	if s.Incarnation() == first {
		t.Error("two stores have the same incarnation")
	}
}

// raw lets change write to the database of a closed store, beside the store.
func raw(t *testing.T, cfg Config, change func(*pebble.DB)) {
	t.Helper()
	db, err := pebble.Open(cfg.Dir, &pebble.Options{FS: cfg.FS, FormatMajorVersion: pebble.FormatValueSeparation, Logger: newFailure(cfg)})
	if err != nil {
		t.Fatal(err)
	}
	change(db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func set(t *testing.T, db *pebble.DB, key, value []byte) {
	t.Helper()
	if err := db.Set(key, value, pebble.Sync); err != nil {
		t.Fatal(err)
	}
}

func TestOpenUnknownVersions(t *testing.T) {
	cfg := config(t, vfs.NewMem())
	mustOpen(t, cfg).Close()
	key := metaKey()
	raw(t, cfg, func(db *pebble.DB) {
		newer := meta{version: formatVersion + 1, shards: 32}
		set(t, db, key, sealed(key, newer.appendBody))
	})
	refusedOpen(t, cfg, "format version 2", "reads 1", "name another folder")
	raw(t, cfg, func(db *pebble.DB) {
		value := sealed(key, (&meta{version: formatVersion, shards: 32}).appendBody)
		value[0] = values.Version + 1
		end := len(value) - crc32.Size
		table := crc32.MakeTable(crc32.Castagnoli)
		binary.BigEndian.PutUint32(value[end:], crc32.Update(crc32.Checksum(key, table), table, value[:end]))
		set(t, db, key, value)
	})
	refusedOpen(t, cfg, "the value has version 2", "reads 1")
}

func TestOpenSomethingElse(t *testing.T) {
	cfg := config(t, vfs.NewMem())
	raw(t, cfg, func(db *pebble.DB) { set(t, db, []byte("who"), []byte("knows")) })
	refusedOpen(t, cfg, "something else", "name another folder")
}

func TestOpenDamagedHead(t *testing.T) {
	cfg := config(t, vfs.NewMem())
	mustOpen(t, cfg).Close()
	raw(t, cfg, func(db *pebble.DB) { set(t, db, headKey(nil, 7), []byte("what is this")) })
	refusedOpen(t, cfg, "head of shard 7", "damaged")
}

func TestOpenTwice(t *testing.T) {
	for name, fs := range map[string]vfs.FS{"memory": vfs.NewMem(), "disk": nil} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, fs)
			if fs == nil {
				cfg.Dir = t.TempDir()
			}
			s := mustOpen(t, cfg)
			refusedOpen(t, cfg, cfg.Dir+" is in use by another plywire", "name another folder")
			s.Close()
			mustOpen(t, cfg).Close()
		})
	}
}

// TestOpenTwiceByAnotherName opens a folder by two names, which the lock of a file does not notice within one process.
func TestOpenTwiceByAnotherName(t *testing.T) {
	cfg := config(t, nil)
	cfg.Dir = t.TempDir()
	t.Chdir(filepath.Dir(cfg.Dir))
	defer mustOpen(t, cfg).Close()
	cfg.Dir = filepath.Base(cfg.Dir)
	refusedOpen(t, cfg, "in use by another plywire")
}

// folderEnv names, to the process that TestOpenInAnotherProcess starts, the folder which it has to open.
const folderEnv = "LOCALSTORE_FOLDER"

func TestOpenInAnotherProcess(t *testing.T) {
	cfg := config(t, nil)
	if dir := os.Getenv(folderEnv); dir != "" {
		cfg.Dir = dir
		refusedOpen(t, cfg, "in use by another plywire")
		return
	}
	cfg.Dir = t.TempDir()
	defer mustOpen(t, cfg).Close()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOpenInAnotherProcess$")
	command.Env = append(os.Environ(), folderEnv+"="+cfg.Dir)
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("the other process: %v\n%s", err, output)
	}
}

func TestOpenWhatCannotBeLocked(t *testing.T) {
	cfg := config(t, nil)
	cfg.Dir = t.TempDir()
	// A folder in the place of the file is refused to everybody, also to root.
	if err := os.Mkdir(filepath.Join(cfg.Dir, "LOCK"), 0o700); err != nil {
		t.Fatal(err)
	}
	refusedOpen(t, cfg, "is a directory")
}

// TestNewFoldersSurviveACrash makes the store several folders deep, of which none was there.
func TestNewFoldersSurviveACrash(t *testing.T) {
	for _, dir := range []string{"store", "one/two/three", "/one/two/three"} {
		fs := vfs.NewCrashableMem()
		cfg := config(t, fs)
		cfg.Dir = dir
		s := mustOpen(t, cfg)
		own(t, s, 1).put("move")
		cfg.FS = fs.CrashClone(vfs.CrashCloneCfg{})
		s.Close()
		again := mustOpen(t, cfg)
		if head := own(t, again, 1).head; head != 1 {
			t.Errorf("%s: head is %d, want 1", dir, head)
		}
		again.Close()
	}
}

func TestOpenWhereAFileIs(t *testing.T) {
	cfg := config(t, nil)
	cfg.Dir = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(cfg.Dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refusedOpen(t, cfg, "make the folder", "not a directory")
}

// TestOpenOnAFailingDisk opens a store whose disk fails what Pebble writes in the background meanwhile: it must say so, and not
// wait for ever.
func TestOpenOnAFailingDisk(t *testing.T) {
	for name, file := range map[string]string{"table": ".sst", "list of files": "MANIFEST", "everything": ""} {
		t.Run(name, func(t *testing.T) {
			disk := newFaulty()
			cfg := config(t, disk.fs())
			cfg.Logger = zerolog.Nop()
			s := mustOpen(t, cfg)
			own(t, s, 1).put("in the log")
			left := disk.mem.CrashClone(vfs.CrashCloneCfg{})
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			disk = &faulty{mem: left}
			cfg.FS = disk.fs()
			disk.fails(syscall.ENOSPC, file, append(syncs, errorfs.OpFileWrite, errorfs.OpCreate)...)
			failed := make(chan error, 1)
			go func() {
				_, err := Open(cfg)
				failed <- err
			}()
			select {
			case err := <-failed:
				if !errors.Is(err, syscall.ENOSPC) {
					t.Errorf("Open: %v, want %v", err, syscall.ENOSPC)
				}
			case <-time.After(patience):
				t.Fatal("Open waits for ever")
			}
			cfg.FS = disk.mem.CrashClone(vfs.CrashCloneCfg{})
			again := mustOpen(t, cfg)
			defer again.Close()
			if head := own(t, again, 1).head; head != 1 {
				t.Errorf("head is %d, want 1", head)
			}
		})
	}
}
