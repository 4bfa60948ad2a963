package redisregistry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// secretBytes is the length of a secret, in bytes of chance.
const secretBytes = 32

// Secret is what all nodes of the cluster know and nobody else: who may read the cluster's keys in Redis can do as he likes with
// its games anyway. The first who asks draws it. It blocks, no longer than ctx allows.
func Secret(ctx context.Context, client redis.UniversalClient, name string) ([]byte, error) {
	key := "{" + name + "}:secret"
	drawn := make([]byte, secretBytes)
	_, _ = rand.Read(drawn) // never fails: see crypto/rand
	if err := client.SetNX(ctx, key, hex.EncodeToString(drawn), 0).Err(); err != nil {
		return nil, fmt.Errorf("redisregistry: draw the secret of cluster %s: %w", name, err)
	}
	text, err := client.Get(ctx, key).Result()
	if err != nil {
		return nil, fmt.Errorf("redisregistry: read the secret of cluster %s: %w", name, err)
	}
	secret, err := hex.DecodeString(text)
	if err != nil || len(secret) != secretBytes {
		return nil, fmt.Errorf("redisregistry: the key %s holds no secret of a cluster: is it somebody else's?", key)
	}
	return secret, nil
}
