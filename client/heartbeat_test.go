package client

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plywire/plywire/wire"
)

const beat = 15 * time.Second // as in welcome

func TestPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		start := time.Now()
		c, p := h.connect(h.config())
		time.Sleep(10*beat + time.Second)
		synctest.Wait()
		if len(p.pings) != 10 {
			t.Fatalf("%d pings in ten heartbeats", len(p.pings))
		}
		for i, at := range p.pings {
			if want := time.Duration(i+1) * beat; at.Sub(start) != want {
				t.Errorf("ping %d after %v, want %v", i, at.Sub(start), want)
			}
		}
		if got := c.Stats(); got.Connects != 1 || len(h.attempts()) != 1 {
			t.Errorf("an idle connection was made anew: %+v", got)
		}
	})
}

// Silence of two heartbeats is a dead connection, also when it is the network that swallows all that is written.
func TestSilence(t *testing.T) {
	for name, stall := range map[string]bool{"pings are not answered": false, "nothing can be written": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHost(t)
				network := newGate(h)
				cfg := h.config()
				cfg.Dial = network.dial
				c, p := h.connect(cfg)
				time.Sleep(7 * time.Second)
				p.mute = true
				p.send(`{"type":"watchers","game":"g","count":1}`) // the last that is heard
				<-c.Notices()
				last := time.Now()
				if stall {
					network.cut()
				}
				next := h.next()
				if took := time.Since(last); took < 2*beat || took > 2*beat+cfg.BackoffBase {
					t.Errorf("noticed after %v, want %v", took, 2*beat)
				}
				next.welcome()
			})
		})
	}
}

// A caller whose frame the network does not take is not held up beyond its own time.
func TestStuckWriteIsBoundedByContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		network := newGate(h)
		cfg := h.config()
		cfg.Dial = network.dial
		c, _ := h.connect(cfg)
		network.cut()
		patient := do(c, context.Background(), resign("patient"))
		synctest.Wait()
		for _, id := range []string{"a", "b"} {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			start := time.Now()
			_, err := c.Do(ctx, resign(id))
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 2*time.Second {
				t.Errorf("%s: %v after %v, want the deadline after 2 s", id, err, time.Since(start))
			}
		}
		p := h.next() // when the silence has lasted two heartbeats
		p.welcome()
		request := p.want(wire.TypeResign)
		if request.ID != "patient" {
			t.Errorf("sent again: %s, want the one command that is still awaited", request.ID)
		}
		p.ok(request, 1)
		if got := get(t, patient); got.err != nil {
			t.Error(got.err)
		}
	})
}

func TestRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		c, p := h.connect(h.config())
		go func() {
			ping := p.want(wire.TypePing)
			time.Sleep(40 * time.Millisecond)
			p.send(`{"type":"pong","re":"` + ping.ID + `","sent":7}`)
		}()
		start := time.Now()
		m, err := c.Do(context.Background(), wire.Request{Type: wire.TypePing, Sent: []byte("7")})
		if err != nil || string(m.Sent) != "7" || time.Since(start) != 40*time.Millisecond {
			t.Errorf("%+v, %v after %v", m, err, time.Since(start))
		}
		time.Sleep(beat + time.Second)
		if got := c.Stats().RoundTrip; got != 0 { // an unmeasured one would be less likely than this bubble's
			t.Errorf("round trip %v in a network without delay", got)
		}
	})
}
