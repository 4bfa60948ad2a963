// Package server puts one node together: the store, the shards that run on it, the gateway before them, and the addresses
// at which clients and operators come in. It starts the parts in their order and ends them in the reverse one.
//
// It must hold no logic of any room.
package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"github.com/plywire/plywire/admin"
	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/gateway"
	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/localstore"
	"github.com/plywire/plywire/shard/redisstore"
	"github.com/plywire/plywire/shard/twinstore"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/web"
)

// liveHeap is the runtime's metric of what lives: what is allocated is mostly garbage.
var liveHeap = regexp.MustCompile("^/gc/heap/live:bytes$")

// Server is a running node.
type Server struct {
	config   Config
	log      zerolog.Logger
	registry *prometheus.Registry
	store    shard.Store
	node     *shard.Node
	cluster  *cluster.Node         // nil: the node is alone
	leases   redis.UniversalClient // for the cluster's registry; nil: there is none
	gateway  *gateway.Server
	auth     *auth.Authenticator
	clients  *listener
	admin    *listener // nil: none
	started  time.Time
	failed   chan error      // a listener has
	broken   <-chan struct{} // is closed when the store cannot be relied on any more; nil: it never is
	storeErr func() error

	adminToken string         // that operators' requests have to have
	refused    rate.Sometimes // says that one had not
	lastStatus lastStatus
}

// listener is an HTTP server and where it listens.
type listener struct {
	net.Listener
	http *http.Server
}

// Start starts a server. It returns when clients can connect. Stop has to be called in the end.
func Start(ctx context.Context, config Config) (_ *Server, err error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s := &Server{config: config, log: config.Log, registry: prometheus.NewRegistry(), started: time.Now(), failed: make(chan error, 4),
		refused: rate.Sometimes{First: 10, Interval: 10 * time.Second}}
	s.registry.MustRegister(collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: liveHeap})),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	// The port first: who cannot listen has no business with the data.
	if s.clients, err = listen(config.Listen, s.serveClients()); err != nil {
		return nil, err
	}
	if config.Admin != "" {
		if s.admin, err = listen(config.Admin, s.serveOperators()); err != nil {
			return nil, err
		}
	}
	if err := s.assemble(ctx); err != nil {
		return nil, err
	}
	for _, l := range s.listeners() {
		go s.serve(l)
	}
	began := time.Now()
	if s.cluster != nil {
		if err := s.join(ctx); err != nil {
			return nil, err
		}
		s.gateway.Attach(s.cluster)
	} else {
		if err := s.node.Start(ctx); err != nil {
			return nil, err
		}
		s.recovered(time.Since(began))
		s.gateway.Attach(s.node)
	}
	s.log.Info().Str("address", s.URL()).Int("games", s.node.Loaded()).Dur("recovery", time.Since(began)).Msg("serving")
	return s, nil
}

// assemble makes the parts, and connects them.
func (s *Server) assemble(ctx context.Context) (err error) {
	if s.config.Admin != "" {
		if s.adminToken, err = admin.LoadToken(s.config.AdminTokenFile); err != nil {
			return err
		}
	}
	if err := s.openStore(ctx); err != nil {
		return err
	}
	if s.config.inRedis() {
		if err := s.openCluster(ctx); err != nil {
			return err
		}
	}
	if s.auth, err = auth.New(ctx, s.config.Auth, s.log); err != nil {
		return fmt.Errorf("authentication: %w", err)
	}
	if s.gateway, err = gateway.New(s.config.Gateway, s.auth, s.registry, s.log); err != nil {
		return err
	}
	s.config.Table.Lost = s.gateway.Lost
	tables, err := table.NewTables(s.config.Table)
	if err != nil {
		return err
	}
	var publisher shard.Publisher = s.gateway
	if s.cluster != nil {
		publisher = s.cluster
	}
	s.node, err = shard.NewNode(s.config.Shard, s.store, tables, publisher, shard.RealTime(), s.registry, s.log)
	return err
}

func (s *Server) openStore(ctx context.Context) error {
	switch {
	case s.config.Memory:
		config := twinstore.DefaultConfig()
		config.Shards = s.config.Store.Shards
		store, err := twinstore.New(config)
		s.store = store
		return err
	case s.config.inRedis():
		s.config.Redis.Logger, s.config.Redis.Observer = s.log, observeRedis(s.registry)
		store, err := redisstore.Open(ctx, s.config.Redis)
		if err != nil {
			return err
		}
		s.store = store
		return nil
	}
	s.config.Store.Logger, s.config.Store.Observer = s.log, observeStore(s.registry)
	store, err := localstore.Open(s.config.Store)
	if err != nil {
		return err
	}
	s.store, s.broken, s.storeErr = store, store.Failed(), store.Err
	return nil
}

