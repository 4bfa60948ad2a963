package localstore

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/rs/zerolog"
)

// TestPowerFailsUnderLoad takes the power away while all shards commit. What was not synced is gone, or there in part: blocks
// of it in the middle of what is missing, as disks leave it that write in an order of their own. All that was acknowledged is
// there, as it was written, and nothing is half of a batch.
func TestPowerFailsUnderLoad(t *testing.T) {
	for seed := range uint64(24) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			percent := []int{0, 10, 50, 90, 100}[seed%5]
			disk := newFaulty()
			cfg := config(t, disk.fs())
			cfg.Logger, cfg.Pace, cfg.MemTableBytes = zerolog.Nop(), 0, 1<<20
			s := mustOpen(t, cfg)
			var acknowledged [8]atomic.Uint64
			var total atomic.Int64
			var stop atomic.Bool
			enough, mark := int64(20+random.IntN(600)), make(chan struct{})
			var wg sync.WaitGroup
			for i := range acknowledged {
				o := own(t, s, i)
				wg.Go(func() {
					for !stop.Load() && o.commit(o.batch(event(i, o.head+1), event(i, o.head+2), event(i, o.head+3))) == nil {
						acknowledged[i].Store(o.head)
						if total.Add(1) == enough {
							close(mark)
						}
					}
				})
			}
			<-mark
			var before [8]uint64
			for i := range before {
				before[i] = acknowledged[i].Load() // first: what is acknowledged after it may be lost with the power
			}
			left := disk.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: random})
			stop.Store(true)
			wg.Wait()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}

			cfg.FS = left
			again := mustOpen(t, cfg)
			defer again.Close()
			for i := range before {
				token, err := again.Acquire(t.Context(), i)
				if err != nil {
					t.Fatal(err)
				}
				recovery, err := again.Recover(t.Context(), i, token)
				if err != nil {
					t.Fatal(err)
				}
				if recovery.Head < before[i] || recovery.Head > acknowledged[i].Load()+3 || recovery.Head%3 != 0 {
					t.Errorf("head of shard %d is %d; acknowledged was %d, in batches of 3", i, recovery.Head, before[i])
				}
				for n, e := range recovery.Entries {
					if e.Position != uint64(n+1) || string(e.Event) != event(i, e.Position) {
						t.Fatalf("entry %d of shard %d is at %d: %.20q", n+1, i, e.Position, e.Event)
					}
				}
				if uint64(len(recovery.Entries)) != recovery.Head {
					t.Errorf("shard %d has %d entries and its head is %d", i, len(recovery.Entries), recovery.Head)
				}
			}
		})
	}
}

// event is what is written at a position: of different lengths, so that blocks end in the middle of some.
func event(id int, position uint64) string {
	return fmt.Sprintf("%d/%d/%s", id, position, strings.Repeat("x", int(position*977%3000)))
}
