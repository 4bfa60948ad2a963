package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/server"
	"github.com/plywire/plywire/shard/redisstore"
)

// serveCommand are the flags of plywire serve.
type serveCommand struct {
	Listen         string `help:"Address for clients." default:":8080"`
	Admin          string `help:"Address for operators: metrics, profiles, status page. Keep it private; \"off\" for none." default:"127.0.0.1:9090"`
	AdminTokenFile string `help:"File with the token that operators need who change something, see plywire admin. Default: admin.token in the data folder, made if it is not there." type:"path" placeholder:"FILE"`
	PublicMetrics  bool   `help:"Serve /metrics to clients, too." default:"true" negatable:""`
	Data           string `help:"Folder for all that the server keeps." default:"./data" type:"path"`
	Redis          string `help:"Keep what is played in this Redis (7.0 or newer) instead of the data folder: redis://[user:password@]host:port/db; redis+sentinel://host:port,host:port/NAME for the primary that sentinels name; redis+cluster://host:port,host:port for a Redis Cluster; rediss… for TLS, with ?ca=FILE. Nodes with the same Redis and --cluster are one system. Better given as $$PLYWIRE_REDIS than where others can read it." placeholder:"URL"`
	Cluster        string `help:"Name that sets this cluster's keys in Redis apart from others'." default:"plywire"`
	Durability     string `help:"With Redis, what a move that is acknowledged survives: primary (Redis has it), replicas (all its replicas, too), fsync (their disks have it) or auto (replicas where there are any)." enum:"auto,primary,replicas,fsync" default:"auto"`
	RedisReplicas  int    `help:"Replicas of Redis that must have a move before it is acknowledged, besides all that are connected. Name no fewer than may be promoted. 0: all that were connected since Plywire started." default:"0"`
	Shards         int    `help:"Number of shards; fixed when the data folder, or the cluster in Redis, is made. 0: 64 in a folder, 256 in Redis." default:"0"`
	Node           string `help:"Name of this node, another one for each node of a cluster. Default: the host's."`

	URL           string        `help:"Where clients reach this node, for those who ask which node serves a game: https://n1.example.com. Default: the address for clients." placeholder:"URL" name:"url"`
	Link          string        `help:"Address for the other nodes of the cluster." default:":9092"`
	LinkAdvertise string        `help:"Where they reach it. Default: this machine's address in the direction of Redis, and the port of --link." placeholder:"HOST:PORT"`
	LinkSecret    string        `help:"File with what all nodes of the cluster know and nobody else. Default: drawn by the first node and kept in Redis." type:"path" placeholder:"FILE"`
	LinkCert      string        `help:"Certificate for links (PEM), instead of a secret; with --link-key and --link-ca." type:"path" placeholder:"FILE"`
	LinkKey       string        `help:"Its key." type:"path" placeholder:"FILE"`
	LinkCA        string        `help:"The authority of all nodes' certificates." type:"path" placeholder:"FILE" name:"link-ca"`
	StickyCookie  string        `help:"Name of a cookie that tells a load balancer on which node a client is, or should be. Default: none." placeholder:"NAME"`
	Lease         time.Duration `help:"How long the others wait for a node of which they hear nothing before they take its games." default:"3s"`

	Origin      []string `help:"Origin whose pages may connect, besides the server's own, as https://app.example.com. Repeatable; * matches any part." placeholder:"ORIGIN"`
	BehindProxy bool     `help:"Clients' addresses are the last in X-Forwarded-For. Only behind a proxy that sets it."`

	Guests      bool     `help:"Let in players without a token." default:"true" negatable:""`
	JWTKey      []string `help:"File with a key that tokens may be signed with: PEM public key for RS256 or EdDSA, else a secret for HS256. FILE or KID=FILE. Repeatable." placeholder:"[KID=]FILE" name:"jwt-key"`
	JWKSURL     string   `help:"URL of a JSON Web Key Set with such keys." name:"jwks-url" placeholder:"URL"`
	JWTIssuer   string   `help:"Issuer (iss) that tokens must have." name:"jwt-issuer" placeholder:"ISS"`
	JWTAudience []string `help:"Audience (aud) of which tokens must have one. Repeatable." name:"jwt-audience" placeholder:"AUD"`
	ResumeKey   []string `help:"File with the key that seals resume tokens; more than one for a change of key, the newest first. Default: made in the data folder." type:"path" placeholder:"FILE"`

	Limits           string  `help:"Limits of rate and connections: on or off. Off is for load tests." enum:"on,off" default:"on"`
	Rate             float64 `help:"Messages a second that one connection may send." default:"20"`
	Burst            int     `help:"Messages that it may send at once." default:"60"`
	Connections      int     `help:"WebSocket connections at a time; 0 for no limit." default:"0"`
	ConnectionsPerIP int     `help:"WebSocket connections from one address at a time; 0 for no limit." default:"1000" name:"connections-per-ip"`
	Handshakes       float64 `help:"WebSocket handshakes a second; who comes faster waits, so that those who play do not. 0: 500 for each CPU." default:"0"`
	MessageBytes     int64   `help:"Largest message from a client, in bytes." default:"16384"`
	OutboundBytes    int     `help:"Bytes queued for one connection before it is ended as too slow." default:"262144"`

	Heartbeat   time.Duration `help:"Between pings of the server's." default:"15s"`
	Grace       time.Duration `help:"How long a player may be gone before the opponent can claim the game." default:"60s"`
	Retention   time.Duration `help:"How long an ended game is kept." default:"24h"`
	DrainWithin time.Duration `help:"Time given to clients to reconnect elsewhere when the server is told to stop." default:"2s"`
	StopTimeout time.Duration `help:"Time for stopping in peace. Being cut short loses nothing that was acknowledged." default:"20s"`
	DiskFreeMin int64         `help:"Free bytes of the disk below which nothing new is accepted, so that it never runs full in the middle of a write; 0 for no limit." default:"268435456"`
	SyncPace    time.Duration `help:"Least time between two syncs to disk when moves follow each other; more batches more moves." default:"2ms"`

	SnapshotEvents   int           `help:"Events of a game after which it is snapshotted. Fewer make a start faster and moves dearer." default:"64"`
	SnapshotInterval time.Duration `help:"The longest time for which an event is in no snapshot." default:"5m"`
	UpkeepInterval   time.Duration `help:"Between looks for games to snapshot or to take out of memory and for entries of the journal to trim, and between signs of life while nobody moves: a crash gives back to the players what they have used since the last." default:"5s"`

	TestClock bool   `help:"Let clients make time pass, for tests. Never where people play."`
	LogLevel  string `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
	LogFormat string `help:"text or json." enum:"text,json" default:"text"`
}

// Run serves until the process is told to stop.
func (c *serveCommand) Run(ctx context.Context) error {
	config, err := c.config()
	if err != nil {
		return err
	}
	s, err := server.Start(ctx, config)
	if err != nil {
		return err
	}
	fmt.Printf("\n  Plywire %s\n\n  play      %s\n  protocol  %s/v1/ws\n", versionText(), s.URL(), strings.Replace(s.URL(), "http", "ws", 1))
	if s.AdminURL() != "" {
		fmt.Printf("  status    %s\n", s.AdminURL())
	}
	kept := c.Data
	if c.Redis != "" {
		kept = config.StoreName()
	}
	fmt.Printf("  data      %s\n  games     %s\n\n", kept, strings.Join(registry.Names(), ", "))
	if c.TestClock {
		fmt.Print("  The test clock is on: anybody can make time pass.\n\n")
	}
	return s.Run(ctx, c.StopTimeout)
}

func (c *serveCommand) config() (server.Config, error) {
	config := server.DefaultConfig(registry, c.Data)
	config.Listen, config.Admin, config.PublicMetrics = c.Listen, c.Admin, c.PublicMetrics
	if c.Admin == "off" {
		config.Admin = ""
	}
	if c.AdminTokenFile != "" {
		config.AdminTokenFile = c.AdminTokenFile
	}
	config.Log = c.logger()
	config.Store.Pace, config.Store.FreeBytesMin = c.SyncPace, c.DiskFreeMin
	config.Redis.URL, config.Redis.Name = c.Redis, c.Cluster
	config.Redis.Durability, config.Redis.Replicas = redisstore.Durability(c.Durability), c.RedisReplicas
	config.Link.Listen, config.Link.Advertise, config.Link.SecretFile = c.Link, c.LinkAdvertise, c.LinkSecret
	config.Link.Cert, config.Link.Key, config.Link.CA = c.LinkCert, c.LinkKey, c.LinkCA
	config.Cluster.URL = c.URL
	config.SetLease(c.Lease)
	if c.Shards != 0 {
		config.Store.Shards, config.Redis.Shards = c.Shards, c.Shards
	}
	config.Shard.SnapshotEvents, config.Shard.SnapshotInterval, config.Shard.UpkeepInterval = c.SnapshotEvents, c.SnapshotInterval, c.UpkeepInterval
	config.Table.Grace, config.Table.Retention, config.Table.TestClock = c.Grace, c.Retention, c.TestClock

	g := &config.Gateway
	g.Node, g.Origins, g.BehindProxy = c.nodeName(), c.Origin, c.BehindProxy
	g.Limits, g.Rate, g.Burst = c.Limits == "on", c.Rate, c.Burst
	g.Connections, g.ConnectionsPerIP, g.Handshakes = c.Connections, c.ConnectionsPerIP, c.Handshakes
	g.MessageBytes, g.OutboundBytes = c.MessageBytes, c.OutboundBytes
	g.StickyCookie = c.StickyCookie
	g.Heartbeat, g.DrainWithin, g.AdvanceAllowed = c.Heartbeat, c.DrainWithin, c.TestClock

	a := &config.Auth
	a.Guests, a.JWKSURL, a.Issuer, a.Audiences = c.Guests, c.JWKSURL, c.JWTIssuer, c.JWTAudience
	for _, key := range c.JWTKey {
		id, path, named := strings.Cut(key, "=")
		if !named {
			id, path = "", key
		}
		a.Keys = append(a.Keys, auth.KeyFile{Path: path, ID: id})
	}
	if len(c.ResumeKey) > 0 {
		a.ResumeKeyFiles = c.ResumeKey
	}
	return config, config.Validate()
}

func (c *serveCommand) nodeName() string {
	if c.Node != "" {
		return c.Node
	}
	if host, err := os.Hostname(); err == nil && host != "" {
		return host
	}
	return "plywire"
}

func (c *serveCommand) logger() zerolog.Logger {
	level, _ := zerolog.ParseLevel(c.LogLevel) // the flag allows only what parses
	if c.LogFormat == "json" {
		return zerolog.New(os.Stderr).Level(level).With().Timestamp().Logger()
	}
	return zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: time.TimeOnly}).Level(level).With().Timestamp().Logger()
}
