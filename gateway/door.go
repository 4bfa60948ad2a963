package gateway

import (
	"context"
	"runtime"
	"sync/atomic"

	"golang.org/x/time/rate"
)

// door lets connections in and out at a pace. When a network or another node fails, everybody comes at once; if all of them
// were dealt with at once, those who are playing would wait behind them. Who waits at the door costs nobody anything.
type door struct {
	pace    *rate.Limiter
	waiting atomic.Int64
	out     chan struct{} // holds those who are being seen out
}

const (
	doorPerCPU = 500 // handshakes a second for each CPU, unless another pace is configured
	doorBurst  = 50  // that may come at once
	doorMax    = 4096
)

func newDoor(perSecond float64) *door {
	cpus := runtime.GOMAXPROCS(0)
	if perSecond == 0 {
		perSecond = float64(doorPerCPU * cpus)
	}
	return &door{pace: rate.NewLimiter(rate.Limit(perSecond), doorBurst), out: make(chan struct{}, max(1, cpus/2))}
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

// leave sees one out, a few at a time.
func (d *door) leave(see func()) {
	d.out <- struct{}{}
	defer func() { <-d.out }()
	see()
}
