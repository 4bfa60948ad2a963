package localstore

import (
	"sync"

	"github.com/plywire/plywire/shard"
)

// watch is over the actors that the sweep is about to forget: one that gets an entry or a snapshot meanwhile is spared.
type watch struct {
	mu     sync.Mutex
	id     int
	actors map[shard.ID]bool // true: spared; nil: there is no sweep
}

func (w *watch) begin(id int, expiries []expiry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.id, w.actors = id, make(map[shard.ID]bool, len(expiries))
	for i := range expiries {
		w.actors[expiries[i].actor] = false
	}
}

func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.actors = nil
}

func (w *watch) spare(actor shard.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spareLocked(actor)
}

func (w *watch) spareLocked(actor shard.ID) {
	if _, watched := w.actors[actor]; watched {
		w.actors[actor] = true
	}
}

// some says whether anybody is left to be forgotten.
func (w *watch) some() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, spared := range w.actors {
		if !spared {
			return true
		}
	}
	return false
}

// touch spares the actors of a batch. The committer calls it before anybody can see the batch.
func (w *watch) touch(b *shard.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.actors == nil || w.id != b.Shard {
		return
	}
	for i := range b.Entries {
		w.spareLocked(b.Entries[i].Actor)
	}
	for i := range b.Snapshots {
		w.spareLocked(b.Snapshots[i].Actor)
	}
}

func (w *watch) spared(actor shard.ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.actors[actor]
}
