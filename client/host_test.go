package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/wire"
)

// patience is how long a test waits, in the bubble's time, for what should come at once.
const patience = 2 * time.Minute

// host is a scripted server: a test plays its part, connection by connection.
type host struct {
	t        *testing.T
	calls    chan net.Conn
	down     chan struct{}
	server   *http.Server
	arrivals chan *peer

	mu     sync.Mutex
	dials  []time.Time
	answer func(n int) (status int) // of the n-th dial from 0: fails it, with an HTTP status or, if that is 1, by itself
}

// newHost starts a server that lives until the test ends. It must be called in the bubble.
func newHost(t *testing.T) *host {
	h := &host{t: t, calls: make(chan net.Conn), down: make(chan struct{}), arrivals: make(chan *peer, 100)}
	h.server = &http.Server{Handler: http.HandlerFunc(h.serve), ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan error)
	go func() { served <- h.server.Serve(h) }()
	t.Cleanup(func() {
		h.server.Close()
		<-served
	})
	return h
}

// Accept, Close and Addr make it a net.Listener.
func (h *host) Accept() (net.Conn, error) {
	select {
	case conn := <-h.calls:
		return conn, nil
	case <-h.down:
		return nil, net.ErrClosed
	}
}

func (h *host) Close() error {
	close(h.down)
	return nil
}

func (h *host) Addr() net.Addr { return &net.TCPAddr{} }

func (h *host) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	h.mu.Lock()
	n := len(h.dials)
	h.dials = append(h.dials, time.Now())
	answer := h.answer
	h.mu.Unlock()
	if answer != nil && answer(n) == 1 {
		return nil, errors.New("nobody listens")
	}
	near, far := net.Pipe()
	select {
	case h.calls <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h *host) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	n, answer := len(h.dials)-1, h.answer
	h.mu.Unlock()
	if answer != nil {
		if status := answer(n); status > 0 {
			w.WriteHeader(status)
			return
		}
	}
	if r.URL.Path != "/v1/ws" {
		http.NotFound(w, r)
		return
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		h.t.Errorf("accept: %v", err)
		return
	}
	p := &peer{t: h.t, ws: ws, requests: make(chan *wire.Request, 1000)}
	h.arrivals <- p
	p.read()
}

// config is a guest's, with a jitter that the bubble's time makes exact enough.
func (h *host) config() Config {
	cfg := DefaultConfig("http://host.test")
	cfg.Dial = h.dial
	return cfg
}

// connect connects a client, and returns it with the other end.
func (h *host) connect(cfg Config) (*Client, *peer) {
	h.t.Helper()
	type made struct {
		c   *Client
		err error
	}
	result := make(chan made)
	go func() {
		c, err := Connect(context.Background(), cfg)
		result <- made{c, err}
	}()
	p := h.next()
	p.welcome()
	got := <-result
	if got.err != nil {
		h.t.Fatalf("connect: %v", got.err)
	}
	h.t.Cleanup(func() { got.c.Close() })
	return got.c, p
}

// next is the next connection.
func (h *host) next() *peer {
	h.t.Helper()
	select {
	case p := <-h.arrivals:
		return p
	case <-time.After(patience):
		h.t.Fatal("nobody connects")
		return nil
	}
}

// attempts is when the dials were, counted from the first.
func (h *host) attempts() []time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	since := make([]time.Duration, len(h.dials))
	for i, at := range h.dials {
		since[i] = at.Sub(h.dials[0])
	}
	return since
}

// peer is the server's end of one connection.
type peer struct {
	t        *testing.T
	ws       *websocket.Conn
	requests chan *wire.Request // closed at the end; without hellos and pings
	mute     bool               // does not answer pings; set before the first
	pings    []time.Time
}

func (p *peer) read() {
	defer close(p.requests)
	for {
		_, frame, err := p.ws.Read(context.Background())
		if err != nil {
			return
		}
		wire.Split(frame, func(message []byte) bool {
			request, err := wire.DecodeRequest(message)
			switch {
			case err != nil:
				p.t.Errorf("the client sends %s: %v", message, err)
			case request.Type == wire.TypePing && request.ID == "":
				p.pings = append(p.pings, time.Now())
				if !p.mute { // the connection may be ending
					pong := fmt.Sprintf(`{"type":"pong","sent":%s}`, request.Sent)
					p.ws.Write(context.Background(), websocket.MessageText, []byte(pong))
				}
			default:
				p.requests <- request
			}
			return true
		})
	}
}

