package faults

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// cable is what the clients' connections go through. A machine that loses its power is silent from one moment to the next:
// so the cable is cut first, and nothing that its server still says reaches anybody.
type cable struct {
	listener net.Listener
	tasks    sync.WaitGroup

	mu    sync.Mutex
	to    string // the server's address; empty: cut
	conns map[net.Conn]struct{}
	flows sync.WaitGroup // of the connections
}

func newCable(t *testing.T) *cable {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: listener, conns: make(map[net.Conn]struct{})}
	c.tasks.Go(c.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		c.tasks.Wait()
		c.cut()
	})
	return c
}

func (c *cable) url() string { return "http://" + c.listener.Addr().String() }

// plug connects the cable to a server.
func (c *cable) plug(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to = address
}

// cut ends all connections, and returns when nothing flows any more.
func (c *cable) cut() {
	c.mu.Lock()
	c.to = ""
	for conn := range c.conns {
		_ = conn.Close()
	}
	c.mu.Unlock()
	c.flows.Wait()
}

func (c *cable) accept() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		if err := c.connect(near); err != nil {
			_ = near.Close()
		}
	}
}

var errCut = errors.New("the cable is cut")

func (c *cable) connect(near net.Conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.to == "" {
		return errCut
	}
	far, err := net.Dial("tcp", c.to)
	if err != nil {
		return err
	}
	c.conns[near], c.conns[far] = struct{}{}, struct{}{}
	c.flows.Add(2)
	go c.flow(near, far)
	go c.flow(far, near)
	return nil
}

func (c *cable) flow(from, to net.Conn) {
	defer c.flows.Done()
	_, _ = io.Copy(to, from)
	_, _ = from.Close(), to.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, from)
	delete(c.conns, to)
}
