package gateway_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/gateway/auth/authtest"
	"github.com/plywire/plywire/wire"
)

func TestResumeBringsWhatWasMissed(t *testing.T) {
	r := newRig(t, nil)
	white, black := r.guest(), r.guest()
	game := start(t, white, black, "chess")
	white.send(fmt.Sprintf(`{"type":"move","id":"1","game":%q,"ply":0,"move":"e2e4"}`, game))
	seen := white.expect("moved")
	white.expect("ok")
	_ = white.conn.CloseNow()
	black.send(fmt.Sprintf(`{"type":"move","id":"1","game":%q,"ply":1,"move":"e7e5"}`, game))
	black.expect("ok")

	again := r.dial()
	again.send(fmt.Sprintf(`{"type":"hello","id":"h","resume":%q,"games":[{"game":%q,"after":%d}]}`, white.welcome.Resume, game, seen.Seq))
	welcome := again.expect("welcome")
	if welcome.User.ID != white.welcome.User.ID {
		t.Fatalf("resumed as %s, want %s", welcome.User.ID, white.welcome.User.ID)
	}
	missed := again.expect("moved")
	if missed.Seq != seen.Seq+1 || *missed.Move != "e7e5" {
		t.Fatalf("the first event after the resume is %+v, want e7e5 with seq %d", missed, seen.Seq+1)
	}
	// The command that was sent before the break is answered as before, and changes nothing.
	before := r.state(game)
	again.send(fmt.Sprintf(`{"type":"move","id":"1","game":%q,"ply":0,"move":"e2e4"}`, game))
	if ok := again.expect("ok"); ok.Seq != seen.Seq {
		t.Fatalf("the repeated move was answered with seq %d, want %d", ok.Seq, seen.Seq)
	}
	r.unchanged(before)
	// The token that was replaced is dead, now that its successor was used.
	_ = again.conn.CloseNow()
	third := r.dial()
	third.send(fmt.Sprintf(`{"type":"hello","id":"h","resume":%q}`, welcome.Resume))
	third.expect("welcome")
	thief := r.dial()
	thief.send(fmt.Sprintf(`{"type":"hello","id":"h","resume":%q}`, white.welcome.Resume))
	thief.refused(wire.CodeUnauthenticated)
	thief.closed(wire.CloseUnauthenticated)
}

func TestTokens(t *testing.T) {
	minter, stranger := authtest.NewHS256("k"), authtest.NewHS256("k")
	path := filepath.Join(t.TempDir(), "key.secret")
	must(t, minter.WriteKey(path))
	r := newRig(t, func(c *rigConfig) {
		c.auth.Guests, c.auth.Leeway = false, 0
		c.auth.Keys = []auth.KeyFile{{Path: path, ID: "k"}}
	})
	mint := func(m *authtest.Minter, until time.Duration) string {
		token, err := m.Mint("ann", "Ann", time.Now().Add(until))
		must(t, err)
		return token
	}
	t.Run("good", func(t *testing.T) {
		p := r.dial()
		p.send(fmt.Sprintf(`{"type":"hello","id":"h","token":%q}`, mint(minter, time.Hour)))
		if w := p.expect("welcome"); w.User.ID != "ann" || w.User.Name != "Ann" || w.User.Guest {
			t.Fatalf("welcomed as %+v", w.User)
		}
	})
	for name, hello := range map[string]string{
		"forged":  fmt.Sprintf(`{"type":"hello","id":"h","token":%q}`, mint(stranger, time.Hour)),
		"expired": fmt.Sprintf(`{"type":"hello","id":"h","token":%q}`, mint(minter, -time.Hour)),
		"garbage": `{"type":"hello","id":"h","token":"a.b.c"}`,
		"guest":   `{"type":"hello","id":"h"}`,
		"resume":  `{"type":"hello","id":"h","resume":"nonsense"}`,
	} {
		t.Run(name, func(t *testing.T) {
			p := r.dial()
			p.send(hello)
			p.refused(wire.CodeUnauthenticated)
			p.closed(wire.CloseUnauthenticated)
		})
	}
	t.Run("runs out in mid-session", func(t *testing.T) {
		p := r.dial()
		p.send(fmt.Sprintf(`{"type":"hello","id":"h","token":%q}`, mint(minter, 2*time.Second)))
		p.expect("welcome")
		p.closed(wire.CloseUnauthenticated)
	})
}

func TestRate(t *testing.T) {
	r := newRig(t, func(c *rigConfig) { c.gateway.Rate, c.gateway.Burst, c.gateway.Patience = 0.001, 5, 3 })
	p := r.guest() // takes one
	for range 4 {
		p.send(`{"type":"ping"}`)
		p.expect("pong")
	}
	for range 3 {
		p.send(`{"type":"ping","id":"p"}`)
		if m := p.refused(wire.CodeTooManyRequests); m.RetryAfterMS <= 0 || m.Re != "p" {
			t.Fatalf("refused with %+v, want a time after which to try again", m)
		}
	}
	p.send(`{"type":"ping"}`)
	p.closed(wire.CloseTooMany)
}

