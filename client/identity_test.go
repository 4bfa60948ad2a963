package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plywire/plywire/wire"
)

// The server does not take the resume token: the token of Config.Token says who the user is. When that is refused twice in
// a row, it is over.
func TestTokenRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		cfg := h.config()
		asked := 0
		cfg.Token = func(context.Context) (string, error) {
			asked++
			return fmt.Sprintf("t%d", asked), nil
		}
		c, p := h.connect(cfg)
		g := follow(t, c, p, "g", 3)
		said := func(hello *wire.Request) string { return hello.Token + "/" + hello.Resume }

		p.drop()
		p = h.next()
		hello := p.want(wire.TypeHello)
		if said(hello) != "/r1" {
			t.Errorf("first says %s", said(hello))
		}
		p.close(wire.CloseUnauthenticated)
		p = h.next()
		if hello = p.welcome(); said(hello) != "t2/" || len(hello.Games) != 1 {
			t.Errorf("then says %s with games %v", said(hello), hello.Games)
		}
		p.moves("g", 4, 4)
		if got := seqs(t, g, 2); got != "game 3, moved 4" {
			t.Error(got)
		}

		time.Sleep(time.Minute)
		p.close(wire.CloseUnauthenticated) // the token has run out
		p = h.next()
		if hello = p.want(wire.TypeHello); said(hello) != "t3/" {
			t.Errorf("when the token has run out it says %s", said(hello))
		}
		p.refuse(hello, wire.CodeUnauthenticated, 0)
		ended(t, c)
		if !errors.Is(c.Err(), ErrEnded) || CodeOf(c.Err()) != wire.CodeUnauthenticated {
			t.Errorf("err %v", c.Err())
		}
		if asked != 3 {
			t.Errorf("asked for %d tokens, want 3", asked)
		}
		if _, err := g.Next(context.Background()); !errors.Is(err, ErrEnded) {
			t.Errorf("next: %v, want ErrEnded", err)
		}
	})
}

// Tokens that run out one after the other are no refusals in a row.
func TestTokensRunOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		cfg := h.config()
		cfg.Token = func(context.Context) (string, error) { return "t", nil }
		c, p := h.connect(cfg)
		for range 5 {
			time.Sleep(time.Minute + time.Second)
			p.close(wire.CloseUnauthenticated)
			p = h.next()
			if hello := p.welcome(); hello.Token != "t" {
				t.Errorf("hello with token %q", hello.Token)
			}
		}
		synctest.Wait()
		if c.Err() != nil {
			t.Errorf("ended: %v", c.Err())
		}
	})
}

// Tokens cannot be had for a while: that is no reason to end.
func TestTokenServiceAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		cfg := h.config()
		asked := 0
		cfg.Token = func(context.Context) (string, error) {
			asked++
			if asked > 1 && asked < 5 {
				return "", errors.New("away")
			}
			return "t", nil
		}
		c, p := h.connect(cfg)
		p.close(wire.CloseUnauthenticated)
		p = h.next()
		p.welcome()
		if asked != 5 || c.Err() != nil {
			t.Errorf("asked %d times, err %v", asked, c.Err())
		}
	})
}

// Nothing may be sent again in another user's name.
func TestOtherUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		result := do(c, context.Background(), resign("a"))
		p.want(wire.TypeResign)
		p.drop()
		p = h.next()
		p.want(wire.TypeHello)
		p.send(strings.Replace(welcome, `"u1"`, `"u2"`, 1))
		if got := get(t, result); !errors.Is(got.err, ErrOtherUser) || !errors.Is(got.err, ErrEnded) {
			t.Errorf("%v, want ErrOtherUser", got.err)
		}
		p.ended()
	})
}
