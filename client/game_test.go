package client

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plywire/plywire/wire"
)

func TestGameInOrderWithoutRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		g := follow(t, c, p, "g", 3)
		p.moves("g", 4, 5)
		p.moves("g", 2, 6)
		p.moves("other", 1, 2) // not ours
		p.state("g", 6)        // nothing new
		p.sendFrame(`{"type":"moved","game":"g","seq":7}` + "\n\n" + `{"type":"moved","game":"g","seq":8}`)
		if got := seqs(t, g, 6); got != "game 3, moved 4, moved 5, moved 6, moved 7, moved 8" {
			t.Error(got)
		}
		nothing(t, g)
		p.quiet()
		if g.ID() != "g" {
			t.Errorf("id %s", g.ID())
		}
	})
}

// A gap is healed from the last message that is held; what comes after the gap in the meantime comes again.
func TestGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		g := follow(t, c, p, "g", 3)
		p.moves("g", 4, 4)
		p.moves("g", 6, 8)
		watch := p.want(wire.TypeWatch)
		if watch.After == nil || *watch.After != 4 {
			t.Fatalf("watch after %v, want 4", watch.After)
		}
		p.moves("g", 5, 9)
		p.ok(watch, 0)
		if got := seqs(t, g, 7); got != "game 3, moved 4, moved 5, moved 6, moved 7, moved 8, moved 9" {
			t.Error(got)
		}
		p.quiet()

		p.moves("g", 11, 11) // the server does not have the missing one at hand: it sends the state
		watch = p.want(wire.TypeWatch)
		p.state("g", 11)
		p.ok(watch, 0)
		p.moves("g", 12, 12)
		if got := seqs(t, g, 2); got != "game 11, moved 12" {
			t.Error(got)
		}
		if got := c.Stats().Healed; got != 2 {
			t.Errorf("%d healed, want 2", got)
		}
	})
}

// A watch that does not bring the missing event must not be repeated for ever: the whole state is asked for.
func TestGapThatStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		g := follow(t, c, p, "g", 3)
		p.moves("g", 5, 5)
		p.ok(p.want(wire.TypeWatch), 0)
		p.moves("g", 6, 6)
		watch := p.want(wire.TypeWatch)
		if watch.After != nil {
			t.Errorf("watch after %d, want the whole state", *watch.After)
		}
		p.ok(watch, 0) // and not even that comes
		if got := seqs(t, g, 1); got != "game 3" {
			t.Error(got)
		}
		if _, err := g.Next(context.Background()); !errors.Is(err, errNoState) {
			t.Errorf("next: %v, want errNoState", err)
		}
		p.quiet()
	})
}

func TestGapUnavailableAndRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		g := follow(t, c, p, "g", 3)
		seqs(t, g, 1)
		p.moves("g", 5, 5)
		start := time.Now()
		p.refuse(p.want(wire.TypeWatch), wire.CodeUnavailable, 2*time.Second)
		watch := p.want(wire.TypeWatch)
		if wait := time.Since(start); wait != 2*time.Second {
			t.Errorf("asked again after %v, want 2 s", wait)
		}
		p.moves("g", 4, 5)
		p.ok(watch, 0)
		if got := seqs(t, g, 2); got != "moved 4, moved 5" {
			t.Error(got)
		}
		p.moves("g", 7, 7)
		p.refuse(p.want(wire.TypeWatch), wire.CodeForbidden, 0)
		if _, err := g.Next(context.Background()); CodeOf(err) != wire.CodeForbidden {
			t.Errorf("next: %v, want forbidden", err)
		}
		follow(t, c, p, "g", 9) // may be tried again
	})
}

// A gap that was noticed before the connection was lost is healed after it.
func TestGapAcrossReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		g := follow(t, c, p, "g", 3)
		p.moves("g", 5, 5)
		p.want(wire.TypeWatch)
		p.drop()
		p = h.next()
		if hello := p.welcome(); fmt.Sprint(hello.Games) != "[{g 3}]" {
			t.Errorf("hello with %v", hello.Games)
		}
		p.moves("g", 4, 6)
		watch := p.want(wire.TypeWatch)
		p.moves("g", 4, 6)
		p.ok(watch, 0)
		p.moves("g", 8, 8)
		p.want(wire.TypeWatch)
		if got := seqs(t, g, 4); got != "game 3, moved 4, moved 5, moved 6" {
			t.Error(got)
		}
		nothing(t, g)
	})
}

// The server has lost what it had made known: the state says so by its seq.
func TestStateOfThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		g := follow(t, c, p, "g", 9)
		p.drop()
		p = h.next()
		p.welcome()
		p.state("g", 7)
		p.moves("g", 8, 8)
		if got := seqs(t, g, 3); got != "game 9, game 7, moved 8" {
			t.Error(got)
		}
	})
}

