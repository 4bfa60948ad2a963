package gateway

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// door lets connections in and out at a pace. When a network or another node fails, everybody comes at once; if all of them
// were dealt with at once, those who are playing would wait behind them. Who waits at the door costs nobody anything.
type door struct {
	pace    *rate.Limiter
	waiting atomic.Int64

	mu      sync.Mutex
	leaving []func() // see those out who have ended
	busy    bool     // somebody is at it
}

const (
	doorBurst = 50 // that may come at once
	doorMax   = 4096
	doorChunk = 32 // seen out before others have a turn
)

func newDoor(perSecond float64) *door {
	if perSecond == 0 {
		perSecond = float64(HandshakesPerCPU * runtime.GOMAXPROCS(0))
	}
	return &door{pace: rate.NewLimiter(rate.Limit(perSecond), doorBurst)}
}

// in waits until it is one's turn. It returns false if too many wait, or ctx ends.
func (d *door) in(ctx context.Context) bool {
	if d.waiting.Add(1) > doorMax {
		d.waiting.Add(-1)
		return false
	}
	defer d.waiting.Add(-1)
	return d.pace.Wait(ctx) == nil
}

// out has somebody seen out, soon and by another goroutine. There are never more of them than there were connections.
func (d *door) out(see func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.leaving = append(d.leaving, see)
	if !d.busy {
		d.busy = true
		go d.usher()
	}
}

// usher sees out all who are leaving, a few at a time, and rests in between as long as that takes.
func (d *door) usher() {
	for {
		d.mu.Lock()
		if len(d.leaving) == 0 {
			d.leaving, d.busy = nil, false
			d.mu.Unlock()
			return
		}
		n := min(doorChunk, len(d.leaving))
		some := d.leaving[:n]
		d.leaving = d.leaving[n:]
		rest := len(d.leaving) > 0
		d.mu.Unlock()
		began := time.Now()
		for i, see := range some {
			see()
			some[i] = nil
		}
		if rest {
			time.Sleep(time.Since(began))
		}
	}
}
