package shard_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
)

// besideStore commits on a goroutine of its own, several batches one after the other, as real stores do.
type besideStore struct {
	shard.Store
	work chan func()
}

func newBesideStore(t testing.TB, inner shard.Store) *besideStore {
	s := &besideStore{inner, make(chan func(), inner.Shards())} // a batch a shard
	var ended sync.WaitGroup
	ended.Go(func() {
		for f := range s.work {
			f()
		}
	})
	t.Cleanup(func() {
		close(s.work)
		ended.Wait()
	})
	return s
}

func (s *besideStore) Commit(batch *shard.Batch, done func(error)) {
	s.work <- func() { s.Store.Commit(batch, done) }
}

// inOrder is a publisher that wants the events of each ledger in order, without a gap, from one goroutine at a time.
type inOrder struct {
	t    *testing.T
	mu   sync.Mutex
	last map[shard.ID]uint32
	busy sync.Map // of actors
}

func (p *inOrder) Publish(actor shard.ID, notice any) {
	if _, was := p.busy.LoadOrStore(actor, true); was {
		p.t.Errorf("two goroutines publish for %s", actor)
	}
	what := notice.(told)
	p.mu.Lock()
	if what.first != p.last[actor]+1 {
		p.t.Errorf("%s: event %d is published after %d", actor, what.first, p.last[actor])
	}
	p.last[actor] = what.last
	p.mu.Unlock()
	p.busy.Delete(actor)
}

// Many goroutines send, while another one commits, and a third asks how it goes.
func TestManySenders(t *testing.T) {
	const senders, actors, rounds = 16, 40, 60
	var dice sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	inner, err := twinstore.New(twinstore.Config{Shards: 4, Fault: func(*shard.Batch) twinstore.Fault {
		dice.Lock()
		defer dice.Unlock()
		if random.IntN(10) > 0 {
			return twinstore.FaultNone
		}
		return []twinstore.Fault{twinstore.FaultRefuse, twinstore.FaultApplied, twinstore.FaultLost}[random.IntN(3)]
	}})
	must(t, err)
	config := shard.DefaultConfig()
	config.RetryMin, config.UpkeepInterval, config.SnapshotInterval = time.Millisecond, 5*time.Millisecond, 5*time.Millisecond
	config.PassivateAfter, config.SnapshotEvents = 10*time.Millisecond, 5
	said := &inOrder{t: t, last: make(map[shard.ID]uint32)}
	node, err := shard.NewNode(config, newBesideStore(t, inner), newWorld(newClock()), said, shard.RealTime(), prometheus.NewRegistry(), zerolog.Nop())
	must(t, err)
	must(t, node.Start(t.Context()))

	var acknowledged [actors][senders * rounds]atomic.Bool
	var senderGroup, watching sync.WaitGroup
	stop := make(chan struct{})
	watching.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				node.Status()
				runtime.Gosched()
			}
		}
	})
	for sender := range senders {
		senderGroup.Go(func() {
			random := rand.New(rand.NewPCG(3, uint64(sender)))
			for round := range rounds {
				actor, id := random.IntN(actors), sender*rounds+round
				for try := 0; !acknowledged[actor][id].Load(); try++ {
					heard := make(chan error, 1)
					cmd := shard.Command{Actor: shard.ID{1, byte(actor)}, Body: note{uint64(id)}, Sender: hearing{heard}, At: time.Now()}
					give := node.Send
					if random.IntN(2) == 0 {
						give = node.Post
					}
					err := give(cmd)
					if err == nil {
						err = <-heard
					}
					switch {
					case err == nil:
						acknowledged[actor][id].Store(true)
					case !errors.Is(err, shard.ErrUnavailable) || try > 1000:
						t.Errorf("note %d: %v", id, err)
						return
					}
				}
			}
		})
	}
	senderGroup.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	must(t, node.Drain(ctx))
	close(stop)
	watching.Wait()

	// What was acknowledged is what the next owner has, each note once.
	next, err := shard.NewNode(config, inner.Reopen(), newWorld(newClock()), said, shard.RealTime(), prometheus.NewRegistry(), zerolog.Nop())
	must(t, err)
	must(t, next.Start(t.Context()))
	sum := 0
	for actor := range actors {
		reply := make(chan any, 1)
		must(t, next.Send(shard.Command{Actor: shard.ID{1, byte(actor)}, Body: look{}, Sender: reading{reply}}))
		seen := make(map[uint64]bool)
		for _, ev := range (<-reply).([]event) {
			if seen[ev.value] || !acknowledged[actor][ev.value].Load() {
				t.Errorf("actor %d has note %d, twice or unasked", actor, ev.value)
			}
			seen[ev.value] = true
		}
		sum += len(seen)
	}
	if sum != senders*rounds {
		t.Errorf("%d notes are there, and %d were acknowledged", sum, senders*rounds)
	}
	must(t, next.Drain(ctx))
	for _, breach := range inner.Breaches() {
		t.Error(breach)
	}
}

// hearing is a Sender that passes the error on; a second answer would block it for ever.
type hearing struct{ heard chan error }

func (h hearing) Answer(_ any, err error) { h.heard <- err }

// reading is a Sender that passes the reply on.
type reading struct{ reply chan any }

func (r reading) Answer(reply any, _ error) { r.reply <- reply }

// Drains, a fencing and senders at once: nobody waits for ever, and nobody hears twice.
func TestEndsWhileMoving(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, store shard.Store, node *shard.Node){
		"drained": func(t *testing.T, _ shard.Store, node *shard.Node) { must(t, node.Drain(t.Context())) },
		"fenced": func(t *testing.T, store shard.Store, node *shard.Node) {
			for i := range store.Shards() {
				_, err := store.Acquire(t.Context(), i)
				must(t, err)
			}
		},
		"closed": func(t *testing.T, store shard.Store, _ *shard.Node) { must(t, store.Close()) },
	} {
		t.Run(name, func(t *testing.T) {
			inner, err := twinstore.New(twinstore.Config{Shards: 4})
			must(t, err)
			node, err := shard.NewNode(shard.DefaultConfig(), newBesideStore(t, inner), newWorld(newClock()), silent{}, shard.RealTime(),
				prometheus.NewRegistry(), zerolog.Nop())
			must(t, err)
			must(t, node.Start(t.Context()))
			var moving sync.WaitGroup
			began := make(chan struct{}, 8)
			for sender := range 8 {
				moving.Go(func() {
					for i := range uint64(1e9) {
						heard := make(chan error, 1)
						err := node.Send(shard.Command{Actor: shard.ID{1, byte(i)}, Body: note{uint64(sender)<<32 | i}, Sender: hearing{heard}})
						if err == nil {
							err = <-heard
						}
						if i == 100 {
							began <- struct{}{}
						}
						if err != nil {
							if !errors.Is(err, shard.ErrUnavailable) {
								t.Errorf("sender %d: %v", sender, err)
							}
							if i < 100 {
								began <- struct{}{}
							}
							return
						}
					}
				})
			}
			for range 8 {
				<-began
			}
			end(t, inner, node)
			moving.Wait()
			must(t, drainIgnoring(node))
		})
	}
}

// drainIgnoring drains a node that may have lost its shards.
func drainIgnoring(node *shard.Node) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := node.Drain(ctx); ctx.Err() != nil {
		return err
	}
	return nil
}

// silent is a publisher that nobody listens to.
type silent struct{}

func (silent) Publish(shard.ID, any) {}
