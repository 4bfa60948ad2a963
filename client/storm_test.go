package client

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/plywire/plywire/wire"
)

// Twenty goroutines command while connections are lost at random moments: every command is answered, with what the server
// decided when it first saw it, and the game's events come whole and in order.
func TestStorm(t *testing.T) {
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) { storm(t, seed) })
	}
}

const callers, each = 20, 40

func storm(t *testing.T, seed uint64) {
	h := newHost(t)
	c, p := h.connect(h.config())
	g := follow(t, c, p, "g", 1)
	world := &stormServer{h: h, dice: rand.New(rand.NewPCG(seed, 0)), decided: map[string]uint64{}, seq: 1}
	var calls sync.WaitGroup
	for caller := range callers {
		calls.Go(func() {
			for i := range each {
				id := fmt.Sprintf("%d-%d", caller, i)
				m, err := c.Do(context.Background(), resign(id))
				if err != nil {
					t.Errorf("seed %d: %s: %v", seed, id, err)
				} else if want := world.of(id); m.Seq != want {
					t.Errorf("seed %d: %s answered with seq %d, decided was %d", seed, id, m.Seq, want)
				}
			}
		})
	}
	calls.Go(func() {
		m, err := g.Next(context.Background())
		for last := m.Seq; err == nil && last < 1+callers*each; last = m.Seq {
			if m, err = g.Next(context.Background()); err == nil && m.Seq != last+1 && m.Type != wire.TypeGame {
				t.Errorf("seed %d: %s %d after %d", seed, m.Type, m.Seq, last)
			}
		}
		if err != nil {
			t.Errorf("seed %d: next: %v", seed, err)
		}
	})
	var serving sync.WaitGroup
	serving.Go(func() { world.serve(p) })
	calls.Wait()
	synctest.Wait()
	stats := c.Stats()
	c.Close()
	synctest.Wait()
	close(h.arrivals)
	serving.Wait()
	if stats.Resent == 0 || stats.Connects < 5 {
		t.Errorf("seed %d: %+v: that was no storm", seed, stats)
	}
}

// stormServer decides each command once, loses connections and forgets to send events.
type stormServer struct {
	h    *host
	dice *rand.Rand

	mu      sync.Mutex
	decided map[string]uint64
	seq     uint64
}

func (s *stormServer) of(id string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.decided[id]
}

func (s *stormServer) serve(p *peer) {
	for p != nil {
		for request := range p.requests {
			if !s.answer(p, request) {
				p.drop()
				break
			}
		}
		p = s.meet()
	}
}

// meet welcomes the next connection with what it has missed.
func (s *stormServer) meet() *peer {
	for p := range s.h.arrivals {
		hello, ok := <-p.requests
		if !ok {
			continue
		}
		p.send(welcome)
		for _, game := range hello.Games {
			p.moves("g", game.After+1, s.seq)
		}
		return p
	}
	return nil
}

// answer does what is asked, or most of it; false: the connection is lost.
func (s *stormServer) answer(p *peer, request *wire.Request) bool {
	if s.dice.IntN(50) == 0 {
		return false
	}
	if request.Type == wire.TypeWatch {
		if request.After == nil {
			p.state("g", s.seq)
		} else {
			p.moves("g", *request.After+1, s.seq)
		}
		p.ok(request, 0)
		return true
	}
	s.mu.Lock()
	seq, known := s.decided[request.ID]
	if !known {
		s.seq++
		seq = s.seq
		s.decided[request.ID] = seq
	}
	s.mu.Unlock()
	if !known && (s.dice.IntN(30) > 0 || seq == 1+callers*each) { // nobody can miss what nothing comes after
		p.moves("g", seq, seq)
	}
	if s.dice.IntN(50) == 0 {
		return false // decided, and the answer is lost
	}
	p.ok(request, seq)
	return true
}
