package auth

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

var errNoLinks = errors.New("no hard links here")

func noLinks(string, string) error { return errNoLinks }

// TestKeyWithoutLinks creates a key on a file system that has no hard links.
func TestKeyWithoutLinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resume.key")
	if err := createKey(path, noLinks); err != nil {
		t.Fatal(err)
	}
	if key, err := loadKey(path); err != nil || len(key) != 32 {
		t.Errorf("%d bytes, %v", len(key), err)
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", stat.Mode(), err)
	}
}

// TestKeyOfSomebodyQuicker has another process create the key just before this one would.
func TestKeyOfSomebodyQuicker(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resume.key")
	err := createKey(path, func(from, to string) error {
		if err := os.WriteFile(to, testKey, 0o600); err != nil {
			t.Fatal(err)
		}
		return os.Link(from, to)
	})
	if err != nil {
		t.Fatal(err)
	}
	if key, err := loadKey(path); err != nil || !bytes.Equal(key, testKey) {
		t.Errorf("the other's key was replaced, or: %v", err)
	}
}

func TestKeyNeitherLinkedNorRenamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resume.key")
	if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil { // nothing can be renamed to this
		t.Fatal(err)
	}
	if err := createKey(path, noLinks); err == nil {
		t.Error("no error")
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v: something was left", entries, err)
	}
}

func TestSyncFolder(t *testing.T) {
	if err := syncFolder(filepath.Join(t.TempDir(), "nowhere")); err == nil {
		t.Error("a folder that is not there was synced")
	}
}
