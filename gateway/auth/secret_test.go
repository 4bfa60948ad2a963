package auth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/plywire/plywire/gateway/auth"
)

func TestKeyIsCreatedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "folder", "resume.key")
	key, err := auth.LoadOrCreateKey(path)
	if err != nil || len(key) != 32 {
		t.Fatalf("%d bytes, %v", len(key), err)
	}
	again, err := auth.LoadOrCreateKey(path)
	if err != nil || !bytes.Equal(key, again) {
		t.Errorf("the second time it is another: %v", err)
	}
	stat, err := os.Stat(path)
	if err != nil || stat.Mode() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", stat.Mode(), err)
	}
	if folder, err := os.Stat(filepath.Dir(path)); err != nil || folder.Mode().Perm() != 0o700 {
		t.Errorf("mode of the folder %v, %v, want 0700", folder.Mode(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v, want the key alone", entries, err)
	}
	other, err := auth.LoadOrCreateKey(filepath.Join(t.TempDir(), "resume.key"))
	if err != nil || bytes.Equal(key, other) {
		t.Errorf("another file has the same key, or: %v", err)
	}
}

// TestKeyIsCreatedByOneOfMany races, as the nodes on one machine do at the first start.
func TestKeyIsCreatedByOneOfMany(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resume.key")
	keys := make([][]byte, 16)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			key, err := auth.LoadOrCreateKey(path)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	all.Wait()
	for _, key := range keys {
		if !bytes.Equal(key, keys[0]) {
			t.Fatal("two have different keys")
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v, want the key alone", entries, err)
	}
}

func TestKeyFormats(t *testing.T) {
	tests := map[string]struct {
		content string
		want    string // part of the message; empty: the key is resumeKey
	}{
		"raw":                {string(resumeKey), ""},
		"base64":             {base64.StdEncoding.EncodeToString(resumeKey) + "\n", ""},
		"base64url":          {base64.RawURLEncoding.EncodeToString(resumeKey), ""},
		"empty":              {"", "has 0 bytes, want 32"},
		"hexadecimal":        {hex.EncodeToString(resumeKey), "has 48 bytes, want 32"},
		"short in base64":    {base64.StdEncoding.EncodeToString(resumeKey[:16]), "has 16 bytes, want 32"},
		"zeros":              {strings.Repeat("\x00", 32), "same byte all over"},
		"text":               {"a passphrase, as it were!", "neither 32 raw bytes nor base64"},
		"raw and a newline":  {string(resumeKey) + "!\n", "neither 32 raw bytes nor base64"},
		"far too much":       {strings.Repeat("ab", 40<<10), "more than 65536 bytes"},
		"all of the same 64": {strings.Repeat("A", 43), "same byte all over"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := file(t, "resume.key", []byte(test.content))
			key, err := auth.LoadOrCreateKey(path)
			if test.want == "" {
				if err != nil || !bytes.Equal(key, resumeKey) {
					t.Fatalf("another key, or: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Fatalf("%v, want one with %q and the path", err, test.want)
			}
			if content, err := os.ReadFile(path); err != nil || string(content) != test.content {
				t.Errorf("the file was changed, or: %v", err)
			}
		})
	}
}

func TestKeyCannotBeCreated(t *testing.T) {
	folder := t.TempDir()
	dangling := filepath.Join(folder, "dangling")
	if err := os.Symlink(filepath.Join(folder, "nowhere"), dangling); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"a folder in its place":         folder,
		"a file in the folder's place":  filepath.Join(file(t, "file", nil), "resume.key"),
		"a folder that leads nowhere":   filepath.Join(dangling, "resume.key"),
		"a name too long to write next": filepath.Join(folder, strings.Repeat("k", 250)),
	} {
		if key, err := auth.LoadOrCreateKey(path); err == nil || key != nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error with the path", name, err)
		}
	}
}