func listen(address string, handler http.Handler) (*listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return &listener{l, &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10, IdleTimeout: 2 * time.Minute}}, nil
}

func (s *Server) listeners() []*listener {
	if s.admin == nil {
		return []*listener{s.clients}
	}
	return []*listener{s.clients, s.admin}
}

func (s *Server) serve(l *listener) {
	if err := l.http.Serve(l.Listener); !errors.Is(err, http.ErrServerClosed) {
		s.fail(fmt.Errorf("serve %s: %w", l.Addr(), err))
	}
}

func (s *Server) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// serveClients is what clients reach: the protocol, the page, and the metrics unless they are the operators' alone.
func (s *Server) serveClients() http.Handler {
	mux := http.NewServeMux()
	protocol := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.gateway.ServeHTTP(w, r) })
	mux.Handle("/v1/", protocol)
	mux.Handle("/healthz", protocol)
	mux.Handle("/readyz", protocol)
	if s.config.PublicMetrics {
		mux.Handle("GET /metrics", s.metrics())
	}
	mux.Handle("/", web.Handler())
	return mux
}

func (s *Server) metrics() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{Registry: s.registry})
}

// URL is where clients reach the server from this machine, such as "http://127.0.0.1:8080".
func (s *Server) URL() string { return urlOf(s.clients.Addr()) }

// AdminURL is where operators reach it; empty if nowhere.
func (s *Server) AdminURL() string {
	if s.admin == nil {
		return ""
	}
	return urlOf(s.admin.Addr())
}

func urlOf(addr net.Addr) string {
	tcp := addr.(*net.TCPAddr)
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}

// Run serves until ctx ends or the server can no longer be relied on, and stops it. Nothing that it has acknowledged is lost
// by that, and what it has not it never will. stopTime bounds the stop. The error says why it ended, if not by ctx.
func (s *Server) Run(ctx context.Context, stopTime time.Duration) error {
	pace, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	go paceGarbage(pace)
	var cause error
	select {
	case <-ctx.Done():
		s.log.Info().Msg("stopping: clients are told to reconnect")
	case cause = <-s.failed:
	case <-s.broken:
		cause = fmt.Errorf("the store in %s can no longer be relied on: %w", s.config.StoreName(), s.storeErr())
	case cause = <-s.node.Failed():
		cause = fmt.Errorf("a shard has lost its journal: %w", cause)
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	stopped := s.Stop(stop)
	if cause != nil && s.isBroken() {
		return cause // which is all that can be said of how it stopped, too
	}
	return errors.Join(cause, stopped)
}

// isBroken tells whether the store takes nothing more.
func (s *Server) isBroken() bool {
	select {
	case <-s.broken:
		return true
	default:
		return false
	}
}

// drain makes everything durable. It gives up when the store breaks: what waits for it then waits in vain, and the sooner
// this server ends, the sooner another can serve.
func (s *Server) drain(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.broken:
			cancel()
		case <-ctx.Done():
		}
	}()
	return s.node.Drain(ctx)
}

// Stop ends the server in peace: clients are told, games are made durable and snapshotted, connections are closed. When ctx
// ends first it is cut short, which loses nothing that was acknowledged.
func (s *Server) Stop(ctx context.Context) error {
	left := s.leave(ctx)
	s.gateway.Announce(ctx)
	<-left
	drained := s.drain(ctx)
	s.gateway.Close(ctx)
	apart := s.closeCluster(ctx)
	for _, l := range s.listeners() {
		_ = l.http.Shutdown(ctx)
		_ = l.http.Close()
	}
	closed := s.store.Close()
	s.auth.Close()
	s.log.Info().Msg("stopped")
	return errors.Join(drained, apart, closed)
}

// release frees what a start that failed has taken.
func (s *Server) release() {
	for _, l := range []*listener{s.clients, s.admin} {
		if l != nil {
			_ = l.http.Close()
			_ = l.Close()
		}
	}
	if s.cluster != nil {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		_ = s.cluster.Close(over)
	}
	if s.leases != nil {
		_ = s.leases.Close()
	}
	if s.store != nil {
		_ = s.store.Close()
	}
	if s.auth != nil {
		s.auth.Close()
	}
}
