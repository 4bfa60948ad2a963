// Package crashtest plays games against a server in a process of its own, kills the process again and again, starts it again
// on the same data, and looks for everything that must not come of it: an acknowledged move that is lost, one that is made
// twice, an event that somebody missed or saw otherwise, a clock that ran while nobody served the game.
//
// It must know the server only through the protocol, its command line and its metrics.
package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plywire/plywire/client"
)

// run is one crash test under way.
type run struct {
	config   Config
	ctx      context.Context // of all of it, for those who have to know why theirs has ended
	fleet    *fleet
	killer   *killer  // of one server; nil: there are more
	breaker  *breaker // of a cluster; nil: there is one server
	still    *standstill
	watchers []*client.Client
	ending   chan struct{} // closed when there will be no more kills: games are ended
	counts   map[Kind]int  // guarded by mu

	flying, moves, again, twice, connects atomic.Int64

	mu       sync.Mutex
	library  *library
	verdict  Verdict
	finished []finished
	report   Report // what is counted on the way
	retired  client.Stats
}

// finished is a game that was judged when it ended, and is looked at again in the end.
type finished struct {
	game   string
	digest []uint64
}

// watchersShare is how many games one watcher watches.
const watchersShare = 10

// errTime says that the run was cut short.
var errTime = errors.New("the time is up")

// Run kills, and tells how it went. The error is about the run as a whole: it could not be carried out, or was cut short.
// What is wrong with the server is in the report; see Report.Err.
func Run(ctx context.Context, config Config) (report Report, err error) {
	if err := config.Validate(); err != nil {
		return Report{}, err
	}
	folder := config.Folder
	if folder == "" {
		if folder, err = os.MkdirTemp("", "plywire-crashtest-"); err != nil {
			return Report{}, err
		}
		defer func() {
			if err == nil && report.Err() == nil {
				_ = os.RemoveAll(folder)
			}
		}()
	} else if err := os.MkdirAll(folder, 0o700); err != nil {
		return Report{}, err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return Report{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, config.Timeout, errTime)
	defer cancel()
	r := &run{config: config, ctx: ctx, ending: make(chan struct{}), counts: make(map[Kind]int), still: newStandstill(),
		report: Report{Seed: config.Seed, Wanted: config.Kills + config.RedisKills, Nodes: config.Nodes, Lease: config.Lease, Folder: folder}}
	random := rand.New(rand.NewPCG(config.Seed, 0))
	if r.library, err = newLibrary(config.Files, random); err != nil {
		return Report{}, err
	}
	if r.fleet, err = newFleet(config, folder); err != nil {
		return Report{}, err
	}
	if config.Nodes == 1 {
		r.killer = &killer{victim: r.fleet.nodes[0], random: random}
	} else if r.breaker, err = newBreaker(r, folder, random); err != nil {
		return Report{}, errors.Join(err, r.fleet.close())
	}
	began := time.Now()
	err = r.carryOut(ctx)
	err = errors.Join(err, r.fleet.close())
	if r.breaker != nil {
		err = errors.Join(err, r.breaker.log.Close())
	}
	return r.finish(began), err
}

// carryOut has the games played and the server killed, and looks at everything once more in the end.
func (r *run) carryOut(ctx context.Context) error {
	players, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	attack := r.killAll
	if r.breaker != nil {
		attack = r.breaker.all
	}
	if err := r.populate(players, &group); err != nil {
		return r.died(err)
	}
	if err := attack(ctx); err != nil {
		return r.died(err)
	}
	close(r.ending)
	group.Wait()
	for _, c := range r.watchers {
		r.retire(c)
	}
	return r.died(r.lookAgain(ctx))
}

// populate starts the servers and the players, and waits until all of them play.
func (r *run) populate(ctx context.Context, group *sync.WaitGroup) error {
	if err := r.fleet.start(ctx); err != nil {
		return err
	}
	for i := range (r.config.Games + watchersShare - 1) / watchersShare {
		c, err := r.connect(ctx, fmt.Sprintf("watcher-%d", i))
		if err != nil {
			return err
		}
		r.watchers = append(r.watchers, c)
	}
	for i := range r.config.Games {
		p := newPair(r, i)
		group.Go(func() { p.play(ctx) })
	}
	for r.moves.Load() < int64(r.config.Games) {
		if err := pause(ctx, againEvery); err != nil {
			return err
		}
	}
	return nil
}

// killAll kills the one server again and again. When it returns without an error the server runs.
func (r *run) killAll(ctx context.Context) error {
	kind, err := r.killer.wait(ctx, plan{KindPlaying, r.killer.random.Float64()})
	if err == nil && r.fleet.crashed() {
		err = errCrashed
	}
	if err != nil {
		return err
	}
	if err := r.killer.victim.kill(); err != nil {
		return err
	}
	r.killed(kind)
	for n := 1; n < r.config.Kills; n++ {
		kind, err := r.killer.once(ctx)
		if err != nil {
			return fmt.Errorf("after %d of %d kills: %w", n, r.config.Kills, err)
		}
		r.killed(kind)
	}
	if err := r.killer.victim.start(ctx); err != nil {
		return fmt.Errorf("after the last kill: %w", err)
	}
	return nil
}

// lookAgain compares every game with what it was when it ended, on servers that were ended in peace and started again.
func (r *run) lookAgain(ctx context.Context) error {
	if err := errors.Join(r.fleet.stop(ctx), r.fleet.start(ctx)); err != nil {
		return err
	}
	for _, before := range r.finished {
		history, err := r.fleet.events(ctx, before.game)
		if err != nil {
			return fmt.Errorf("look again at game %s: %w", before.game, err)
		}
		r.verdict.add(compare(before.game, before.digest, digest(history)))
	}
	return r.fleet.stop(ctx)
}

// died counts the death of a server that nobody has killed, if that is why the run cannot go on.
func (r *run) died(err error) error {
	crashed := errors.Is(err, errCrashed) || r.killer != nil && r.fleet.crashed()
	if err != nil && r.ctx.Err() == nil && crashed {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.verdict.Wrong.Crashes++
	}
	return err
}

func (r *run) over() bool {
	select {
	case <-r.ending:
		return true
	default:
		return false
	}
}

// connect connects a user: to one of the nodes after the other, and he goes on over any of them.
func (r *run) connect(ctx context.Context, user string) (*client.Client, error) {
	urls := r.fleet.urls(int(r.connects.Add(1)))
	config := client.DefaultConfig(urls[0])
	config.Others = urls[1:]
	if len(urls) > 1 {
		config.ConnectTimeout = r.config.Lease // a frozen node takes connections and says nothing
	}
	config.Name, config.Token = "plywire-crashtest", r.fleet.token(user)
	config.BackoffBase, config.BackoffMax = 20*time.Millisecond, 200*time.Millisecond
	return client.Connect(ctx, config)
}
