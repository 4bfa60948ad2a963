package gateway

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// door lets connections in and out at a pace. When a network or another node fails, everybody goes and comes at once; if all
// of them were dealt with at once, those who are playing would wait behind them. Who waits at the door costs nobody anything.
type door struct {
	pace    *rate.Limiter
	leave   *rate.Limiter
	waiting atomic.Int64
}

const (
	doorBurst    = 50 // that may come, or go, at once
	doorMax      = 4096
	leavesPerCPU = 2000 // a second
)

func newDoor(perSecond float64) *door {
	cpus := runtime.GOMAXPROCS(0)
	if perSecond == 0 {
		perSecond = float64(HandshakesPerCPU * cpus)
	}
	return &door{
		pace:  rate.NewLimiter(rate.Limit(perSecond), doorBurst),
		leave: rate.NewLimiter(rate.Limit(leavesPerCPU*cpus), doorBurst),
	}
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

// out waits until somebody who has gone may be seen out. There are never more of them than there were connections.
func (d *door) out() {
	time.Sleep(d.leave.Reserve().Delay())
}