// want is the next request, which must be of that type.
func (p *peer) want(kind string) *wire.Request {
	p.t.Helper()
	select {
	case request, ok := <-p.requests:
		if !ok {
			p.t.Fatalf("the connection ended, want %s", kind)
		}
		if request.Type != kind {
			p.t.Fatalf("request %s %+v, want %s", request.Type, request, kind)
		}
		return request
	case <-time.After(patience):
		p.t.Fatalf("no request, want %s", kind)
		return nil
	}
}

// quiet fails the test if a request has come.
func (p *peer) quiet() {
	p.t.Helper()
	synctest.Wait()
	select {
	case request, ok := <-p.requests:
		if ok {
			p.t.Fatalf("request %s %+v, want none", request.Type, request)
		}
	default:
	}
}

// ended waits for the client to end the connection.
func (p *peer) ended() {
	p.t.Helper()
	for {
		select {
		case request, ok := <-p.requests:
			if !ok {
				return
			}
			p.t.Fatalf("request %s, want the end of the connection", request.Type)
		case <-time.After(patience):
			p.t.Fatal("the connection does not end")
		}
	}
}

// send sends messages, a frame each.
func (p *peer) send(messages ...string) {
	p.t.Helper()
	for _, message := range messages {
		if !json.Valid([]byte(message)) {
			p.t.Fatalf("the test sends what is not JSON: %s", message)
		}
		p.sendFrame(message)
	}
}

func (p *peer) sendFrame(frame string) {
	p.t.Helper()
	if err := p.ws.Write(context.Background(), websocket.MessageText, []byte(frame)); err != nil {
		p.t.Errorf("send %.80s: %v", frame, err)
	}
}

const welcome = `{"type":"welcome","re":"hello","user":{"id":"u1","name":"Ann","guest":true},"resume":"r1","node":"n1",` +
	`"heartbeat_ms":15000,"max_message_bytes":4096}`

// welcome answers the hello and returns it.
func (p *peer) welcome() *wire.Request {
	p.t.Helper()
	hello := p.want(wire.TypeHello)
	p.send(welcome)
	return hello
}

// ok answers a request.
func (p *peer) ok(request *wire.Request, seq uint64) {
	p.t.Helper()
	p.send(fmt.Sprintf(`{"type":"ok","re":%q,"game":%q,"seq":%d}`, request.ID, request.Game, seq))
}

func (p *peer) refuse(request *wire.Request, code wire.Code, retryAfter time.Duration) {
	p.t.Helper()
	p.send(fmt.Sprintf(`{"type":"error","re":%q,"code":%q,"message":"no","retry_after_ms":%d}`,
		request.ID, code, retryAfter.Milliseconds()))
}

// moves sends the events of a game with the seqs from first to last.
func (p *peer) moves(game string, first, last uint64) {
	p.t.Helper()
	for seq := first; seq <= last; seq++ {
		p.send(fmt.Sprintf(`{"type":"moved","game":%q,"seq":%d,"move":"e2e4"}`, game, seq))
	}
}

// state sends the whole state of a game as of seq.
func (p *peer) state(game string, seq uint64) {
	p.t.Helper()
	p.send(fmt.Sprintf(`{"type":"game","game":%q,"seq":%d,"status":"playing"}`, game, seq))
}

func (p *peer) close(code websocket.StatusCode) { p.ws.Close(code, "") }

func (p *peer) drop() { p.ws.CloseNow() }

// outcome is what a call returned that runs beside the test.
type outcome struct {
	m   wire.Message
	err error
}

// do gives a request to the client, and goes on.
func do(c *Client, ctx context.Context, request wire.Request) <-chan outcome {
	result := make(chan outcome, 1)
	go func() {
		m, err := c.Do(ctx, request)
		result <- outcome{m, err}
	}()
	return result
}

// get waits for what a call returns.
func get(t *testing.T, from <-chan outcome) outcome {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(patience):
		t.Fatal("the call does not return")
		return outcome{}
	}
}

// ended waits for the client to give up.
func ended(t *testing.T, c *Client) {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(patience):
		t.Fatal("the client does not give up")
	}
}

// resign is a request that tests can tell apart.
func resign(id string) wire.Request { return wire.Request{Type: wire.TypeResign, ID: id, Game: "g"} }

// seqs reads n messages from the game and returns their types and seqs: "game 5, moved 6".
func seqs(t *testing.T, g *Game, n int) string {
	t.Helper()
	var got []string
	for range n {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		m, err := g.Next(ctx)
		cancel()
		if err != nil {
			t.Fatalf("after %v: %v", got, err)
		}
		got = append(got, fmt.Sprintf("%s %d", m.Type, m.Seq))
	}
	return strings.Join(got, ", ")
}

// nothing fails the test if the game has a message at once.
func nothing(t *testing.T, g *Game) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if m, err := g.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("message %s %d, %v; want none", m.Type, m.Seq, err)
	}
}
