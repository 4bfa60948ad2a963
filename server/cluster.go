package server

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/cluster/link"
	"github.com/plywire/plywire/cluster/redisregistry"
	"github.com/plywire/plywire/redisclient"
	"github.com/plywire/plywire/table"
)

// LinkConfig says how this node and the others of its cluster reach each other.
type LinkConfig struct {
	Listen    string // TCP address for other nodes, "host:port"; port 0 takes any
	Advertise string // where they reach it; empty: where it listens, on the machine's address in the direction of Redis
	// SecretFile holds what all nodes know and nobody else. Empty, and no certificate: it is drawn by the first node, and kept
	// in Redis.
	SecretFile    string
	Cert, Key, CA string // files in PEM, instead of a secret: all nodes' certificates are of one authority
	NodeFile      string // remembers the node's ID, so that nobody waits for the end of its lease when it is started again
}

// Validate reports every fault at once.
func (c LinkConfig) Validate() error {
	var faults []error
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		faults = append(faults, fmt.Errorf("the address for other nodes is %q, want host:port", c.Listen))
	}
	if c.Advertise != "" {
		if host, port, err := net.SplitHostPort(c.Advertise); err != nil || host == "" || port == "" || port == "0" {
			faults = append(faults, fmt.Errorf("the address at which other nodes reach this one is %q, want host:port", c.Advertise))
		}
	}
	files := 0
	for _, file := range []string{c.Cert, c.Key, c.CA} {
		if file != "" {
			files++
		}
	}
	if files != 0 && files != 3 {
		faults = append(faults, errors.New("a certificate for links is three files: certificate, key and authority"))
	}
	if files != 0 && c.SecretFile != "" {
		faults = append(faults, errors.New("links have a secret or a certificate, not both"))
	}
	return errors.Join(faults...)
}

// openCluster makes this node's part in the cluster, which others can connect to from now on.
func (s *Server) openCluster(ctx context.Context) error {
	c := &s.config
	target, err := redisclient.Parse(c.Redis.URL)
	if err != nil {
		return err
	}
	s.leases = target.Open(c.Cluster.Lease/4, leaseConns)
	registry, err := redisregistry.New(s.leases, c.Redis.Name, c.Redis.Shards, c.Cluster.Lease/4)
	if err != nil {
		return err
	}
	secret, err := c.clusterSecret(ctx, s.leases)
	if err != nil {
		return err
	}
	if err := c.shareResumeKey(secret); err != nil {
		return err
	}
	if c.Link.SecretFile != "" {
		if secret, err = os.ReadFile(c.Link.SecretFile); err != nil {
			return fmt.Errorf("the secret for links: %w", err)
		}
	}
	identify := func(id string) (link.Identity, error) {
		if c.Link.Cert != "" {
			return link.FromFiles(c.Link.Cert, c.Link.Key, c.Link.CA, id)
		}
		return link.FromSecret(bytes.TrimSpace(secret), id)
	}
	c.Cluster.Name, c.Cluster.Logger = c.Gateway.Node, s.log
	c.Cluster.Link.Cluster, c.Cluster.Link.Logger, c.Cluster.Link.Observer = c.Redis.Name, s.log, observeLinks(s.registry)
	if c.Cluster.URL == "" {
		c.Cluster.URL = s.URL()
	}
	s.cluster, err = cluster.New(c.Cluster, c.Link.Listen, c.advertise, c.Redis.Shards, identify, registry, table.Codec{Registry: c.Table.Registry}, s.registry)
	if err != nil {
		return err
	}
	c.Gateway.Instance = s.cluster.ID()
	return nil
}

// leaseConns is how many connections the renewal of leases has for itself.
const leaseConns = 2

// advertise is where other nodes reach this one, which listens there.
func (c *Config) advertise(listening net.Addr) string {
	if c.Link.Advertise != "" {
		return c.Link.Advertise
	}
	host, port, err := net.SplitHostPort(listening.String())
	if err != nil {
		return listening.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = towards(c.Redis.URL)
	}
	return net.JoinHostPort(host, port)
}

// towards is this machine's address on the way to a server. Nothing is sent there.
func towards(text string) string {
	host := ""
	if u, err := url.Parse(text); err == nil {
		host, _, _ = strings.Cut(u.Host, ",")
	}
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), "6379")
	}
	conn, err := net.Dial("udp", host)
	if err != nil {
		return "127.0.0.1"
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).IP.String()
}

// clusterSecret is what all nodes of the cluster know by Redis.
func (c *Config) clusterSecret(ctx context.Context, client redis.UniversalClient) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Redis.ReadTimeout)
	defer cancel()
	return redisregistry.Secret(ctx, client, c.Redis.Name)
}

// shareResumeKey lets every node open the resume tokens of every other, unless a key for them was configured.
func (c *Config) shareResumeKey(secret []byte) error {
	if len(c.Auth.ResumeKeys) > 0 || !slices.Equal(c.Auth.ResumeKeyFiles, []string{c.ownKey}) {
		return nil
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "plywire resume tokens", sha256.Size)
	if err != nil {
		return fmt.Errorf("derive the key for resume tokens: %w", err)
	}
	c.Auth.ResumeKeys, c.Auth.ResumeKeyFiles = [][]byte{key}, nil
	return nil
}

// join announces this node, after it has ended the lease of the one that ran in this folder before.
func (s *Server) join(ctx context.Context) error {
	file := s.config.Link.NodeFile
	if file != "" {
		switch before, err := os.ReadFile(file); {
		case err == nil:
			if err := s.cluster.Forget(ctx, strings.TrimSpace(string(before))); err != nil {
				s.log.Warn().Err(err).Msg("the lease of the node that ran here before could not be ended; it runs out by itself")
			}
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(s.cluster.ID()+"\n"), 0o600); err != nil {
			return err
		}
	}
	return s.cluster.Start(ctx, s.node, s.gateway)
}

// leave hands the shards over to other nodes while clients are told to go.
func (s *Server) leave(ctx context.Context) (left <-chan struct{}) {
	done := make(chan struct{})
	if s.cluster == nil {
		close(done)
		return done
	}
	go func() {
		defer close(done)
		if err := s.cluster.Leave(ctx); err != nil {
			s.log.Warn().Err(err).Msg("not all shards could be handed over in time; others take them now")
		}
	}()
	return done
}

// closeCluster ends this node's part in the cluster.
func (s *Server) closeCluster(ctx context.Context) error {
	var err error
	if s.cluster != nil {
		if ctx.Err() != nil { // the lease is given up all the same, so that nobody waits for it
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
		}
		if err = s.cluster.Close(ctx); err == nil && s.config.Link.NodeFile != "" {
			_ = os.Remove(s.config.Link.NodeFile) // if it stays, the next node ends a lease that is over
		}
	}
	if s.leases != nil {
		err = errors.Join(err, s.leases.Close())
	}
	return err
}
