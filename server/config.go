package server

import (
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/gateway"
	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/localstore"
	"github.com/plywire/plywire/shard/redisstore"
	"github.com/plywire/plywire/table"
)

// Config configures a whole server: each room's own configuration, and where to listen. Start from DefaultConfig.
type Config struct {
	Listen        string // TCP address for clients, "host:port"; port 0 takes any
	Admin         string // TCP address for operators; empty: none
	PublicMetrics bool   // /metrics is served to clients, too
	Memory        bool   // keep everything in memory, for tests: nothing survives
	Gateway       gateway.Config
	Auth          auth.Config
	Table         table.Config
	Shard         shard.Config
	Store         localstore.Config
	Redis         redisstore.Config // with a URL, the shards are kept there, and not in the folder of Store
	Cluster       cluster.Config    // of a node whose shards are in Redis, beside others
	Link          LinkConfig
	Log           zerolog.Logger

	AdminTokenFile string        // holds what operators need who change something; it is made if it is not there
	OrderTimeout   time.Duration // how long an operator waits for a shard to move, or a node to be drained

	ownKey string // the file of the node's own key for resume tokens
}

// DefaultConfig is a server that plays by the rules of the registry, keeps its data in the folder data, and lets guests in.
func DefaultConfig(registry *game.Registry, data string) Config {
	config := Config{Listen: ":8080", Admin: "127.0.0.1:9090", PublicMetrics: true,
		Gateway: gateway.DefaultConfig(), Auth: auth.DefaultConfig(), Table: table.DefaultConfig(), Shard: shard.DefaultConfig(),
		Store: localstore.DefaultConfig(), Redis: redisstore.DefaultConfig(), Cluster: cluster.DefaultConfig(),
		Link: LinkConfig{Listen: ":9092"}, Log: zerolog.Nop(), OrderTimeout: 30 * time.Second}
	config.Table.Registry = registry
	config.SetData(data)
	return config
}

// SetData puts everything that the server keeps into one folder.
func (c *Config) SetData(folder string) {
	c.Store.Dir = folder + "/store"
	c.Redis.Mark = folder + "/redis-incarnation"
	c.Link.NodeFile = folder + "/redis-node"
	c.AdminTokenFile = folder + "/admin.token"
	c.ownKey = folder + "/resume.key"
	c.Auth.ResumeKeyFiles = []string{c.ownKey}
}

// SetLease makes everything that follows from a lease fit to one of that length.
func (c *Config) SetLease(lease time.Duration) {
	c.Cluster.Lease, c.Cluster.Beat, c.Cluster.Margin = lease, lease/6, lease/10
	c.Cluster.HoldFor = 2 * lease
}

// Validate reports every fault at once.
func (c Config) Validate() error {
	var listen error
	if c.Listen == "" {
		listen = fmt.Errorf("there is no address to listen on")
	}
	var operators error
	if c.Admin != "" && c.AdminTokenFile == "" {
		operators = errors.New("there is no file for the operators' token")
	}
	if c.OrderTimeout <= 0 {
		operators = errors.Join(operators, fmt.Errorf("the time for an operator's order is %v, want more", c.OrderTimeout))
	}
	store := c.Store.Validate()
	if c.inRedis() {
		member := c.Cluster
		member.Name = c.Gateway.Node
		store = errors.Join(c.Redis.Validate(), member.Validate(), c.Link.Validate())
	}
	return errors.Join(listen, operators, c.Gateway.Validate(), c.Auth.Validate(), c.Table.Validate(), c.Shard.Validate(), store)
}

func (c *Config) inRedis() bool { return c.Redis.URL != "" }

// StoreName says where what is played is kept, without any secret.
func (c *Config) StoreName() string {
	switch {
	case c.Memory:
		return "memory"
	case c.inRedis():
		return "Redis, cluster " + c.Redis.Name
	}
	return c.Store.Dir
}
