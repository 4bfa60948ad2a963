package localstore

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// TestFolderThatLostAll takes files of a store away until Pebble sees an empty folder, which must not become a new store.
func TestFolderThatLostAll(t *testing.T) {
	for name, gone := range map[string]func(file string) bool{
		"all but the mark":     func(file string) bool { return file != markName },
		"logs and the markers": func(file string) bool { return strings.HasSuffix(file, ".log") || strings.HasPrefix(file, "marker") },
		"logs":                 func(file string) bool { return strings.HasSuffix(file, ".log") },
	} {
		t.Run(name, func(t *testing.T) {
			fs := vfs.NewMem()
			cfg := config(t, fs)
			s := mustOpen(t, cfg)
			own(t, s, 1).put("one")
			incarnation := s.Incarnation().String()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			files, err := fs.List(cfg.Dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				if gone(file) {
					if err := fs.Remove(filepath.Join(cfg.Dir, file)); err != nil {
						t.Fatal(err)
					}
				}
			}
			refusedOpen(t, cfg, "nothing in it", incarnation, "another folder")
			refusedOpen(t, cfg, "nothing in it") // and it stays so
		})
	}
}

// TestMark has marks that are not what they should be.
func TestMark(t *testing.T) {
	fs := vfs.NewMem()
	cfg := config(t, fs)
	s := mustOpen(t, cfg)
	incarnation := s.Incarnation()
	write := func(text string) {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		file, err := fs.Create(filepath.Join(cfg.Dir, markName), vfs.WriteCategoryUnspecified)
		if err == nil {
			_, err = file.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
	}
	for _, text := range []string{"", "cut off", incarnation.String()[:9]} {
		write(text)
		s = mustOpen(t, cfg)
		if file, err := fs.Open(filepath.Join(cfg.Dir, markName)); err != nil {
			t.Fatal(err)
		} else if mended, err := io.ReadAll(file); err != nil || strings.TrimSpace(string(mended)) != incarnation.String() {
			t.Errorf("%q became %q (%v)", text, mended, err)
		}
	}
	write(uuid.NewString())
	refusedOpen(t, cfg, "two stores", incarnation.String())
}
