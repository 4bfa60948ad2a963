package redisregistry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/redisclient"
)

// run runs a script, and returns what it answers, at least one thing.
func (r *Registry) run(ctx context.Context, script *redis.Script, args ...any) ([]any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	tag := fmt.Sprintf("%018d", rand.Uint64N(1e18))
	said, err := script.Run(bounded, r.client, r.keys, append([]any{tag}, args...)...).Slice()
	if err != nil {
		if redisclient.Redirected(err) || !spoken(err) {
			redisclient.Reload(ctx, r.client)
		}
		return nil, explain(err)
	}
	if len(said) < 2 || said[0] != tag {
		return nil, fmt.Errorf("Redis has answered another question: whether this was done is not known")
	}
	return said[1:], nil
}

// verdict is what Redis has answered with a word.
func verdict(said []any) error {
	switch said[0] {
	case "OK":
		return nil
	case "NOMEMBER":
		return cluster.ErrNoMember
	case "NOTHOLDER":
		return cluster.ErrNotHolder
	}
	return fmt.Errorf("Redis says %q", said)
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
	{"MOVED ", "another server of the Redis Cluster has the registry"},
	{"ASK ", "the registry is moving to another server of the Redis Cluster"},
	{"TRYAGAIN ", "the registry is moving to another server of the Redis Cluster"},
	{"NOAUTH ", "Redis wants a password: it belongs in the URL"},
	{"ERR Protocol error: unauthenticated ", "Redis wants a password: it belongs in the URL"}, // what it says to a long command
	{"WRONGPASS ", "Redis does not accept the user and password of the URL"},
	{"NOPERM ", "the user of the URL may not run what Plywire needs"},
	{"BUSY ", "Redis is busy with somebody's script"},
	{"WRONGTYPE ", "a key of the registry is somebody else's"},
}

// explain says what an error means, and whether anything can have happened.
func explain(err error) error {
	for _, known := range refusals {
		if redis.HasErrorPrefix(err, known.prefix) {
			return fmt.Errorf("nothing was done: %s: %w", known.what, err)
		}
	}
	if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
		return fmt.Errorf("no answer from Redis in time, whether it was done is not known: %w", err)
	}
	return fmt.Errorf("whether it was done is not known: %w", err)
}

// spoken tells whether an error is what Redis says, and not that it could not be heard.
func spoken(err error) bool {
	var said redis.Error
	return errors.As(err, &said)
}
