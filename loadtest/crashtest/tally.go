package crashtest

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/plywire/plywire/client"
)

// script hands out what the next game is.
func (r *run) script(random *rand.Rand) script {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.library.take(random)
}

// judged takes the verdict on a game.
func (r *run) judged(game string, v Verdict, sums []uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verdict.add(v)
	r.finished = append(r.finished, finished{game, sums})
}

// stuck counts what did not go on, unless the run is over.
func (r *run) stuck(ctx context.Context, why error) {
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verdict.Wrong.Stuck++
	r.verdict.fault("%v", why)
}

// retire closes a connection and counts what it has been through.
func (r *run) retire(c *client.Client) {
	stats := c.Stats()
	_ = c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retired.Connects += max(stats.Connects, 1) - 1
	r.retired.Resent += stats.Resent
	r.retired.Retried += stats.Retried
	r.retired.Healed += stats.Healed
}

// tellEvery is the time between two lines of progress.
const tellEvery = 5 * time.Second

// killed counts a kill, and tells now and then how far it is.
func (r *run) killed(kind Kind) {
	flying := int(r.flying.Load())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[kind]++
	report := &r.report
	report.Kills++
	report.flying += flying
	if report.Kills == 1 || flying < report.FlyingMin {
		report.FlyingMin = flying
	}
	if r.config.Progress == nil || time.Since(report.told) < tellEvery {
		return
	}
	report.told = time.Now()
	r.config.tell("%d of %d kills, %d games ended, %d in flight, %d moves, wrong: %s\n", report.Kills, report.Wanted,
		len(r.finished), flying, r.moves.Load(), r.verdict.Wrong)
}
