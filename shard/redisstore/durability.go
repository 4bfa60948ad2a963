package redisstore

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/shard"
)

// Durability is what has to be so before a write counts as durable.
type Durability string

const (
	// Auto is Replicas where every server has replicas when the store is opened, and Primary elsewhere.
	Auto Durability = "auto"
	// Primary is that Redis has it.
	Primary Durability = "primary"
	// Replicas is that all replicas that are connected have it, too: Config.Replicas of them at the least, and one.
	Replicas Durability = "replicas"
	// Fsync is that it is on the disk of Redis, and of all replicas that are connected: Config.Replicas of them at the least.
	// Redis says so from 7.2 on (WAITAOF). An older one has to sync before it answers (appendfsync always); then the replicas
	// have it in memory.
	Fsync Durability = "fsync"
)

// promise is what the store waits for after a write.
type promise struct {
	// Set when the store is opened, never changed.
	level   Durability // not Auto
	least   int        // replicas without which nothing is durable
	waitAOF bool       // for Fsync: the servers know WAITAOF

	mu     sync.Mutex
	online map[string]int // replicas of a server, by its address, as it said last
}

// noted remembers how many replicas a server has, and returns how many of them have to have a write.
func (p *promise) noted(address string, online int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.online == nil {
		p.online = make(map[string]int)
	}
	p.online[address] = online
	return max(p.least, online)
}

func (p *promise) wanted(address string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.least, p.online[address])
}

// receipt is what a server says about how durable the writes of one request are.
type receipt struct {
	promise     *promise
	address     string
	asked       int // replicas
	replication *redis.StringCmd
	copies      *redis.Cmd // nil: none were asked for
}

// claim adds to a request, behind its writes, what has to be known before they count as durable. Redis waits for what the
// same connection has written, for timeout at the most.
func (p *promise) claim(ctx context.Context, pipe redis.Pipeliner, one *redis.Client, timeout time.Duration) *receipt {
	if p.level == Primary {
		return nil
	}
	address := one.Options().Addr
	r := &receipt{promise: p, address: address, asked: p.wanted(address), replication: pipe.Info(ctx, "replication")}
	ms := max(1, (timeout * 3 / 4).Milliseconds())
	switch {
	case p.waitAOF:
		r.copies = pipe.Do(ctx, "waitaof", 1, r.asked, ms)
	case r.asked > 0:
		r.copies = pipe.Do(ctx, "wait", r.asked, ms)
	}
	return r
}

// err is nil if the writes are durable. Otherwise their fate is unknown: of servers that have them and others that do not,
// nobody knows which will be the primary.
func (r *receipt) err() error {
	if r == nil {
		return nil
	}
	replication, err := r.replication.Result()
	if err != nil {
		return fmt.Errorf("%w: which replicas there are: %w", shard.ErrUnknown, err)
	}
	wanted := r.promise.noted(r.address, onlineReplicas(replication))
	if r.asked < wanted {
		return fmt.Errorf("%w: Redis has %d replicas, and %d were waited for", shard.ErrUnknown, wanted, r.asked)
	}
	if r.copies == nil {
		return nil
	}
	got, local, err := r.count()
	switch {
	case err != nil:
		return fmt.Errorf("%w: whether the replicas have it: %w", shard.ErrUnknown, err)
	case !local:
		return fmt.Errorf("%w: Redis does not have it on its disk", shard.ErrUnknown)
	case got < wanted:
		return fmt.Errorf("%w: %d of %d replicas have it", shard.ErrUnknown, got, wanted)
	}
	return nil
}

// count is how many replicas have the writes, and whether the server itself does.
func (r *receipt) count() (replicas int, local bool, err error) {
	if !r.promise.waitAOF {
		replicas, err = r.copies.Int()
		return replicas, true, err
	}
	got, err := r.copies.Int64Slice()
	if err == nil && len(got) != 2 {
		err = fmt.Errorf("WAITAOF says %d numbers, want 2", len(got))
	}
	if err != nil {
		return 0, false, err
	}
	return int(got[1]), got[0] >= 1, nil
}

// onlineReplicas counts the replicas that follow a server, in what it says about replication (INFO).
func onlineReplicas(replication string) int { return strings.Count(replication, ",state=online,") }
