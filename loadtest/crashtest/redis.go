package crashtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/loadtest/process"
	"github.com/plywire/plywire/shard"
)

// redisServer is the Redis under a cluster, in a process of its own, with the settings that nothing acknowledged is lost with.
type redisServer struct {
	process *process.Process
	address string
	client  *redis.Client
}

// newRedis prepares a server that keeps everything in that folder, and does not start it.
func newRedis(folder string) (*redisServer, error) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("several nodes need redis-server (7.0 or newer), which is not installed: %w", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(address)
	r := &redisServer{address: address, client: redis.NewClient(&redis.Options{Addr: address, MaxRetries: -1})}
	r.process, err = process.New(process.Config{Binary: binary, Ready: r.ready, Args: []string{"--bind", "127.0.0.1", "--port", port, "--dir", folder,
		"--logfile", filepath.Join(folder, "log"), "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--save", ""}})
	return r, err
}

func (r *redisServer) url() string { return "redis://" + r.address }

// ready tells whether the server can be used: while it reads what it has kept it says that it is loading.
func (r *redisServer) ready(ctx context.Context) error {
	asker := redis.NewClient(&redis.Options{Addr: r.address, MaxRetries: -1})
	defer asker.Close()
	return asker.Ping(ctx).Err()
}

func (r *redisServer) start(ctx context.Context) error {
	if err := errors.Join(r.process.Launch(), r.process.WaitReady(ctx)); err != nil {
		return fmt.Errorf("Redis: %w", err)
	}
	return nil
}

func (r *redisServer) close() error { return errors.Join(r.process.Kill(), r.client.Close()) }

// holdersMax bounds the question who holds what.
const holdersMax = 5 * time.Second

// holders are the names of the nodes that hold the shards, as the cluster has it in its Redis; of one whose holder nobody
// knows any more, none. It is the one thing that cannot be asked over the protocol, and without it nobody could say whose death
// a game has to be spared from.
func (r *redisServer) holders(ctx context.Context) (map[int]string, error) {
	ctx, cancel := context.WithTimeout(ctx, holdersMax)
	defer cancel()
	pipe := r.client.TxPipeline()
	holds, members := pipe.HGetAll(ctx, "{plywire}:map"), pipe.HGetAll(ctx, "{plywire}:members")
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("ask Redis who holds the shards: %w", err)
	}
	names := make(map[string]string)
	for id, text := range members.Val() {
		var member struct{ Name string }
		if err := json.Unmarshal([]byte(text), &member); err != nil {
			return nil, fmt.Errorf("what node %s says of itself in Redis: %w", id, err)
		}
		names[id] = member.Name
	}
	all := make(map[int]string)
	for field, id := range holds.Val() {
		if index, err := strconv.Atoi(field); err == nil && field != "version" && names[id] != "" {
			all[index] = names[id]
		}
	}
	return all, nil
}

// shardOf is the shard of a game in a cluster; -1 for what is no game's id.
func shardOf(game string) int {
	id, err := uuid.Parse(game)
	if err != nil {
		return -1
	}
	return shard.Of(id, clusterShards)
}
