package client

import (
	"context"
	"net"
	"sync"
)

// gate is a network on which, once it is cut, nothing arrives any more and no write returns.
type gate struct {
	next func(ctx context.Context, network, address string) (net.Conn, error)

	mu   sync.Mutex
	shut chan struct{} // of the connections made since the last cut
}

func newGate(h *host) *gate { return &gate{next: h.dial, shut: make(chan struct{})} }

// cut shuts the connections that there are. Those made later work.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut)
	g.shut = make(chan struct{})
}

func (g *gate) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := g.next(ctx, network, address)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return &gated{Conn: conn, shut: g.shut, closed: make(chan struct{})}, nil
}

type gated struct {
	net.Conn
	shut   chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (c *gated) stuck() bool {
	select {
	case <-c.shut:
		<-c.closed
		return true
	default:
		return false
	}
}

func (c *gated) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.stuck() {
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *gated) Write(b []byte) (int, error) {
	if c.stuck() {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

func (c *gated) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
