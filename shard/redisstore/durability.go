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
	// Replicas is that all its replicas have it, too. See Config.Replicas for which these are.
	Replicas Durability = "replicas"
	// Fsync is that it is on the disk of Redis, and of all its replicas, if it has any. Redis says so from 7.2 on (WAITAOF). An
	// older one has to sync before it answers (appendfsync always); then the replicas have it in memory.
	Fsync Durability = "fsync"
)

// promise is what the store waits for after a write.
type promise struct {
	// Set when the store is opened, never changed.
	level   Durability // not Auto
	least   int        // replicas without which nothing is durable
	named   bool       // the operator has said how many suffice
	waitAOF bool       // for Fsync: the servers know WAITAOF

	mu        sync.Mutex
	following map[string]following // by a server's address
}

// following are the replicas of a server since it became the primary.
type following struct {
	history string // what Redis calls its replication ID; every primary begins one of its own
	most    int    // replicas at a time
	now     int
}

// noted remembers what a server says about its replication (INFO), and returns how many replicas have to have a write.
//
// All that were there at any time count, and not those alone that are there now: one that is gone may have been promoted, and
// then what only the others have will be lost. A primary that lives and does not know yet that it is replaced sees just that.
func (p *promise) noted(address, replication string) int {
	history, now := field(replication, "master_replid"), onlineReplicas(replication)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.following == nil {
		p.following = make(map[string]following)
	}
	f := p.following[address]
	if f.history != history {
		f = following{history: history}
	}
	f.now, f.most = now, max(f.most, now)
	p.following[address] = f
	return p.of(f)
}

// wanted is how many replicas of a server have to have a write, by what is known of it.
func (p *promise) wanted(address string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of(p.following[address])
}

func (p *promise) of(f following) int {
	if p.named {
		return max(p.least, f.now)
	}
	return max(p.least, f.most)
}

// receipt is what a server says about how durable the writes of one request are.
type receipt struct {
	promise     *promise
	address     string
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
	r := &receipt{promise: p, address: address, replication: pipe.Info(ctx, "replication")}
	ms := max(1, (timeout * 3 / 4).Milliseconds())
	switch n := p.wanted(address); {
	case p.waitAOF:
		r.copies = pipe.Do(ctx, "waitaof", 1, n, ms)
	case n > 0:
		r.copies = pipe.Do(ctx, "wait", n, ms)
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
	wanted := r.promise.noted(r.address, replication)
	if r.copies == nil {
		if wanted > 0 {
			return fmt.Errorf("%w: Redis has %d replicas now, and none was waited for", shard.ErrUnknown, wanted)
		}
		return nil
	}
	got, local, err := r.count()
	switch {
	case err != nil:
		return fmt.Errorf("%w: whether the replicas have it: %w", shard.ErrUnknown, err)
	case !local:
		return fmt.Errorf("%w: Redis does not have it on its disk", shard.ErrUnknown)
	case got < wanted:
		where := "have it"
		if r.promise.waitAOF {
			where = "have it on their disks (appendonly yes?)"
		}
		return fmt.Errorf("%w: %d of %d replicas %s", shard.ErrUnknown, got, wanted, where)
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

// onlineReplicas counts the replicas that follow a server, in what it says about its replication (INFO).
func onlineReplicas(replication string) int { return strings.Count(replication, ",state=online,") }

// field is a field of INFO.
func field(info, name string) string {
	_, rest, _ := strings.Cut(info, "\n"+name+":")
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}
