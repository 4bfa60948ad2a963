package redisstore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/shard"
)

// work is one batch on its way to Redis.
type work struct {
	state *shardState
	batch *shard.Batch
	done  func(error)
	since time.Time
	bytes int
}

// Commit implements shard.Store. It queues the batch and does not block. A shard has one batch of its owner under way at the
// most, a second one is refused; so the queue is bounded by the number of shards.
//
// done is called by a goroutine that many shards share: it must be quick and must not block. It may call Commit.
func (s *Store) Commit(batch *shard.Batch, done func(error)) {
	if err := batch.Check(s.cfg.Shards); err != nil {
		done(fmt.Errorf("%w: malformed batch: %w", shard.ErrRefused, err))
		return
	}
	w := &work{state: &s.states[batch.Shard], batch: batch, done: done, since: time.Now(), bytes: batchBytes(batch)}
	if w.bytes > s.cfg.BatchBytesMax {
		done(fmt.Errorf("%w: the batch has %d bytes; %d are allowed", shard.ErrRefused, w.bytes, s.cfg.BatchBytesMax))
		return
	}
	if !w.state.take(batch.Token) {
		done(fmt.Errorf("%w: a batch of shard %d is under way already", shard.ErrRefused, batch.Shard))
		return
	}
	if !s.doors[batch.Shard%len(s.doors)].push(w) {
		w.settle(shard.ErrClosed)
	}
}

// take notes that a batch of an owner is under way. It returns false if one is already.
func (s *shardState) take(token shard.Token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flying == token && token != (shard.Token{}) {
		return false
	}
	s.flying = token
	return true
}

// settle answers the batch, after which nothing of it is touched any more.
func (w *work) settle(err error) {
	w.state.mu.Lock()
	if w.state.flying == w.batch.Token {
		w.state.flying = shard.Token{}
	}
	w.state.mu.Unlock()
	w.done(err)
}

// command is the batch as a call of commitScript.
func (w *work) command() []any {
	b, k := w.batch, &w.state.keys
	head := b.Head + uint64(len(b.Entries))
	behind := "0"
	if b.Trim > 0 {
		behind = strconv.FormatUint(b.Trim+1, 10)
	}
	args := make([]any, 0, 16+5*len(b.Snapshots))
	args = append(args, "evalsha", commitScript.Hash(), 5+len(b.Snapshots), k.owner, k.head, k.journal, k.live, k.expiry)
	for i := range b.Snapshots {
		args = append(args, k.of(b.Snapshots[i].Actor))
	}
	args = append(args, uint64(b.Token.Epoch), b.Token.Owner.String(), b.ID.String(), b.Head, head, timeText(b.At), behind)
	if len(b.Entries) == 0 {
		args = append(args, "")
	} else {
		args = append(args, sealEntries(k, head, b.Entries))
	}
	for i := range b.Snapshots {
		n := &b.Snapshots[i]
		resident := "0"
		if n.Resident {
			resident = "1"
		}
		args = append(args, n.Actor.String(), resident, expiryScore(n.Expires), sealSnapshot(k, n))
	}
	return args
}

// verdict is what Redis has said of the batch.
func (w *work) verdict(cmd *redis.Cmd) error {
	said, err := cmd.StringSlice()
	switch {
	case err != nil:
		return refusal(err)
	case len(said) < 2 || said[1] != w.batch.ID.String():
		return fmt.Errorf("%w: the answer %q is not to this batch", shard.ErrUnknown, said)
	}
	switch said[0] {
	case "OK", "DUP":
		return nil
	case "FENCED":
		return shard.ErrFenced
	case "HEAD":
		head, err := strconv.ParseUint(said[len(said)-1], 10, 64)
		if err != nil {
			return fmt.Errorf("%w: it is %q", shard.ErrHead, said[len(said)-1])
		}
		return fmt.Errorf("%w, and the batch counts on %d", &shard.HeadError{Head: head}, w.batch.Head)
	}
	return fmt.Errorf("%w: Redis says %q", shard.ErrUnknown, said)
}

// refusals are the errors by which Redis says, before it starts a script, that it does not; and what an operator should know.
var refusals = []struct{ prefix, what string }{
	{"OOM ", "Redis has no memory left: give it more (maxmemory)"},
	{"MISCONF ", "Redis cannot write to its disk"},
	{"READONLY ", "this Redis is a replica"},
	{"NOREPLICAS ", "Redis has too few replicas to accept writes (min-replicas-to-write)"},
	{"LOADING ", "Redis is still loading its data"},
	{"MASTERDOWN ", "Redis has lost its primary"},
	{"CLUSTERDOWN ", "the Redis Cluster is down"},
	{"MOVED ", "another server of the Redis Cluster holds the shard now"},
	{"ASK ", "the shard is on its way to another server of the Redis Cluster"},
	{"TRYAGAIN ", "the shard is on its way to another server of the Redis Cluster"},
	{"NOAUTH ", "Redis wants a password: it belongs in the URL"},
	{"ERR Protocol error: unauthenticated ", "Redis wants a password: it belongs in the URL"}, // what it says to a long command
	{"WRONGPASS ", "Redis does not accept the user and password of the URL"},
	{"NOPERM ", "the user of the URL may not run what Plywire needs"},
	{"NOSCRIPT ", "Redis has lost the scripts"},
	{"BUSY ", "Redis is busy with somebody's script"},
}

// refusal is what an error of a commit means: only what Redis is known to say before it has changed anything is a refusal.
func refusal(err error) error {
	if what := explain(err); what != "" {
		return fmt.Errorf("%w: %s: %w", shard.ErrRefused, what, err)
	}
	return fmt.Errorf("%w: %w", shard.ErrUnknown, err)
}

// explain is what an operator should know of an error, if it is one of refusals.
func explain(err error) string {
	var said redis.Error
	if errors.As(err, &said) {
		for _, known := range refusals {
			if strings.HasPrefix(said.Error(), known.prefix) {
				return known.what
			}
		}
	}
	return ""
}
