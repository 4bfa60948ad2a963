package gateway

import (
	"context"
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

func TestDoorSeesEverybodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(1)
		var out atomic.Int64
		for range 10 * doorChunk {
			d.out(func() {
				time.Sleep(time.Millisecond)
				out.Add(1)
			})
		}
		time.Sleep(time.Minute)
		if out.Load() != 10*doorChunk {
			t.Fatalf("%d of %d were seen out", out.Load(), 10*doorChunk)
		}
		d.out(func() { out.Add(1) })
		synctest.Wait()
		if out.Load() != 10*doorChunk+1 || d.busy {
			t.Errorf("%d were seen out, busy %v", out.Load(), d.busy)
		}
	})
}