func TestGamesOfOneConnection(t *testing.T) {
	r := newRig(t, func(c *rigConfig) { c.gateway.GamesPerSession = 1 })
	p := r.guest()
	p.send(`{"type":"create","id":"1","rules":"chess"}`)
	game := p.expect("ok").Game
	for name, message := range map[string]string{
		"another":                         `{"type":"create","id":"2","rules":"chess"}`,
		"another, naming the first":       fmt.Sprintf(`{"type":"create","id":"3","rules":"chess","game":%q}`, game),
		"one that is not there":           `{"type":"watch","id":"4","game":"00000000-0000-8000-8000-000000000000"}`,
		"a seat in one that is not there": `{"type":"join","id":"5","game":"00000000-0000-8000-8000-000000000000"}`,
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			p.send(message)
			p.refused(wire.CodeTooManyRequests)
		})
	}
	p.t = t
	// What it watches already is not one more.
	p.send(fmt.Sprintf(`{"type":"watch","id":"6","game":%q}`, game))
	p.expect("ok")
	p.send(`{"type":"create","id":"1","rules":"chess"}`)
	if again := p.expect("ok"); again.Game != game {
		t.Fatalf("the same create is answered with %s, want %s", again.Game, game)
	}
}

func TestSlowReaderIsEndedAndDelaysNobody(t *testing.T) {
	r := newRig(t, func(c *rigConfig) { c.gateway.OutboundBytes = 64 << 10 })
	white, black, slow := r.guest(), r.guest(), r.guest()
	game := start(t, white, black, "chess")
	slow.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, game))
	slow.expect("ok")
	// It asks for much, and reads nothing: its own answers fill the socket, and then the queue.
	flood := strings.TrimSuffix(strings.Repeat(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`+"\n", game), 100), "\n")
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			err := slow.conn.Write(ctx, websocket.MessageText, []byte(flood))
			cancel()
			if err != nil {
				return
			}
		}
	}()
	moves := []string{"g1f3", "g8f6", "f3g1", "f6g8"}
	for ply := range 8 {
		mover := []*player{white, black}[ply%2]
		mover.send(fmt.Sprintf(`{"type":"move","id":"m%d","game":%q,"ply":%d,"move":%q}`, ply, game, ply, moves[ply%4]))
		mover.expect("ok")
	}
	<-gone
}

func TestAnnounceThenClose(t *testing.T) {
	r := newRig(t, func(c *rigConfig) { c.gateway.DrainWithin = 50 * time.Millisecond })
	white, black := r.guest(), r.guest()
	game := start(t, white, black, "chess")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	announced := make(chan struct{})
	go func() { r.server.Announce(ctx); close(announced) }()
	if m := white.expect("draining"); m.WithinMS != 50 {
		t.Fatalf("draining within %d ms, want 50", m.WithinMS)
	}
	// The game goes on until the end, but nobody new comes in.
	white.send(fmt.Sprintf(`{"type":"move","id":"m","game":%q,"ply":0,"move":"e2e4"}`, game))
	white.expect("ok")
	response, err := http.Get(r.http.URL + "/readyz")
	must(t, err)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("readyz says %d while draining", response.StatusCode)
	}
	if _, response, err := websocket.Dial(ctx, r.http.URL+"/v1/ws", &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}}); err == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("a new connection was taken: %v", err)
	}
	<-announced
	closed := make(chan struct{})
	go func() { r.server.Close(ctx); close(closed) }()
	white.closed(wire.CloseGoingAway)
	black.closed(wire.CloseGoingAway)
	<-closed
}

func TestPresenceAndAbandonment(t *testing.T) {
	r := newRig(t, func(c *rigConfig) { c.table.TestClock, c.gateway.AdvanceAllowed = true, true })
	white, black := r.guest(), r.guest()
	game := start(t, white, black, "chess")
	_ = black.conn.CloseNow()
	for {
		if m := white.expect("presence"); m.Seat == "black" && !*m.Present {
			break
		}
	}
	white.send(fmt.Sprintf(`{"type":"claim","id":"1","game":%q,"what":"abandonment"}`, game))
	white.refused(wire.CodeForbidden)
	white.send(fmt.Sprintf(`{"type":"advance","id":"a","game":%q,"advance_ms":59000}`, game))
	white.expect("ok")
	white.send(fmt.Sprintf(`{"type":"claim","id":"2","game":%q,"what":"abandonment"}`, game))
	white.refused(wire.CodeForbidden)
	// A minute on the clock, too: black, whose turn it is not, does not lose by time.
	white.send(fmt.Sprintf(`{"type":"move","id":"m","game":%q,"ply":0,"move":"e2e4"}`, game))
	white.expect("ok")
	white.send(fmt.Sprintf(`{"type":"advance","id":"b","game":%q,"advance_ms":2000}`, game))
	white.expect("ok")
	white.send(fmt.Sprintf(`{"type":"claim","id":"3","game":%q,"what":"abandonment"}`, game))
	ended := white.expect("ended")
	if ended.Result.Reason != "abandonment" || *ended.Result.Winner != "white" {
		t.Fatalf("ended with %+v", ended.Result)
	}
}

func TestDeadClientIsNoticed(t *testing.T) {
	r := newRig(t, func(c *rigConfig) { c.gateway.Heartbeat = time.Second })
	white, black := r.guest(), r.guest()
	start(t, white, black, "chess")
	// Black stops answering pings, because it no longer reads; white goes on.
	for {
		if m := white.expect("presence"); m.Seat == "black" && !*m.Present {
			return
		}
	}
}

func TestSlowHandshakeIsNotWaitedFor(t *testing.T) {
	r := newRig(t, nil)
	conn, err := net.Dial("tcp", r.http.Listener.Addr().String())
	must(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("GET /v1/ws HTTP/1.1\r\nHost: x\r\n")) // and nothing more
	must(t, err)
	r.guest()
}
