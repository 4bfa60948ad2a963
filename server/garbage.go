package server

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A collection marks everything that lives and shrinks the stacks of all connections, which then grow again. Where little
// lives, it would come many times a second to win back very little: so it waits until there is this much to win, or as much
// as lives, whichever is more.
const (
	garbageMin    = 64 << 20 // bytes
	garbageLook   = time.Second
	garbageShare  = 100 // percent of what lives: the runtime's own default
	garbageMetric = "/gc/heap/live:bytes"
)

// paceGarbage sets how much garbage may gather, until ctx ends. It leaves that to GOGC where this is set.
func paceGarbage(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	set := garbageShare
	defer func() { debug.SetGCPercent(garbageShare) }()
	tick := time.NewTicker(garbageLook)
	defer tick.Stop()
	for live := []metrics.Sample{{Name: garbageMetric}}; ; {
		metrics.Read(live)
		if share := garbageFor(live[0].Value.Uint64()); share != set {
			set = share
			debug.SetGCPercent(share)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// garbageFor is the percentage of what lives that may gather as garbage. It moves in steps, because setting it stops the
// world.
func garbageFor(live uint64) int {
	const step = 50
	if live < 4<<20 {
		live = 4 << 20 // the runtime does not collect below
	}
	return max(garbageShare, int(100*garbageMin/live)/step*step)
}
