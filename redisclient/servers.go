package redisclient

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Master returns the client of the one server that holds a key now, by what is known of the cluster; of a client for one
// server, or by Sentinel, that client itself. It may be wrong by the time it is used: then the server says MOVED. It blocks if
// the cluster has not been reached yet. The caller must not close what it returns.
func Master(ctx context.Context, c redis.UniversalClient, key string) (*redis.Client, error) {
	if many, is := c.(*redis.ClusterClient); is {
		return many.MasterForKey(ctx, key)
	}
	return c.(*redis.Client), nil
}

// EachMaster does something with every server that holds keys, several at once, and returns the first error. It asks the
// cluster anew which they are.
func EachMaster(ctx context.Context, c redis.UniversalClient, do func(ctx context.Context, one *redis.Client) error) error {
	if many, is := c.(*redis.ClusterClient); is {
		return many.ForEachMaster(ctx, do)
	}
	return do(ctx, c.(*redis.Client))
}

// Reload has the cluster asked anew which server holds what, soon and without waiting. It is for when a server said MOVED, or
// nothing at all. For one server it does nothing: and Sentinel is asked before each connecting anyway.
func Reload(ctx context.Context, c redis.UniversalClient) {
	if many, is := c.(*redis.ClusterClient); is {
		many.ReloadState(ctx)
	}
}

// Redirected tells whether a server of a Redis Cluster has said that it does not hold the key, or not now. What was asked has
// not happened, and may be asked again, of the right server.
func Redirected(err error) bool {
	for _, prefix := range []string{"MOVED ", "ASK ", "TRYAGAIN ", "CLUSTERDOWN "} {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}
