package redisstore

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy stands between a store and Redis, and takes answers away: what was asked has happened, and nobody hears of it.
type proxy struct {
	net.Listener
	to    string
	lose  atomic.Int64 // every so many answers is lost with its connection; 0: none
	lost  atomic.Int64
	count atomic.Int64

	mu    sync.Mutex
	conns []net.Conn
}

func startProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, to: to}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(near) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.cut()
		serving.Wait()
	})
	return p
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.Close()
	}
	p.conns = nil
}

func (p *proxy) serve(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer far.Close()
	p.mu.Lock()
	p.conns = append(p.conns, near, far)
	p.mu.Unlock()
	go func() {
		_, _ = io.Copy(far, near)
		far.Close()
	}()
	answer := make([]byte, 64<<10)
	for {
		n, err := far.Read(answer)
		if err != nil {
			return
		}
		if every := p.lose.Load(); every > 0 && p.count.Add(1)%every == 0 {
			p.lost.Add(1)
			return
		}
		if _, err := near.Write(answer[:n]); err != nil {
			return
		}
	}
}
