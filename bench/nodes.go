package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/plywire/plywire/loadtest/process"
)

// nodes are servers on one Redis.
type nodes struct {
	run    *run
	redis  *process.Process
	url    string
	shards int // in the cluster
	book   *book
	all    []*subject // that were ever started
}

// clusterShards is the number of shards that a cluster has by itself.
const clusterShards = 256

// newNodes starts a Redis of its own for nodes. close has to be called in the end.
func (r *run) newNodes(ctx context.Context, shards int) (*nodes, error) {
	n := &nodes{run: r, shards: shards, book: newBook(shards)}
	var err error
	n.redis, n.url, err = r.redis(ctx)
	return n, err
}

// close kills whatever runs.
func (n *nodes) close() error {
	var err error
	for _, s := range n.all {
		err = errors.Join(err, s.process.Kill())
	}
	return errors.Join(err, n.redis.Kill())
}

// start starts a node of that name, on a folder of its own. It returns when clients can come, before it has shards.
func (n *nodes) start(ctx context.Context, name string, more ...string) (*subject, error) {
	folder, err := n.run.folder(name)
	if err != nil {
		return nil, err
	}
	s, err := newSubject()
	if err != nil {
		return nil, err
	}
	flags := append([]string{"--redis", n.url, "--shards", strconv.Itoa(n.shards), "--node", name, "--link", "127.0.0.1:0",
		"--lease", n.run.config.Cluster.Lease.String(), "--handshakes", "5000", "--log-level", "info", "--log-format", "json"}, more...)
	if err := s.serve(ctx, n.run, folder, n.book.reader(name, n.run.config.Log), flags...); err != nil {
		return nil, err
	}
	n.all = append(n.all, s)
	return s, nil
}

// first starts the first node, and waits until it serves all shards.
func (n *nodes) first(ctx context.Context, more ...string) (*subject, error) {
	s, err := n.start(ctx, "n1", more...)
	if err != nil {
		return nil, err
	}
	n.book.takes("n1")
	return s, poll(ctx, pollEvery, func() (bool, error) {
		values, err := s.scrape()
		return values["plywire_cluster_take_seconds_count"] >= float64(n.shards), err
	})
}

// settled waits until each of these nodes serves shards, they serve all, and none has changed hands for a while.
func (n *nodes) settled(ctx context.Context, all ...*subject) error {
	var before []float64
	var since time.Time
	return poll(ctx, pollEvery, func() (bool, error) {
		sum, idle, same := 0.0, false, len(before) == len(all)
		now := make([]float64, len(all))
		for i, s := range all {
			values, err := s.scrape()
			if err != nil {
				return false, err
			}
			now[i] = values["plywire_cluster_shards"]
			sum += now[i]
			idle = idle || now[i] == 0
			same = same && now[i] == before[i]
		}
		if before = now; !same || idle || sum != float64(n.shards) {
			since = time.Now()
		}
		return time.Since(since) >= settledFor, nil
	})
}

const (
	settledFor = 1200 * time.Millisecond // more than two renewals of a lease, at which nodes look at what they should hold
	pollEvery  = 50 * time.Millisecond
)

// poll asks again and again until the answer is yes.
func poll(ctx context.Context, every time.Duration, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, beginMax, fmt.Errorf("not ready within %v", beginMax))
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if yes, err := ask(); yes || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
