// Package redisclient says how Redis is reached: one server, the primary that Sentinel names, or a Redis Cluster.
//
// It must never send anything twice by itself: what was asked may have happened although its answer was lost, and only who
// asked knows whether it may happen again.
package redisclient

import (
	"crypto/tls"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// kind is how the server of a key is found.
type kind int

const (
	single   kind = iota // it is the only one
	sentinel             // Sentinel says which is the primary
	cluster              // the nodes of a Redis Cluster say which has the key's slot
)

// Target is where Redis is. The zero value is invalid: it comes from Parse.
type Target struct {
	kind      kind
	one       redis.Options // of a single server
	addresses []string      // of sentinels, or of nodes of a cluster; each host:port
	name      string        // by which Sentinel knows the primary
	db        int
	login     login
	asking    login // to the sentinels
	tls       *tls.Config
}

// login is a user and a password; either may be empty.
type login struct{ user, password string }

// Cluster tells whether it is a Redis Cluster.
func (t Target) Cluster() bool { return t.kind == cluster }

// Sentinel tells whether Sentinel says which server is the primary.
func (t Target) Sentinel() bool { return t.kind == sentinel }

// String says where it is, without any secret.
func (t Target) String() string {
	switch t.kind {
	case sentinel:
		return "Redis, primary " + t.name + " of the sentinels " + strings.Join(t.addresses, ", ")
	case cluster:
		return "Redis Cluster at " + strings.Join(t.addresses, ", ")
	}
	return "Redis at " + t.one.Addr
}

// Open makes a client, and does not connect yet. timeout bounds the connecting, the sending and each wait for an answer or
// for a free connection; whoever asks is bounded by his context as well, also while the server hangs. connections is how many
// are open to a server at the most. No request is sent twice, also not to another server of a cluster: an error MOVED or
// ASK comes back like any other, see Redirected.
//
// A client of a Redis Cluster routes each command by its key; for more than that, Master returns the client of one server.
func (t Target) Open(timeout time.Duration, connections int) redis.UniversalClient {
	quiet()
	switch t.kind {
	case sentinel:
		return redis.NewFailoverClient(t.sentinelOptions(timeout, connections))
	case cluster:
		return redis.NewClusterClient(t.clusterOptions(timeout, connections))
	}
	return redis.NewClient(t.options(timeout, connections))
}

// quiet keeps go-redis from writing to the process's output: its errors all come back to us.
var quiet = sync.OnceFunc(logging.Disable)

func (t Target) options(timeout time.Duration, connections int) *redis.Options {
	o := t.one
	o.MaxRetries = -1
	o.ContextTimeoutEnabled = true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	o.DialerRetries = 1
	o.PoolSize, o.MaxActiveConns = connections, connections
	o.PipelinePoolSize = -1
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled} // they would stretch the time-outs
	return &o
}

func (t Target) sentinelOptions(timeout time.Duration, connections int) *redis.FailoverOptions {
	return &redis.FailoverOptions{
		MasterName: t.name, SentinelAddrs: t.addresses, DB: t.db,
		Username: t.login.user, Password: t.login.password, SentinelUsername: t.asking.user, SentinelPassword: t.asking.password,
		TLSConfig:             t.tls,
		MaxRetries:            -1,
		ContextTimeoutEnabled: true,
		DialTimeout:           timeout, ReadTimeout: timeout, WriteTimeout: timeout, PoolTimeout: timeout,
		DialerRetries: 1,
		PoolSize:      connections, MaxActiveConns: connections,
		PipelinePoolSize: -1,
		DisableIdentity:  true,
	}
}

func (t Target) clusterOptions(timeout time.Duration, connections int) *redis.ClusterOptions {
	return &redis.ClusterOptions{
		Addrs: t.addresses, Username: t.login.user, Password: t.login.password,
		TLSConfig:             t.tls,
		MaxRedirects:          -1, // these are its retries: it counts lost connections among them
		MaxRetries:            -1,
		ContextTimeoutEnabled: true,
		DialTimeout:           timeout, ReadTimeout: timeout, WriteTimeout: timeout, PoolTimeout: timeout,
		DialerRetries: 1,
		PoolSize:      connections, MaxActiveConns: connections,
		PipelinePoolSize:         -1,
		DisableIdentity:          true,
		DisableRoutingPolicies:   true, // by its key, and not by what Redis says of the command
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}
