package gateway

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A crowd is let in at the pace, after the few that may come at once; who goes away meanwhile makes room.
func TestDoorLetsInAtAPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pace, crowd = 100, 250
		d := newDoor(pace)
		began := time.Now()
		var in sync.WaitGroup
		var refused atomic.Int64
		for range crowd {
			in.Go(func() {
				if !d.in(t.Context()) {
					refused.Add(1)
				}
			})
		}
		in.Wait()
		took := time.Since(began)
		if want := time.Second * (crowd - doorBurst) / pace; took < want-10*time.Millisecond || took > want+10*time.Millisecond {
			t.Errorf("%d were let in within %v, want %v", crowd, took, want)
		}
		if refused.Load() != 0 || d.waiting.Load() != 0 {
			t.Errorf("%d were refused, and %d wait still", refused.Load(), d.waiting.Load())
		}
	})
}

func TestDoorHasABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(1)
		ctx, cancel := context.WithCancel(t.Context())
		var in sync.WaitGroup
		for range doorBurst + doorMax {
			in.Go(func() { d.in(ctx) })
		}
		synctest.Wait()
		if got := d.waiting.Load(); got != doorMax {
			t.Errorf("%d wait, want %d", got, doorMax)
		}
		if d.in(ctx) {
			t.Error("one more is let in")
		}
		cancel()
		in.Wait()
		if got := d.waiting.Load(); got != 0 {
			t.Errorf("%d wait, and all have gone", got)
		}
	})
}

// Whoever goes alone goes at once; a crowd goes at the pace.
func TestDoorSeesEverybodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(1)
		began := time.Now()
		d.out()
		if took := time.Since(began); took != 0 {
			t.Errorf("one waited %v", took)
		}
		pace := leavesPerCPU * runtime.GOMAXPROCS(0)
		crowd := doorBurst - 1 + pace
		var out sync.WaitGroup
		for range crowd {
			out.Go(d.out)
		}
		out.Wait()
		if took := time.Since(began); took < 990*time.Millisecond || took > 1010*time.Millisecond {
			t.Errorf("%d were out within %v, want a second", crowd, took)
		}
	})
}
