package swarm_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/bench/swarm"
)

// patience bounds every wait of these tests. It is never reached when all is well.
const patience = 20 * time.Second

// echo is a server that answers each message with itself; "close" with 4001; and "ping" with a ping, and with "pong" when
// that was answered.
func echo(t *testing.T) swarm.Target {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"echo"}})
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		conn.SetReadLimit(1 << 21)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		for {
			kind, text, err := conn.Read(ctx)
			switch {
			case err != nil:
				return
			case string(text) == "close":
				_ = conn.Close(4001, "as you like")
				return
			case string(text) == "ping":
				go func() {
					answer := "pong"
					if err := conn.Ping(ctx); err != nil {
						answer = err.Error()
					}
					_ = conn.Write(ctx, kind, []byte(answer))
				}()
				continue
			}
			if conn.Write(ctx, kind, text) != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	return swarm.Target{Address: strings.TrimPrefix(server.URL, "http://"), Path: "/", Subprotocol: "echo"}
}

// talk is a Handler that has each connection say some things, one after the other, and hears each again.
type talk struct {
	t      *testing.T
	swarm  *swarm.Swarm
	target swarm.Target
	conns  int
	lines  []string
	said   map[*swarm.Conn]int
	closed []error
	done   context.CancelFunc
	wakes  int
	wakeAt time.Time
}

func (h *talk) Begin() {
	for range h.conns {
		if _, err := h.swarm.Dial(h.target, nil); err != nil {
			h.t.Error(err)
		}
	}
}

func (h *talk) Opened(c *swarm.Conn) { c.Send([]byte(h.lines[0])) }

func (h *talk) Received(c *swarm.Conn, text []byte) {
	if want := h.lines[h.said[c]]; string(text) != want {
		h.t.Errorf("%d bytes came back, want %d: %.40q", len(text), len(want), text)
	}
	next := "close"
	if h.said[c]++; h.said[c] < len(h.lines) {
		next = h.lines[h.said[c]]
	}
	if next == "pong" { // is the answer to
		next = "ping"
	}
	c.Send([]byte(next))
}

func (h *talk) Closed(_ *swarm.Conn, err error) {
	if h.closed = append(h.closed, err); len(h.closed) == h.conns {
		h.done()
	}
}

func (h *talk) Wake(now time.Time) time.Time {
	if h.wakeAt.IsZero() {
		h.wakeAt = now.Add(3 * time.Millisecond)
	}
	if h.wakes == 0 && !now.Before(h.wakeAt) {
		h.wakes++
	}
	if h.wakes > 0 {
		return time.Time{}
	}
	return h.wakeAt
}

func run(t *testing.T, conns int, target swarm.Target, lines ...string) *talk {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	h := &talk{t: t, target: target, conns: conns, lines: lines, said: make(map[*swarm.Conn]int), done: cancel}
	s, err := swarm.New(h)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h.swarm = s
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(h.closed) != conns {
		t.Fatalf("%d connections have ended, want %d", len(h.closed), conns)
	}
	return h
}

func TestFramesOfAllSizes(t *testing.T) {
	lines := []string{"x"}
	for _, size := range []int{125, 126, 127, 65535, 65536, 300_000} {
		lines = append(lines, strings.Repeat("y", size))
	}
	lines = append(lines, "pong")
	h := run(t, 30, echo(t), lines...)
	for _, err := range h.closed {
		if want := swarm.CloseError(4001); !errors.Is(err, want) {
			t.Errorf("closed with %v, want %v", err, want)
		}
	}
	if h.wakes == 0 {
		t.Error("it was not woken")
	}
}

func TestHandshakeThatIsRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	h := run(t, 1, swarm.Target{Address: strings.TrimPrefix(server.URL, "http://"), Path: "/"}, "x")
	if err := h.closed[0]; err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("closed with %v, want one that says 404", err)
	}
}

func TestNobodyListens(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	address := strings.TrimPrefix(server.URL, "http://")
	server.Close()
	h := run(t, 1, swarm.Target{Address: address, Path: "/"}, "x")
	if err := h.closed[0]; err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("closed with %v, want that it was refused", err)
	}
	if _, err := h.swarm.Dial(swarm.Target{Address: "localhost:80"}, nil); err == nil {
		t.Error("a name is no address, and was dialled")
	}
}
