package crashtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/plywire/plywire/loadtest/process"
)

// fleet are the servers that are killed: one with a folder of its own, or the nodes of a cluster and the Redis under them.
type fleet struct {
	config Config
	folder string
	key    []byte // with which users' tokens are signed
	nodes  []*victim
	redis  *redisServer // nil: there is one server, without

	mu      sync.Mutex
	reset   chan struct{} // replaced whenever a server has become ready again, or was thawed
	outages []outage
}

// newFleet prepares the servers and does not start them.
func newFleet(config Config, folder string) (*fleet, error) {
	f := &fleet{config: config, folder: folder, key: newKey(), reset: make(chan struct{})}
	if err := f.prepare(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *fleet) prepare() error {
	key := filepath.Join(f.folder, "token.b64")
	if err := os.WriteFile(key, encodeKey(f.key), 0o600); err != nil {
		return err
	}
	if f.config.Nodes > 1 {
		redis, err := newRedis(filepath.Join(f.folder, "redis"))
		if err != nil {
			return err
		}
		f.redis = redis
	}
	for i := range f.config.Nodes {
		if err := f.add(i, key); err != nil {
			return err
		}
	}
	return nil
}

// add makes one more server.
func (f *fleet) add(i int, key string) (err error) {
	v := &victim{back: f.returned}
	name := "server"
	if f.redis != nil {
		v.name = fmt.Sprintf("n%d", i+1)
		name = v.name
	}
	if v.log, err = newServerLog(filepath.Join(f.folder, name+".log")); err != nil {
		return err
	}
	if f.config.Server != nil {
		v.server, v.url, err = f.config.Server(key)
	} else {
		err = f.plywire(v, key)
	}
	if err != nil {
		return errors.Join(err, v.log.close())
	}
	f.nodes = append(f.nodes, v)
	return nil
}

// plywire makes the server a process of its own.
func (f *fleet) plywire(v *victim, key string) error {
	address, err := process.FreeAddress()
	if err != nil {
		return err
	}
	v.url = "http://" + address
	args := []string{"serve", "--listen", address, "--admin", "off", "--data", filepath.Join(f.folder, "served", v.name), "--jwt-key", key,
		"--limits", "off", "--disk-free-min", "0", "--log-format", "json", "--log-level", "info"}
	if f.redis == nil {
		// A few shards that snapshot and trim all the time: a kill finds them at it.
		args = append(args, "--drain-within", "0s", "--shards", "16",
			"--snapshot-events", "4", "--snapshot-interval", "200ms", "--upkeep-interval", "50ms")
	} else {
		// A client takes a node for gone that is silent for two heartbeats. Most are still there when one that was frozen wakes,
		// and would hear what it acknowledges then.
		args = append(args, "--drain-within", "100ms", "--shards", fmt.Sprint(clusterShards), "--snapshot-events", "8", "--snapshot-interval", "1s",
			"--upkeep-interval", "500ms", "--redis", f.redis.url(), "--link", "127.0.0.1:0", "--node", v.name, "--lease", f.config.Lease.String(),
			"--heartbeat", f.config.Lease.String())
	}
	v.process, err = process.New(process.Config{Binary: f.config.Binary, Log: v.log, Ready: process.ReadyAt(v.url), Args: append(args, f.config.Serve...)})
	v.server = v.process
	return err
}

// clusterShards is how many shards a cluster has.
const clusterShards = 64

// start starts everything, for the first time or after stop.
func (f *fleet) start(ctx context.Context) error {
	if f.redis != nil && !f.redis.process.Running() {
		if err := f.redis.start(ctx); err != nil {
			return err
		}
	}
	for _, v := range f.nodes {
		if err := v.start(ctx); err != nil {
			return f.named(v, err)
		}
	}
	return nil
}

// stop ends all servers in peace, one after the other.
func (f *fleet) stop(ctx context.Context) error {
	for _, v := range f.nodes {
		if err := v.stop(ctx); err != nil {
			return f.named(v, fmt.Errorf("the server did not stop in peace: %w", err))
		}
	}
	return nil
}

// named says of which node an error is.
func (f *fleet) named(v *victim, err error) error {
	if err == nil || v.name == "" {
		return err
	}
	return fmt.Errorf("node %s: %w", v.name, err)
}

// crashed tells whether a server has ended by itself. Requires: nobody has ended any.
func (f *fleet) crashed() bool {
	for _, v := range f.nodes {
		if v.crashed() {
			return true
		}
	}
	return f.redis != nil && !f.redis.process.Running()
}

// urls are those of all servers, that of the i-th first.
func (f *fleet) urls(i int) []string {
	all := make([]string, len(f.nodes))
	for j := range all {
		all[j] = f.nodes[(i+j)%len(f.nodes)].url
	}
	return all
}

// failures are the number of errors in the servers' logs, and the first of them.
func (f *fleet) failures() (n int, first []string) {
	for _, v := range f.nodes {
		more, said := v.log.failures()
		n, first = n+more, append(first, said...)
	}
	return n, first
}

// returned tells whoever waits for it that a server has come back.
func (f *fleet) returned() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.reset)
	f.reset = make(chan struct{})
}

// reborn is closed when a server comes back the next time.
func (f *fleet) reborn() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reset
}

// close kills what runs, and closes the logs.
func (f *fleet) close() error {
	var faults []error
	for _, v := range f.nodes {
		faults = append(faults, v.close())
	}
	if f.redis != nil {
		faults = append(faults, f.redis.close())
	}
	return errors.Join(faults...)
}
