package bench

import (
	"context"
	"slices"
	"time"
)

// start runs the tour and returns when all games have come so far as they should. stop ends it, and may be called again.
func (t *tour) start(ctx context.Context) (stop func(), err error) {
	if stop, err = launch(ctx, t, &t.fault, &t.swarm); err != nil {
		return nil, err
	}
	if err := until(ctx, t.warm, &t.fault, beginMax); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// complete notes a move that is complete.
func (t *tour) complete(p *pair, now time.Time) {
	if !t.warmed {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.plays = append(t.plays, play{p.index, p.shard, p.due, p.at, now})
	if !p.due.Before(t.mark) {
		t.missLess(p)
	}
}

// missLess notes that a game is not waited for any more. Requires: t.mu is held.
func (t *tour) missLess(p *pair) {
	if t.again == nil || t.moved[p.index] {
		return
	}
	t.moved[p.index] = true
	if t.left--; t.left == 0 {
		close(t.again)
	}
}

// awaitAll waits until every game that goes on has a move complete that was due at mark or later.
func (t *tour) awaitAll(ctx context.Context, mark time.Time) error {
	return until(ctx, t.anew(mark), &t.fault, beginMax)
}

// anew is closed when every game that goes on has a move complete that was due at mark or later. The last call counts.
func (t *tour) anew(mark time.Time) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mark, t.moved, t.left, t.again = mark, make([]bool, len(t.pairs)), len(t.pairs), make(chan struct{})
	again := t.again
	for _, each := range t.plays {
		if !each.due.Before(mark) {
			t.missLess(t.pairs[each.pair])
		}
	}
	for i, gone := range t.gone {
		if gone {
			t.missLess(t.pairs[i])
		}
	}
	return again
}

// since are the moves that were due at a time or later, and complete by now.
func (t *tour) since(mark time.Time) []play {
	t.mu.Lock()
	defer t.mu.Unlock()
	return only(t.plays, func(m play) bool { return !m.due.Before(mark) })
}

// only are those of the moves that are asked for.
func only(plays []play, which func(play) bool) []play {
	return slices.DeleteFunc(slices.Clone(plays), func(m play) bool { return !which(m) })
}
