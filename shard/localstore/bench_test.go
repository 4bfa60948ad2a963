package localstore

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/shard"
)

// eventBytes is the size of a move's event in the benchmarks.
const eventBytes = 150

// benchStore opens a store on the machine's disk and counts its syncs.
func benchStore(b *testing.B, pace time.Duration) (s *Store, report func(commits int)) {
	b.Helper()
	cfg := DefaultConfig()
	cfg.Dir, cfg.Pace = b.TempDir(), pace
	var syncs, batches, entries int
	cfg.Observer.Synced = func(n, m, _ int, _ time.Duration) { syncs, batches, entries = syncs+1, batches+n, entries+m }
	s = mustOpen(b, cfg)
	b.Cleanup(func() { s.Close() })
	return s, func(commits int) {
		s.Close() // no sync after this
		seconds := b.Elapsed().Seconds()
		b.ReportMetric(float64(commits)/seconds, "commits/s")
		b.ReportMetric(float64(entries)/seconds, "entries/s")
		b.ReportMetric(float64(entries)/float64(syncs), "entries/sync")
		b.ReportMetric(float64(syncs)/seconds, "syncs/s")
	}
}

// cpu is the processor time which this process has used.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkFlatOut lets shards commit without a break: each makes its next batch as soon as the last is durable. One
// iteration is one batch.
func BenchmarkFlatOut(b *testing.B) {
	for _, shards := range []int{1, 16, 256} {
		for _, entries := range []int{1, 16} {
			for _, pace := range []time.Duration{0, 2 * time.Millisecond} {
				b.Run(fmt.Sprintf("shards=%d/entries=%d/pace=%v", shards, entries, pace), func(b *testing.B) {
					flatOut(b, shards, entries, pace)
				})
			}
		}
	}
}

func flatOut(b *testing.B, shards, entries int, pace time.Duration) {
	s, report := benchStore(b, pace)
	ready := make(chan *owner, shards)
	for id := range shards {
		ready <- own(b, s, id)
	}
	event := make([]byte, eventBytes)
	before := cpu()
	b.ReportAllocs()
	for b.Loop() {
		o := <-ready
		batch := o.batch(make([]string, entries)...)
		for i := range batch.Entries {
			batch.Entries[i].Event = event
		}
		keep(batch)
		s.Commit(batch, func(err error) {
			if err != nil {
				b.Error(err)
			}
			o.head += uint64(entries)
			ready <- o
		})
	}
	for range shards {
		<-ready
	}
	b.ReportMetric(float64(cpu()-before)/float64(b.N*entries), "cpu-ns/entry")
	report(b.N)
}

// keep adds to a batch what a shard adds now and then: a snapshot every 32 entries, of one of its 50 actors, and a trim every
// 256, which leaves a thousand entries.
func keep(b *shard.Batch) {
	last := b.Head + uint64(len(b.Entries))
	if n := last / 32; n > b.Head/32 {
		b.Snapshots = append(b.Snapshots, shard.Snapshot{Actor: shard.ID{byte(n % 50)}, Position: last, State: make([]byte, 1000), Resident: true})
	}
	if last/256 > b.Head/256 && last > 1000 {
		b.Trim = last - 1000
	}
}

// BenchmarkPaced lets moves arrive for random shards at a rate, whatever the store does: what comes while a shard's batch is
// under way goes into its next, as a shard does it. One iteration is one move; the latencies are from arrival to done.
func BenchmarkPaced(b *testing.B) {
	for _, shards := range []int{1, 256} {
		for _, pace := range []time.Duration{0, 2 * time.Millisecond} {
			b.Run(fmt.Sprintf("shards=%d/rate=5000/pace=%v", shards, pace), func(b *testing.B) { paceAt(b, shards, 5000, pace) })
		}
	}
}

// player is a shard's owner to whom moves come.
type player struct {
	*owner
	mu       sync.Mutex
	flying   bool
	arrivals []time.Time // of the moves which are not under way
	took     []time.Duration
	under    sync.WaitGroup
}

func (p *player) move(arrived time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.arrivals = append(p.arrivals, arrived)
	if !p.flying {
		p.put()
	}
}

// put commits all that has arrived. Requires: p.mu is held.
func (p *player) put() {
	arrivals := p.arrivals
	p.arrivals, p.flying = nil, true
	batch := &shard.Batch{Shard: p.id, Token: p.token, ID: uuid.New(), Head: p.head, At: time.Now()}
	for range arrivals {
		batch.Entries = append(batch.Entries, shard.Entry{Event: make([]byte, eventBytes)})
	}
	keep(batch)
	p.under.Add(1)
	go p.store.Commit(batch, func(err error) {
		defer p.under.Done()
		if err != nil {
			p.t.Error(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, arrived := range arrivals {
			p.took = append(p.took, time.Since(arrived))
		}
		p.head += uint64(len(arrivals))
		if p.flying = len(p.arrivals) > 0; p.flying {
			p.put()
		}
	})
}

func paceAt(b *testing.B, shards, rate int, pace time.Duration) {
	s, report := benchStore(b, pace)
	players := make([]*player, shards)
	for id := range players {
		players[id] = &player{owner: own(b, s, id)}
	}
	random := rand.New(rand.NewPCG(1, 2))
	before, start, moves := cpu(), time.Now(), 0
	for b.Loop() {
		due := start.Add(time.Duration(moves) * time.Second / time.Duration(rate))
		time.Sleep(time.Until(due))
		moves++
		players[random.IntN(shards)].move(time.Now())
	}
	var took []time.Duration
	for _, p := range players {
		p.under.Wait()
		took = append(took, p.took...)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(cpu()-before)/float64(moves), "cpu-ns/entry")
	report(moves)
}
