package redisstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// A Redis that was emptied is not taken for a new world by who has served the old one.
func TestRedisIsEmptied(t *testing.T) {
	r := redistest.Start(t)
	cfg := config(t, r.URL())
	cfg.Mark = filepath.Join(t.TempDir(), "data", "mark")
	s := mustOpen(t, cfg)
	w := newWriter(t, s, 3)
	w.insist(w.batch(2))
	again := mustOpen(t, cfg) // with the mark
	if again.Incarnation() != s.Incarnation() {
		t.Errorf("the incarnation is %s, and was %s", again.Incarnation(), s.Incarnation())
	}
	if err := redistest.Client(t, r.URL()).FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := w.commit(w.batch(1)); !errors.Is(err, shard.ErrFenced) {
		t.Errorf("a commit to an emptied Redis says %v, want %v", err, shard.ErrFenced)
	}
	if err := s.recognise(t.Context()); err == nil {
		t.Error("nobody sees that Redis is empty")
	}
	refused := func(says string) {
		t.Helper()
		if _, err := Open(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), cfg.Mark) {
			t.Errorf("Open says %v, want %q", err, says)
		}
	}
	refused("is not there any more")
	other := cfg
	other.Mark = ""
	mustOpen(t, other) // somebody else begins anew
	refused("is another one")
	if err := os.WriteFile(cfg.Mark, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("does not name an incarnation")
	if err := os.Remove(cfg.Mark); err != nil {
		t.Fatal(err)
	}
	if s := mustOpen(t, cfg); s.Incarnation() != mustOpen(t, other).Incarnation() {
		t.Error("the store that was begun anew is not served")
	}
}
