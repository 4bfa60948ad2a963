package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/wire"
)

func TestConnectAsGuest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, _ := h.connect(h.config())
		if got, want := c.User(), (wire.User{ID: "u1", Name: "Ann", Guest: true}); got != want {
			t.Errorf("user %+v, want %+v", got, want)
		}
		if c.Node() != "n1" || c.TestClock() || c.Stats().Connects != 1 || c.Err() != nil {
			t.Errorf("node %s, test clock %v, stats %+v, err %v", c.Node(), c.TestClock(), c.Stats(), c.Err())
		}
	})
}

func TestHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		cfg := h.config()
		cfg.Token = func(context.Context) (string, error) { return "jwt", nil }
		c := newClient(cfg)
		c.tasks.Add(1)
		go c.run()
		defer c.Close()
		hello := h.next().welcome()
		if hello.Token != "jwt" || hello.Resume != "" || hello.Client != "plywire-go" || len(hello.Games) != 0 {
			t.Errorf("hello %+v", hello)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		pending := do(c, context.Background(), resign("a"))
		p.want(wire.TypeResign)
		start := time.Now()
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v to close a connection to a server that answers", took)
		}
		p.ended()
		if got := get(t, pending); !errors.Is(got.err, ErrClosed) || !errors.Is(got.err, ErrUnknown) {
			t.Errorf("the command that was under way: %v, want ErrClosed and ErrUnknown", got.err)
		}
		if got := get(t, do(c, context.Background(), resign("b"))); !errors.Is(got.err, ErrClosed) || errors.Is(got.err, ErrUnknown) {
			t.Errorf("a command after it: %v, want ErrClosed alone", got.err)
		}
		ended(t, c)
		if !errors.Is(c.Err(), ErrClosed) {
			t.Errorf("err %v, want ErrClosed", c.Err())
		}
		c.Close()
	})
}

// A server that does not answer the goodbye must not hold Close up.
func TestCloseSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		network := newGate(h)
		cfg := h.config()
		cfg.Dial = network.dial
		c, _ := h.connect(cfg)
		network.cut()
		start := time.Now()
		c.Close()
		if took := time.Since(start); took > closeTimeout {
			t.Errorf("close took %v, want %v at most", took, closeTimeout)
		}
	})
}

// What ends a Client, and what it tries again.
func TestVerdicts(t *testing.T) {
	tests := map[string]struct {
		end    func(*peer)
		before bool // before the welcome
		again  bool
	}{
		"connection lost":         {end: (*peer).drop, again: true},
		"normal closure":          {end: closing(1000), again: true},
		"going away":              {end: closing(wire.CloseGoingAway), again: true},
		"internal error":          {end: closing(1011), again: true},
		"overloaded":              {end: closing(wire.CloseOverloaded), again: true},
		"no hello in time":        {end: closing(wire.CloseNoHello), again: true},
		"too many messages":       {end: closing(wire.CloseTooMany), again: true},
		"not JSON":                {end: func(p *peer) { p.sendFrame("{") }, again: true},
		"policy":                  {end: closing(wire.ClosePolicy)},
		"too large":               {end: closing(wire.CloseTooLarge)},
		"bad message":             {end: closing(wire.CloseBadMessage)},
		"guest not authenticated": {end: closing(wire.CloseUnauthenticated)},
		"frame too large":         {end: sendTooMuch},

		"lost before the welcome":            {end: (*peer).drop, before: true, again: true},
		"overloaded before the welcome":      {end: closing(wire.CloseOverloaded), before: true, again: true},
		"hello unavailable":                  {end: refusing(wire.CodeUnavailable), before: true, again: true},
		"hello forbidden":                    {end: refusing(wire.CodeForbidden), before: true},
		"hello of a guest not authenticated": {end: refusing(wire.CodeUnauthenticated), before: true},
		"foreign before the welcome":         {end: func(p *peer) { p.sendFrame("{") }, before: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHost(t)
				c := newClient(h.config())
				c.tasks.Add(1)
				go c.run()
				defer c.Close()
				p := h.next()
				if !test.before {
					p.welcome()
				}
				synctest.Wait()
				test.end(p)
				if !test.again {
					ended(t, c)
					if !errors.Is(c.Err(), ErrEnded) {
						t.Errorf("err %v, want ErrEnded", c.Err())
					}
					return
				}
				hello := h.next().welcome()
				if !test.before && hello.Resume != "r1" {
					t.Errorf("hello with resume token %q, want r1", hello.Resume)
				}
			})
		})
	}
}

func sendTooMuch(p *peer) {
	frame := `{"type":"` + strings.Repeat("x", 1<<21) + `"}`
	if p.ws.Write(context.Background(), websocket.MessageText, []byte(frame)) == nil {
		p.t.Error("the client took a frame of 2 MiB")
	}
}

func closing(code websocket.StatusCode) func(*peer) { return func(p *peer) { p.close(code) } }

func refusing(code wire.Code) func(*peer) {
	return func(p *peer) { p.refuse(p.want(wire.TypeHello), code, 0) }
}

