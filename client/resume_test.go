package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plywire/plywire/wire"
)

// What was not answered is sent again with the same id, in the order of the first sending, and answered once.
func TestResend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		results := map[string]<-chan outcome{}
		for _, id := range []string{"a", "b", "c", "d"} {
			results[id] = do(c, context.Background(), resign(id))
			if request := p.want(wire.TypeResign); request.ID != id {
				t.Fatalf("sent %s, want %s", request.ID, id)
			}
		}
		p.send(`{"type":"ok","re":"b","game":"g","seq":7}`)
		if got := get(t, results["b"]); got.err != nil || got.m.Seq != 7 {
			t.Errorf("b: %+v", got)
		}
		p.drop()
		synctest.Wait()
		results["e"] = do(c, context.Background(), resign("e")) // while there is no connection
		p = h.next()
		p.welcome()
		for i, id := range []string{"a", "c", "d", "e"} {
			request := p.want(wire.TypeResign)
			if request.ID != id {
				t.Fatalf("sent again as number %d: %s, want %s", i, request.ID, id)
			}
			p.ok(request, uint64(10+i))
			p.ok(request, uint64(90+i)) // the answer to the first sending, after all: it must answer nobody
		}
		for i, id := range []string{"a", "c", "d", "e"} {
			if got := get(t, results[id]); got.err != nil || got.m.Seq != uint64(10+i) {
				t.Errorf("%s: %+v, want seq %d", id, got, 10+i)
			}
		}
		p.quiet()
		if got := c.Stats(); got.Resent != 3 || got.Connects != 2 {
			t.Errorf("stats %+v, want 3 sent again, 2 connects", got)
		}
	})
}

// Commands of one id are separate: each gets an answer.
func TestSameIDTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		first := do(c, context.Background(), resign("x"))
		p.want(wire.TypeResign)
		second := do(c, context.Background(), resign("x"))
		request := p.want(wire.TypeResign)
		p.ok(request, 5)
		p.ok(request, 5)
		for _, result := range []<-chan outcome{first, second} {
			if got := get(t, result); got.err != nil || got.m.Seq != 5 {
				t.Errorf("%+v, want seq 5", got)
			}
		}
	})
}

// A caller that does not wait any longer must not be sent again.
func TestAbandonedCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		ctx, cancel := context.WithCancel(context.Background())
		abandoned := do(c, ctx, resign("a"))
		p.want(wire.TypeResign)
		kept := do(c, context.Background(), resign("b"))
		p.want(wire.TypeResign)
		cancel()
		if got := get(t, abandoned); !errors.Is(got.err, context.Canceled) || !errors.Is(got.err, ErrUnknown) {
			t.Errorf("%v, want ErrUnknown", got.err)
		}
		p.drop()
		synctest.Wait()
		ctx, cancel = context.WithTimeout(context.Background(), time.Microsecond)
		defer cancel()
		if got := get(t, do(c, ctx, resign("c"))); !errors.Is(got.err, context.DeadlineExceeded) || errors.Is(got.err, ErrUnknown) {
			t.Errorf("%v: it was never sent", got.err)
		}
		p = h.next()
		p.welcome()
		request := p.want(wire.TypeResign)
		if request.ID != "b" {
			t.Errorf("sent again: %s, want b", request.ID)
		}
		p.quiet()
		p.ok(request, 1)
		get(t, kept)
	})
}

func TestRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		result := do(c, context.Background(), resign("a"))
		p.refuse(p.want(wire.TypeResign), wire.CodeTooManyRequests, 3*time.Second)
		got := get(t, result)
		var refused *Refused
		if !errors.As(got.err, &refused) || *refused != (Refused{wire.CodeTooManyRequests, "no", 3 * time.Second}) {
			t.Errorf("error %v", got.err)
		}
		if CodeOf(got.err) != wire.CodeTooManyRequests || CodeOf(errors.New("x")) != "" {
			t.Error("CodeOf does not tell")
		}
		large := resign("b")
		large.Options = []byte(`"` + strings.Repeat("x", 4096) + `"`)
		if got := get(t, do(c, context.Background(), large)); CodeOf(got.err) != wire.CodeTooLarge {
			t.Errorf("a request beyond what the server takes: %v", got.err)
		}
		if got := get(t, do(c, context.Background(), wire.Request{Type: wire.TypeHello})); got.err == nil {
			t.Error("hello by a caller was sent")
		}
		p.quiet()
	})
}

func TestUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		result := do(c, context.Background(), resign("a"))
		for range 3 {
			request := p.want(wire.TypeResign)
			if request.ID != "a" {
				t.Errorf("sent with id %s, want a", request.ID)
			}
			start := time.Now()
			p.refuse(request, wire.CodeUnavailable, 700*time.Millisecond)
			for len(p.requests) == 0 {
				time.Sleep(10 * time.Millisecond)
			}
			if wait := time.Since(start); wait < 700*time.Millisecond || wait > 710*time.Millisecond {
				t.Errorf("sent again after %v, want 700 ms", wait)
			}
		}
		p.ok(p.want(wire.TypeResign), 4)
		if got := get(t, result); got.err != nil || got.m.Seq != 4 {
			t.Errorf("%+v, want seq 4", got)
		}

		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		result = do(c, ctx, resign("b"))
		p.refuse(p.want(wire.TypeResign), wire.CodeUnavailable, 5*time.Second)
		got := get(t, result)
		if !errors.Is(got.err, context.DeadlineExceeded) || CodeOf(got.err) != wire.CodeUnavailable || errors.Is(got.err, ErrUnknown) {
			t.Errorf("%v, want the deadline and unavailable: nothing was decided", got.err)
		}
		p.quiet()
		if got := c.Stats().Retried; got != 3 {
			t.Errorf("%d retried, want 3", got)
		}
	})
}

// A rate is held before the server looks whether it has seen a command: a command that was sent again is not refused by
// that, because the first sending may have taken effect.
func TestResendAboveRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		patient, hasty := do(c, context.Background(), resign("a")), (<-chan outcome)(nil)
		p.want(wire.TypeResign)
		hasty = do(c, ctx, resign("b"))
		p.want(wire.TypeResign)
		p.drop()
		p = h.next()
		p.welcome()
		p.refuse(p.want(wire.TypeResign), wire.CodeTooManyRequests, time.Second)
		p.refuse(p.want(wire.TypeResign), wire.CodeUnavailable, 5*time.Second)
		again := p.want(wire.TypeResign)
		if again.ID != "a" {
			t.Errorf("sent again: %s, want a", again.ID)
		}
		p.ok(again, 9)
		if got := get(t, patient); got.err != nil || got.m.Seq != 9 {
			t.Errorf("a: %+v, want seq 9", got)
		}
		if got := get(t, hasty); !errors.Is(got.err, ErrUnknown) || CodeOf(got.err) != wire.CodeUnavailable {
			t.Errorf("b: %v, want ErrUnknown: its first sending may have taken effect", got.err)
		}
	})
}

// A resumed connection names the resume token and how far each game is known.
func TestResumeNamesGames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		g := follow(t, c, p, "g1", 3)
		follow(t, c, p, "g2", 9)
		p.moves("g1", 4, 5)
		if got := seqs(t, g, 3); got != "game 3, moved 4, moved 5" {
			t.Errorf("messages %s", got)
		}
		p.drop()
		p = h.next()
		hello := p.welcome()
		slices.SortFunc(hello.Games, func(a, b wire.GameAfter) int { return strings.Compare(a.Game, b.Game) })
		if got := fmt.Sprint(hello.Resume, hello.Games); got != "r1[{g1 5} {g2 9}]" {
			t.Errorf("hello with %s", got)
		}
		p.moves("g1", 4, 8) // more than was asked for
		if got := seqs(t, g, 3); got != "moved 6, moved 7, moved 8" {
			t.Errorf("messages %s, want each once", got)
		}
		nothing(t, g)
		p.quiet()
	})
}

// A hello names so many games only; the others are watched after it.
func TestResumeManyGames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const games = wire.GamesMax + 10
		h := newHost(t)
		c, p := h.connect(h.config())
		for i := range games {
			follow(t, c, p, fmt.Sprintf("g%02d", i), 3)
		}
		p.drop()
		p = h.next()
		hello := p.welcome()
		after := map[string]uint64{}
		for _, named := range hello.Games {
			after[named.Game] = named.After
		}
		if len(after) != wire.GamesMax {
			t.Errorf("hello names %d games, want %d", len(after), wire.GamesMax)
		}
		for range games - wire.GamesMax {
			watch := p.want(wire.TypeWatch)
			after[watch.Game] = *watch.After
			p.ok(watch, 0)
		}
		p.quiet()
		if len(after) != games {
			t.Errorf("%d games are watched again, want %d", len(after), games)
		}
		for game, last := range after {
			if last != 3 {
				t.Errorf("%s after %d, want 3", game, last)
			}
		}
	})
}

// follow makes the client follow a game of which the server sends the state as of seq.
func follow(t *testing.T, c *Client, p *peer, game string, seq uint64) *Game {
	t.Helper()
	type made struct {
		g   *Game
		err error
	}
	result := make(chan made, 1)
	go func() {
		g, err := c.Follow(context.Background(), game)
		result <- made{g, err}
	}()
	watch := p.want(wire.TypeWatch)
	if watch.Game != game || watch.After != nil {
		t.Fatalf("watch %s after %v", watch.Game, watch.After)
	}
	p.state(game, seq)
	p.ok(watch, 0)
	got := <-result
	if got.err != nil {
		t.Fatal(got.err)
	}
	return got.g
}
