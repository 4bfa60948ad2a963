package client

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/plywire/plywire/wire"
)

// A Game that nobody reads gives its queue up, and goes on with the whole state when it is read.
func TestOverflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		cfg := h.config()
		cfg.QueueLen = 5
		c, p := h.connect(cfg)
		g := follow(t, c, p, "g", 3)
		p.moves("g", 4, 7)
		if got := seqs(t, g, 5); got != "game 3, moved 4, moved 5, moved 6, moved 7" {
			t.Errorf("%s: the queue holds less than it should", got)
		}
		p.moves("g", 8, 30)
		p.quiet()
		if got := c.Stats().Overflows; got != 1 || len(g.queue) != 0 {
			t.Errorf("%d overflows, %d messages held; want 1 and none", got, len(g.queue))
		}

		p.drop() // a player who does not watch counts as gone: a game that is not read is watched again, too
		p = h.next()
		if hello := p.welcome(); fmt.Sprint(hello.Games) != "[{g 30}]" {
			t.Errorf("hello with %v", hello.Games)
		}
		p.quiet()

		result := make(chan string)
		go func() { result <- seqs(t, g, 2) }()
		watch := p.want(wire.TypeWatch)
		if watch.After != nil {
			t.Errorf("watch after %d, want the whole state", *watch.After)
		}
		p.moves("g", 31, 31) // before the watch took effect
		p.state("g", 31)
		p.moves("g", 32, 32)
		p.ok(watch, 0)
		if got := <-result; got != "game 31, moved 32" {
			t.Error(got)
		}
		nothing(t, g)
		p.quiet()
	})
}

// The queue is full and the whole state comes by itself: there is nothing to ask for.
func TestOverflowByState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		cfg := h.config()
		cfg.QueueLen = 2
		c, p := h.connect(cfg)
		g := follow(t, c, p, "g", 3)
		p.moves("g", 4, 4)
		p.state("g", 9)
		p.moves("g", 10, 10)
		p.quiet()
		if got := seqs(t, g, 2); got != "game 9, moved 10" {
			t.Error(got)
		}
		p.moves("g", 11, 14)
		p.quiet()
		p.state("g", 14)
		p.quiet()
		if got := seqs(t, g, 1); got != "game 14" {
			t.Error(got)
		}
	})
}

// Whoever reads with two goroutines gets every message once, and nobody waits while there is one.
func TestNextByTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		g := follow(t, c, p, "g", 3)
		got := make(chan uint64, 100)
		for range 3 {
			go func() {
				for {
					m, err := g.Next(context.Background())
					if err != nil {
						return
					}
					got <- m.Seq
				}
			}()
		}
		p.moves("g", 4, 50)
		seen := map[uint64]int{}
		synctest.Wait()
		close(got)
		for seq := range got {
			seen[seq]++
		}
		for seq := uint64(3); seq <= 50; seq++ {
			if seen[seq] != 1 {
				t.Errorf("seq %d came %d times", seq, seen[seq])
			}
		}
		c.Close()
	})
}

// What was queued before the end can still be read.
func TestNextAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		g := follow(t, c, p, "g", 3)
		c.Close()
		if got := seqs(t, g, 1); got != "game 3" {
			t.Error(got)
		}
		if _, err := g.Next(context.Background()); !errors.Is(err, ErrClosed) {
			t.Errorf("next: %v, want ErrClosed", err)
		}
	})
}

// Who takes a message while there is another wakes the next: two may have come while nobody waited yet, with room for one
// signal.
func TestNextPassesSignalOn(t *testing.T) {
	c := newClient(DefaultConfig("http://host.test"))
	g := c.keep("g")
	for seq := range uint64(3) {
		g.take(&wire.Message{Type: "moved", Seq: seq + 1}, 10)
	}
	for left := 2; left >= 0; left-- {
		select {
		case <-g.ready:
		default:
			t.Fatalf("%d messages wait, and nobody is woken", left+1)
		}
		if m, err := g.next(); m == nil || err != nil {
			t.Fatalf("%v, %v", m, err)
		}
	}
	if len(g.ready) != 0 {
		t.Error("somebody is woken for nothing")
	}
}