// The waits double up to the cap, and are spread over the whole range.
func TestBackoff(t *testing.T) {
	cfg := DefaultConfig("http://host.test")
	for n, ceiling := range []time.Duration{100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000} {
		ceiling *= time.Millisecond
		least, most := cfg.BackoffMax, time.Duration(0)
		for range 2000 {
			wait := cfg.backoff(n)
			least, most = min(least, wait), max(most, wait)
		}
		if least > ceiling/50 || most < ceiling-ceiling/50 || most >= ceiling {
			t.Errorf("attempt %d: waits from %v to %v, want from 0 to %v", n, least, most, ceiling)
		}
	}
	for _, n := range []int{31, 32, 63, 64, 1000000} {
		if wait := cfg.backoff(n); wait < 0 || wait >= cfg.BackoffMax {
			t.Errorf("attempt %d: wait %v", n, wait)
		}
	}
}

func TestBackoffWhileServerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		h.mu.Lock()
		h.answer = func(n int) int {
			if n <= 12 {
				return 1
			}
			return 0
		}
		h.mu.Unlock()
		p.drop()
		h.next().welcome()
		at := h.attempts()
		if len(at) != 14 {
			t.Fatalf("%d dials, want 14", len(at))
		}
		ceiling := 100 * time.Millisecond
		for i := 1; i < len(at); i++ {
			if wait := at[i] - at[i-1]; wait > min(ceiling, 10*time.Second) {
				t.Errorf("dial %d came after %v, want at most %v", i, wait, ceiling)
			}
			ceiling *= 2
		}
		if at[13] < 5*time.Second {
			t.Errorf("13 dials within %v: that is no back-off", at[13])
		}
		synctest.Wait()
		if got := c.Stats(); got.Connects != 2 || got.Attempts != 14 {
			t.Errorf("stats %+v, want 2 connects, 14 attempts", got)
		}
	})
}

// A server that welcomes and then drops everybody must not be hammered.
func TestBackoffGoesOnWhenWelcomesDoNotLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		_, p := h.connect(h.config())
		for range 20 {
			p.close(wire.CloseOverloaded)
			p = h.next()
			p.welcome()
		}
		at := h.attempts()
		if took := at[len(at)-1]; took < 20*time.Second {
			t.Errorf("20 connections within %v", took)
		}
		time.Sleep(time.Minute) // a good one: the next wait is short again
		start := time.Now()
		p.drop()
		h.next().welcome()
		if wait := time.Since(start); wait > 100*time.Millisecond {
			t.Errorf("waited %v after a connection that had lasted", wait)
		}
	})
}

func TestConnectFails(t *testing.T) {
	tests := map[string]struct {
		change func(*Config)
		status int
		want   string
	}{
		"not found":        {status: http.StatusNotFound, want: "404"},
		"forbidden":        {status: http.StatusForbidden, want: "403"},
		"another path":     {change: func(cfg *Config) { cfg.Server += "/elsewhere" }, want: "404"},
		"no token":         {change: tokens(errors.New("no such account")), want: "no such account"},
		"gave up":          {change: tokens(ErrGiveUp), want: "give up"},
		"no server":        {change: func(cfg *Config) { cfg.Server = "" }, want: "want an address"},
		"not an address":   {change: func(cfg *Config) { cfg.Server = "ftp://host" }, want: "want an address"},
		"two ways to dial": {change: func(cfg *Config) { cfg.HTTPClient = http.DefaultClient }, want: "both set"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHost(t)
				h.answer = func(int) int { return test.status }
				cfg := h.config()
				if test.change != nil {
					test.change(&cfg)
				}
				start := time.Now()
				_, err := Connect(context.Background(), cfg)
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want it to contain %q", err, test.want)
				}
				if took := time.Since(start); took > 0 {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func tokens(err error) func(*Config) {
	return func(cfg *Config) { cfg.Token = func(context.Context) (string, error) { return "", err } }
}

// While the server is away or overloaded Connect goes on until its ctx ends, and then says what the matter was.
func TestConnectUntilContextEnds(t *testing.T) {
	for name, status := range map[string]int{"nobody listens": 1, "503": http.StatusServiceUnavailable} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHost(t)
				h.answer = func(int) int { return status }
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				defer cancel()
				_, err := Connect(ctx, h.config())
				if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), name) {
					t.Errorf("error %v, want the deadline and %q", err, name)
				}
				if n := len(h.attempts()); n < 3 {
					t.Errorf("%d attempts", n)
				}
			})
		})
	}
}

// A server that takes the connection and says nothing is given up after ConnectTimeout.
func TestConnectTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c := newClient(h.config())
		c.tasks.Add(1)
		go c.run()
		defer c.Close()
		start := time.Now()
		p := h.next()
		p.want(wire.TypeHello)
		p.ended()
		if took := time.Since(start); took != c.cfg.ConnectTimeout {
			t.Errorf("gave up after %v, want %v", took, c.cfg.ConnectTimeout)
		}
		h.next().welcome()
	})
}

func TestValidateReportsAll(t *testing.T) {
	err := Config{}.Validate()
	for _, want := range []string{"Server", "ConnectTimeout", "BackoffBase", "QueueLen", "KeptGames", "ReadBytes"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want it to name %s", err, want)
		}
	}
	if err := DefaultConfig("wss://play.example.com").Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
}

// The reason that the server gives counts, also when a write fails before it was read.
func TestCloseCodeBesideFailedWrite(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			h := newHost(t)
			c, p := h.connect(h.config())
			for i := range 5 {
				go c.Do(context.Background(), resign(fmt.Sprint(i)))
			}
			p.close(wire.ClosePolicy)
			ended(t, c)
			if code := websocket.CloseStatus(c.Err()); code != wire.ClosePolicy {
				t.Errorf("ended because of %v, want close code %d", c.Err(), wire.ClosePolicy)
			}
		})
	}
}
