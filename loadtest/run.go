package loadtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/time/rate"

	"github.com/plywire/plywire/client"
)

type histogram = hdrhistogram.Histogram

const latencyMost = int64(time.Minute / time.Microsecond)

// run is one load test under way.
type run struct {
	config  Config
	base    string
	http    *http.Client
	limiter *rate.Limiter // nil: none

	moves, reconnects, resent, healed, pranks, lost, doubled atomic.Int64

	acknowledged, received latencies

	mu       sync.Mutex
	report   Report
	progress *progress
}

// job is a record to be played, and what is wrong with it already.
type job struct {
	record Record
	fault  error
}

// Run plays the games and tells how it went. The error is about the run as a whole: a file that cannot be read, or ctx. What
// went wrong in games is in the report; see Report.Err.
func Run(ctx context.Context, config Config) (Report, error) {
	if err := config.Validate(); err != nil {
		return Report{}, err
	}
	r := &run{config: config, base: strings.TrimSuffix(config.Server, "/"), http: &http.Client{Timeout: 30 * time.Second}}
	r.acknowledged.hist = *hdrhistogram.New(1, latencyMost, 3)
	r.received.hist = *hdrhistogram.New(1, latencyMost, 3)
	r.report.Endings = make(map[string]int)
	if config.Rate > 0 {
		r.limiter = rate.NewLimiter(rate.Limit(config.Rate), max(1, int(config.Rate/100)))
	}
	total, err := r.count()
	if err != nil {
		return Report{}, err
	}
	r.progress = newProgress(config, total)
	began := time.Now()
	jobs := make(chan job)
	var players sync.WaitGroup
	for range min(config.Concurrency, max(total, 1)) {
		players.Go(func() {
			for j := range jobs {
				r.one(ctx, j)
			}
		})
	}
	err = r.feed(ctx, jobs)
	close(jobs)
	players.Wait()
	r.progress.end()
	r.http.CloseIdleConnections()
	return r.finish(time.Since(began)), errors.Join(err, context.Cause(ctx))
}

// count goes through the files once, to know how many games there are.
func (r *run) count() (int, error) {
	total := 0
	for _, path := range r.config.Files {
		err := readGames(path, func(int, string, error) bool {
			total++
			return r.config.Games == 0 || total < r.config.Games
		})
		if err != nil {
			return 0, err
		}
	}
	if total == 0 {
		return 0, fmt.Errorf("there is no game in %s", strings.Join(r.config.Files, ", "))
	}
	return total, nil
}

// feed hands the games to the players.
func (r *run) feed(ctx context.Context, jobs chan<- job) error {
	n := 0
	for _, path := range r.config.Files {
		expected, err := ReadExpected(path)
		if err != nil {
			return err
		}
		err = ReadRecords(path, func(record Record, fault error) bool {
			if want, known := expected[record.Site]; known && fault == nil {
				fault = want.check(record)
			}
			select {
			case jobs <- job{record, fault}:
				n++
				return r.config.Games == 0 || n < r.config.Games
			case <-ctx.Done():
				return false
			}
		})
		if err != nil {
			return err
		}
		if r.config.Games > 0 && n >= r.config.Games {
			break
		}
	}
	return nil
}

// one plays one game, and writes down how it went.
func (r *run) one(ctx context.Context, j job) {
	m := &match{run: r, record: j.record, sent: make(map[int]time.Time), cancel: func() {}}
	faults := []error{j.fault}
	if j.fault == nil {
		var err error
		if r.config.Mischief {
			m.chaos, err = r.mischief(ctx, j.record)
		}
		if faults = []error{err}; err == nil {
			faults = m.play(ctx)
		}
		if m.chaos != nil {
			_ = m.chaos.stranger.Close()
		}
	}
	fault := errors.Join(faults...)
	if ctx.Err() != nil {
		return // cut short, which is no fault of the game's
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.add(m, fault)
	r.progress.step(r.moves.Load(), len(r.report.Failures))
}

func (r *run) mischief(ctx context.Context, record Record) (*mischief, error) {
	stranger, err := r.connect(ctx)
	if err != nil {
		return nil, err
	}
	return &mischief{rand: rand.New(rand.NewPCG(r.config.Seed, uint64(record.Number))), stranger: stranger}, nil
}

// connect connects a guest.
func (r *run) connect(ctx context.Context) (*client.Client, error) {
	config := client.DefaultConfig(r.config.Server)
	config.Others, config.Spread = r.config.Others, true
	config.Name = "plywire-replay"
	config.BackoffMax = 2 * time.Second
	c, err := client.Connect(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return c, nil
}

// pace waits until the next move may be sent.
func (r *run) pace(ctx context.Context) error {
	if r.limiter == nil {
		return nil
	}
	return r.limiter.Wait(ctx)
}