// Whatever comes for a game between create and Follow is kept.
func TestCreateKeepsMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		game := make(chan string)
		go func() {
			id, err := c.Create(context.Background(), Terms{Rules: "chess", Seat: "white"})
			if err != nil {
				t.Error(err)
			}
			game <- id
		}()
		create := p.want(wire.TypeCreate)
		if create.Rules != "chess" || create.Seat != "white" || create.ID == "" {
			t.Errorf("create %+v", create)
		}
		p.moves("new", 1, 2) // before its id is known
		p.moves("stranger", 1, 1)
		p.send(fmt.Sprintf(`{"type":"ok","re":%q,"game":"new","seq":1}`, create.ID))
		p.moves("new", 3, 3)
		p.moves("stranger", 2, 2)
		id := <-game
		p.moves("new", 4, 4)
		synctest.Wait()
		g, err := c.Follow(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		p.moves("new", 5, 5)
		if got := seqs(t, g, 5); got != "moved 1, moved 2, moved 3, moved 4, moved 5" {
			t.Error(got)
		}
		p.quiet() // no watch was needed
		if len(c.games) != 1 {
			t.Errorf("%d games are kept, want the one", len(c.games))
		}
		if _, err := c.Follow(context.Background(), id); !errors.Is(err, ErrFollowed) {
			t.Errorf("follow again: %v, want ErrFollowed", err)
		}
	})
}

func TestJoinKeepsMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		result := do(c, context.Background(), wire.Request{Type: wire.TypeJoin, Game: "g"})
		join := p.want(wire.TypeJoin)
		p.state("g", 4)
		p.ok(join, 3)
		get(t, result)
		p.moves("g", 5, 5)
		p.drop() // kept over a reconnection, too
		p = h.next()
		if hello := p.welcome(); fmt.Sprint(hello.Games) != "[{g 5}]" {
			t.Errorf("hello with %v", hello.Games)
		}
		p.moves("g", 6, 6)
		synctest.Wait()
		g, err := c.Follow(context.Background(), "g")
		if err != nil {
			t.Fatal(err)
		}
		if got := seqs(t, g, 3); got != "game 4, moved 5, moved 6" {
			t.Error(got)
		}

		result = do(c, context.Background(), wire.Request{Type: wire.TypeJoin, Game: "full"})
		p.refuse(p.want(wire.TypeJoin), wire.CodeSeatTaken, 0)
		get(t, result)
		if len(c.games) != 1 {
			t.Errorf("%d games, want 1: the refused one is not kept", len(c.games))
		}
	})
}

// Games that were joined and are never followed are bounded.
func TestKeptGamesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		for i := range 3 * c.cfg.KeptGames {
			game := fmt.Sprintf("g%02d", i)
			result := do(c, context.Background(), wire.Request{Type: wire.TypeJoin, Game: game})
			join := p.want(wire.TypeJoin)
			p.state(game, 3)
			p.ok(join, 3)
			get(t, result)
		}
		if len(c.games) != c.cfg.KeptGames || len(c.kept) != c.cfg.KeptGames || c.games["g47"] == nil {
			t.Errorf("%d games, %d kept, want the last %d", len(c.games), len(c.kept), c.cfg.KeptGames)
		}
	})
}

func TestLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		g := follow(t, c, p, "g", 3)
		seqs(t, g, 1)
		waiting := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := g.Next(context.Background())
				waiting <- err
			}()
		}
		synctest.Wait()
		left := make(chan error)
		go func() { left <- g.Leave(context.Background()) }()
		leave := p.want(wire.TypeLeave)
		for range 2 {
			if err := <-waiting; !errors.Is(err, ErrLeft) {
				t.Errorf("next: %v, want ErrLeft", err)
			}
		}
		p.moves("g", 4, 4) // under way
		p.ok(leave, 0)
		if err := <-left; err != nil {
			t.Error(err)
		}
		p.drop()
		p = h.next()
		if hello := p.welcome(); len(hello.Games) != 0 || len(c.games) != 0 {
			t.Errorf("hello with %v, %d games", hello.Games, len(c.games))
		}
	})
}

func TestFollowRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		result := make(chan error)
		go func() {
			_, err := c.Follow(context.Background(), "none")
			result <- err
		}()
		p.refuse(p.want(wire.TypeWatch), wire.CodeNotFound, 0)
		if err := <-result; CodeOf(err) != wire.CodeNotFound || len(c.games) != 0 {
			t.Errorf("%v with %d games, want not_found and none", err, len(c.games))
		}
		g := follow(t, c, p, "g", 3)
		p.drop()
		p = h.next()
		p.welcome()
		p.send(`{"type":"error","re":"hello","game":"g","code":"not_found","message":"it is gone"}`)
		seqs(t, g, 1)
		if _, err := g.Next(context.Background()); CodeOf(err) != wire.CodeNotFound {
			t.Errorf("next: %v, want not_found", err)
		}

		g = follow(t, c, p, "g", 5)
		p.drop()
		p = h.next()
		p.welcome()
		p.send(`{"type":"error","re":"hello","game":"g","code":"unavailable","message":"later","retry_after_ms":300}`)
		watch := p.want(wire.TypeWatch)
		if watch.After == nil || *watch.After != 5 {
			t.Errorf("watch after %v, want 5", watch.After)
		}
		p.refuse(watch, wire.CodeTooManyRequests, 300*time.Millisecond)
		watch = p.want(wire.TypeWatch)
		p.moves("g", 6, 6)
		p.ok(watch, 0)
		if got := seqs(t, g, 2); got != "game 5, moved 6" {
			t.Error(got)
		}
	})
}
