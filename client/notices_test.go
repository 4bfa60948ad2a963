package client

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plywire/plywire/wire"
)

// When a node drains, its clients reconnect at moments of their own choice, and lose nothing.
func TestDraining(t *testing.T) {
	waits := map[time.Duration]bool{}
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			h := newHost(t)
			c, p := h.connect(h.config())
			result := do(c, context.Background(), resign("a"))
			p.want(wire.TypeResign)
			start := time.Now()
			p.send(`{"type":"draining","within_ms":10000}`, `{"type":"draining","within_ms":10000}`)
			p.ended()
			next := h.next()
			wait := time.Since(start)
			if wait > 10*time.Second {
				t.Errorf("reconnected after %v, want within 10 s", wait)
			}
			waits[wait] = true
			next.welcome()
			next.ok(next.want(wire.TypeResign), 1)
			if got := get(t, result); got.err != nil {
				t.Error(got.err)
			}
			if notice := <-c.Notices(); notice.Type != wire.TypeDraining {
				t.Errorf("notice %s, want draining", notice.Type)
			}
		})
	}
	if len(waits) < 15 {
		t.Errorf("20 clients reconnect at %d moments", len(waits))
	}
}

func TestNoticesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		for i := range 20 {
			p.send(fmt.Sprintf(`{"type":"watchers","game":"g","count":%d}`, i))
		}
		p.send(`{"type":"of a later version"}`)
		synctest.Wait()
		for i := range 16 {
			if m := <-c.Notices(); *m.Count != i {
				t.Errorf("notice %d, want %d", *m.Count, i)
			}
		}
		if got := c.Stats().NoticesDropped; got != 5 || len(c.Notices()) != 0 {
			t.Errorf("%d dropped, want 5", got)
		}
	})
}
