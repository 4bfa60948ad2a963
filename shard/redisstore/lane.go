package redisstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/redisclient"
	"github.com/plywire/plywire/shard"
)

// lane commits the batches of some of the shards to one server. One request is under way at a time; what comes meanwhile goes
// with the next: the busier the node, the more batches share one.
type lane struct {
	*queue
	store  *Store
	server atomic.Pointer[redis.Client]
}

// sendBytesMax bounds a request with more than one batch.
const sendBytesMax = 4 << 20

func newLane(s *Store, server *redis.Client) *lane {
	l := &lane{queue: newQueue(), store: s}
	l.server.Store(server)
	return l
}

// run commits until the lane is closed.
func (l *lane) run() {
	for {
		some, more := l.take(sendBytesMax)
		if len(some) > 0 {
			l.commit(some)
		}
		if !more {
			return
		}
	}
}

// commit puts batches to Redis and answers them.
func (l *lane) commit(some []*work) {
	commands, spread := l.send(some)
	var again []*work
	for i, w := range some {
		if redis.HasErrorPrefix(commands[i].Err(), "NOSCRIPT") {
			again = append(again, w)
		} else {
			l.settle(w, commands[i], spread)
		}
	}
	if len(again) == 0 {
		return
	}
	// Redis has been started again, or was promoted. None of these was run.
	if err := l.teach(); err != nil {
		l.store.cfg.Logger.Warn().Err(err).Msg("Redis has lost the scripts, and does not take them")
	}
	commands, spread = l.send(again)
	for i, w := range again {
		l.settle(w, commands[i], spread)
	}
}

// settle answers a batch.
func (l *lane) settle(w *work, said *redis.Cmd, spread error) {
	observer := &l.store.cfg.Observer
	err := w.verdict(said)
	if err == nil {
		err = spread
	}
	switch {
	case err == nil:
		if observer.Committed != nil {
			observer.Committed(time.Since(w.since))
		}
	case errors.Is(err, shard.ErrUnknown):
		if observer.Unsure != nil {
			observer.Unsure()
		}
	}
	if said.Err() != nil {
		redisclient.Reload(context.Background(), l.store.journal)
	}
	w.settle(err)
}

// send sends the batches in one request. Each has an answer or an error of its own; spread is what keeps those from being
// durable that say they are.
func (l *lane) send(some []*work) (commands []*redis.Cmd, spread error) {
	ctx, cancel := context.WithTimeout(context.Background(), l.store.cfg.CommitTimeout)
	defer cancel()
	bytes := 0
	server := l.server.Load()
	pipe := server.Pipeline()
	commands = make([]*redis.Cmd, len(some))
	for i, w := range some {
		commands[i] = pipe.Do(ctx, w.command()...)
		bytes += w.bytes
	}
	receipt := l.store.promise.claim(ctx, pipe, server, l.store.cfg.CommitTimeout)
	_, _ = pipe.Exec(ctx) // each command has its error
	if sent := l.store.cfg.Observer.Sent; sent != nil {
		sent(len(some), bytes)
	}
	return commands, receipt.err()
}

// teach loads the script that commits.
func (l *lane) teach() error {
	ctx, cancel := context.WithTimeout(context.Background(), l.store.cfg.CommitTimeout)
	defer cancel()
	return commitScript.Load(ctx, l.server.Load()).Err()
}
