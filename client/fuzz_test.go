package client

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/wire"
)

// FuzzServer connects a Client to a server that says anything at all. The script is what the server sends, frames with a
// zero byte between them; what their first byte means is told at hostile.play. Whatever comes, the Client must not panic,
// must hand out each game's messages without a gap, must let every call end, and must itself send nothing but what a server
// can read.
func FuzzServer(f *testing.F) {
	for _, script := range []string{
		"\x02{\"type\":\"ok\",\"re\":\"$ID\",\"game\":\"g\",\"seq\":1}\x00{\"type\":\"moved\",\"game\":\"g\",\"seq\":2,\"move\":\"e2e4\"}",
		"\x02{\"type\":\"game\",\"game\":\"g\",\"seq\":4,\"status\":\"playing\"}\n{\"type\":\"ok\",\"re\":\"$ID\",\"game\":\"g\",\"seq\":4}" +
			"\x00{\"type\":\"moved\",\"game\":\"g\",\"seq\":9}\x00{\"type\":\"moved\",\"game\":\"g\",\"seq\":5}",
		"\x02{\"type\":\"draining\",\"within_ms\":1500}\x00\x03\x00\x02{\"type\":\"error\",\"game\":\"g\",\"re\":\"hello\",\"code\":\"unavailable\"}",
		"\x02{\"type\":\"draining\",\"within_ms\":9223372036854775807}",
		"\x02{\"type\":\"error\",\"re\":\"$ID\",\"code\":\"unavailable\",\"retry_after_ms\":9223372036854775807}",
		`{"type":"welcome","re":"hello","user":{"id":"u1","name":"Ann"},"resume":"r","heartbeat_ms":-1,"max_message_bytes":64}`,
		`{"type":"welcome","re":"hello","user":{"id":"u1","name":"Ann"},"heartbeat_ms":1}`,
		`{"type":"welcome","re":"hello","user":{"id":"u1","name":"Ann"},"heartbeat_ms":18446744073710}`,
		`{"type":"error","re":"hello","code":"unauthenticated","message":"no"}`,
		`{"type":"welcome"}`, `[]`, "null\n\n{}", "{\"type\":\"pong\",\"sent\":\"x\"}\x00\x01binary", "\x02\x04\x00\x02{", "\xff",
	} {
		f.Add([]byte(script))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 4<<10 {
			return
		}
		synctest.Test(t, func(t *testing.T) { playHostile(t, bytes.Split(script, []byte{0})) })
	})
}

// hostile is a server at work against one Client.
type hostile struct {
	*host
	peer *peer // nil: no connection
	last string
	gone <-chan struct{} // closed when there will be no more connections
}

func playHostile(t *testing.T, frames [][]byte) {
	h := &hostile{host: newHost(t), last: "none"}
	// Time enough for the waits between attempts, and an end for what the server makes wait for ever.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	over := make(chan struct{})
	h.gone = over
	go func() {
		defer close(over)
		c, err := Connect(ctx, h.config())
		if err != nil {
			return
		}
		use(t, ctx, c)
		if err := c.Close(); err != nil || !errors.Is(c.Err(), ErrClosed) && !errors.Is(c.Err(), ErrEnded) {
			t.Errorf("closed with %v, ended with %v", err, c.Err())
		}
	}()
	for _, frame := range frames[:min(len(frames), 50)] {
		if !h.play(frame) {
			break
		}
	}
	<-over
}

// play sends one frame, on a new connection if there is none. Its first byte may be
//
//	1  the rest is sent as a binary frame
//	2  a good welcome goes before the rest, if the connection is new
//	3  the connection is dropped
//	4  the connection is closed with the code that the next byte names
func (h *hostile) play(frame []byte) bool {
	fresh := false
	if h.drain(); h.peer == nil {
		select {
		case h.peer = <-h.arrivals:
			fresh = true
		case <-h.gone:
			return false
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	kind, first := websocket.MessageText, byte(0)
	if len(frame) > 0 && frame[0] >= 1 && frame[0] <= 4 {
		first, frame = frame[0], frame[1:]
	}
	switch first {
	case 1:
		kind = websocket.MessageBinary
	case 2:
		if fresh && h.peer.ws.Write(ctx, websocket.MessageText, []byte(welcome)) != nil {
			return true
		}
	case 3:
		h.peer.drop()
		return true
	case 4:
		codes := []int{1000, 1001, wire.ClosePolicy, wire.CloseTooLarge, wire.CloseOverloaded, wire.CloseBadMessage, wire.CloseUnauthenticated,
			wire.CloseNoHello, wire.CloseTooMany, 4999}
		h.peer.close(websocket.StatusCode(codes[int(append(frame, 0)[0])%len(codes)]))
		return true
	}
	h.drain()
	frame = bytes.ReplaceAll(frame, []byte("$ID"), []byte(h.last))
	if h.peer != nil {
		_ = h.peer.ws.Write(ctx, kind, frame) // the client may have gone
	}
	return true
}

// drain reads what the client has sent by now.
func (h *hostile) drain() {
	synctest.Wait()
	for h.peer != nil {
		select {
		case request, open := <-h.peer.requests:
			if !open {
				h.peer = nil
				return
			}
			if request.Type != wire.TypeHello {
				h.last = request.ID
			}
		default:
			return
		}
	}
}

// use does what programs do with a Client, until ctx ends or the Client does.
func use(t *testing.T, ctx context.Context, c *Client) {
	done := make(chan struct{})
	calls := []func(){
		func() { watchHostile(t, ctx, c) },
		func() { _, _ = c.Create(ctx, Terms{Rules: "chess"}) },
		func() { _, _ = c.Move(ctx, "g", 0, "e2e4") },
		func() { _, _ = c.Do(ctx, wire.Request{Type: wire.TypePing, ID: "p"}) },
	}
	for _, call := range calls {
		go func() {
			call()
			done <- struct{}{}
		}()
	}
	for range calls {
		<-done
	}
	if n := len(c.Notices()); n > c.cfg.Notices {
		t.Errorf("%d notices wait", n)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) > c.cfg.KeptGames || len(c.games) > c.cfg.KeptGames+1 {
		t.Errorf("%d games are kept, %d in all", len(c.kept), len(c.games))
	}
}

func watchHostile(t *testing.T, ctx context.Context, c *Client) {
	g, err := c.Follow(ctx, "g")
	if err != nil {
		return
	}
	last, based := uint64(0), false
	for {
		m, err := g.Next(ctx)
		switch {
		case err != nil:
			return
		case m.Game != "g":
			t.Errorf("a message of %q", m.Game)
		case m.Type != wire.TypeGame && m.Seq != last+1, m.Type != wire.TypeGame && !based && m.Seq != 1:
			t.Errorf("event %d after %d", m.Seq, last)
		}
		last, based = m.Seq, true
	}
}
