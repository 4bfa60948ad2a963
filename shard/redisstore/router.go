package redisstore

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/redisclient"
	"github.com/plywire/plywire/shard"
)

// router gives each batch to a lane to the server of a Redis Cluster that holds its shard: a server that does not answer keeps
// only its own shards waiting, and what a request waits for (WAIT) is what its own server has written.
type router struct {
	*queue
	store *Store
	lanes map[string][]*lane // by the server's address
}

func newRouter(s *Store) *router {
	return &router{queue: newQueue(), store: s, lanes: make(map[string][]*lane)}
}

// run routes until the queue is closed, and then closes the lanes.
func (r *router) run() {
	for {
		some, more := r.take(sendBytesMax)
		for _, w := range some {
			r.route(w)
		}
		if more {
			continue
		}
		for _, lanes := range r.lanes {
			for _, l := range lanes {
				l.close()
			}
		}
		return
	}
}

// route asks for the server anew for each batch: shards move, and one that was put again may have to go elsewhere.
func (r *router) route(w *work) {
	ctx, cancel := context.WithTimeout(context.Background(), r.store.cfg.CommitTimeout)
	defer cancel()
	one, err := redisclient.Master(ctx, r.store.journal, w.state.keys.owner)
	if err != nil {
		redisclient.Reload(ctx, r.store.journal)
		w.settle(fmt.Errorf("%w: which server of the Redis Cluster holds it: %w", shard.ErrRefused, err))
		return
	}
	lanes := r.to(one)
	lanes[w.batch.Shard%len(lanes)].push(w) // they are closed by nobody but run
}

// to returns the lanes to a server.
func (r *router) to(one *redis.Client) []*lane {
	address := one.Options().Addr
	if r.lanes[address] == nil {
		for range r.store.cfg.Lanes {
			l := newLane(r.store, one)
			r.lanes[address] = append(r.lanes[address], l)
			r.store.tasks.Go(l.run)
		}
	}
	for _, l := range r.lanes[address] {
		l.server.Store(one) // a server that was gone meanwhile has a client of its own again
	}
	return r.lanes[address]
}
