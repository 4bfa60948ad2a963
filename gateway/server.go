// Package gateway is where clients come in: WebSocket sessions, the HTTP API beside them, authentication, limits, and the
// way back of every event to all who watch. It reaches games only through their shards' owners, and never waits for one
// client to read.
//
// It must decide nothing about a game, and must send nothing about one that its shard has not let out.
package gateway

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/wire"
)

// Owners bring a command to whoever owns the actor.
type Owners interface {
	// Send gives a command to the owner of its actor. It does not block. If it returns an error, which wraps
	// shard.ErrUnavailable, the Sender hears nothing; otherwise it hears one answer.
	Send(cmd shard.Command) error
	// Post is Send for a caller that holds a lock: nothing is answered or published before it returns.
	Post(cmd shard.Command) error
}

// Server is the gateway of one node.
type Server struct {
	// Set at start, never changed.
	config  Config
	auth    *auth.Authenticator
	metrics *metrics
	log     zerolog.Logger
	owners  Owners
	hub     *hub
	burst   *burst
	door    *door
	mux     *http.ServeMux
	paced   *throttle

	draining atomic.Bool
	serving  atomic.Bool // owners were given

	mu       sync.Mutex
	sessions map[*session]struct{}
	perIP    map[string]int
	ended    sync.WaitGroup // sessions
}

// New returns a gateway that answers nothing before Attach.
func New(config Config, authenticator *auth.Authenticator, registerer prometheus.Registerer, log zerolog.Logger) (*Server, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	server := &Server{config: config, auth: authenticator, metrics: newMetrics(registerer), log: log,
		paced: newThrottle(config.HTTPRate, config.HTTPBurst), sessions: make(map[*session]struct{}), perIP: make(map[string]int)}
	server.burst, server.door = &burst{}, newDoor(config.Handshakes)
	server.hub = newHub(server.post, server.burst, server.metrics)
	server.hub.from = defaultTo(config.Instance, config.Node)
	registerer.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "plywire_gateway_games_watched",
		Help: "Games that somebody watches on this node."}, func() float64 { return float64(server.hub.watched()) }))
	registerer.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "plywire_gateway_handshakes_waiting",
		Help: "Connections that wait for their handshake, because more come than are let in at a time."}, func() float64 { return float64(server.door.waiting.Load()) }))
	registerer.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "plywire_gateway_heals_waiting",
		Help: "Games whose watchers have missed something, and whose owner is asked for it when others were."}, func() float64 { return float64(server.hub.heals.waiting()) }))
	server.mux = server.routes()
	return server, nil
}

// Attach gives the gateway the owners of the games. From then on it serves. It is called once.
func (server *Server) Attach(owners Owners) {
	server.owners = owners
	if guide, is := owners.(Guide); is {
		server.hub.left = guide.Left
	}
	server.serving.Store(true)
}

func (server *Server) send(cmd shard.Command) error {
	if !server.serving.Load() {
		return shard.ErrUnavailable
	}
	return server.owners.Send(cmd)
}

func (server *Server) post(cmd shard.Command) error {
	if !server.serving.Load() {
		return shard.ErrUnavailable
	}
	return server.owners.Post(cmd)
}

// Publish brings what a game has to say to all who watch it. It is the shard's Publisher.
func (server *Server) Publish(actor shard.ID, notice any) { server.hub.Publish(actor, notice) }

// Flush sends what was published and answered. It is the shard's Flusher.
func (server *Server) Flush() { server.burst.flush() }

// Lost notes that a client knew more of a game than the server.
func (server *Server) Lost(id game.ID, have, client uint64) {
	server.metrics.lost.Inc()
	server.log.Error().Stringer("game", id).Uint64("seq", have).Uint64("client_seq", client).
		Msg("a client has events of this game that the journal has not: something acknowledged is lost")
}

// ServeHTTP serves the protocol: /v1, /healthz and /readyz.
func (server *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	question := server.allowOrigin(w, r) // first of all: a page has to be able to read a refusal, too
	if server.config.Limits && strings.HasPrefix(r.URL.Path, "/v1/") {
		if wait, ok := server.paced.allow(clientIP(r, server.config.BehindProxy), time.Now()); !ok {
			server.metrics.refusals.WithLabelValues("rate").Inc()
			w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			writeJSON(w, http.StatusTooManyRequests, wire.Encode(&wire.Message{Type: wire.TypeError, Code: wire.CodeTooManyRequests,
				Text: "too many requests from this address: send them more slowly", RetryAfterMS: wait.Milliseconds() + 1}))
			return
		}
	}
	if question {
		answerQuestion(w)
		return
	}
	server.mux.ServeHTTP(w, r)
}

// Ready tells whether clients should be sent here.
func (server *Server) Ready() bool {
	if !server.serving.Load() || server.draining.Load() {
		return false
	}
	guide, is := server.owners.(Guide)
	return !is || guide.Ready()
}

// connect makes a WebSocket session of a request, and has it run until it ends.
func (server *Server) connect(w http.ResponseWriter, r *http.Request) {
	ip := clientIP(r, server.config.BehindProxy)
	if reason := server.admit(ip); reason != "" {
		server.metrics.refusals.WithLabelValues(reason).Inc()
		writeError(w, "", wire.CodeUnavailable, "this node takes no more connections now: try again soon")
		return
	}
	if !server.door.in(r.Context()) {
		server.depart(ip)
		server.metrics.refusals.WithLabelValues("crowd").Inc()
		writeError(w, "", wire.CodeUnavailable, "too many are coming at once: try again soon")
		return
	}
	server.stick(w, server.config.Node)
	taken := &taker{ResponseWriter: w, config: &server.config, gone: server.door.out}
	conn, err := websocket.Accept(taken, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Subprotocol},
		OriginPatterns: server.config.Origins, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		server.depart(ip)
		server.metrics.refusals.WithLabelValues("handshake").Inc()
		return // Accept has answered: 403 for a foreign origin, 4xx for what is no handshake
	}
	if conn.Subprotocol() != wire.Subprotocol {
		server.depart(ip)
		server.metrics.refusals.WithLabelValues("subprotocol").Inc()
		_ = conn.Close(websocket.StatusPolicyViolation, "the subprotocol is "+wire.Subprotocol)
		return
	}
	s := &session{server: server, ip: ip, conn: conn}
	s.out = outbox{conn: conn, socket: taken.socket, config: &server.config, metrics: server.metrics, burst: server.burst}
	if server.config.Limits {
		s.limiter = rate.NewLimiter(rate.Limit(server.config.Rate), server.config.Burst)
	}
	if !server.remember(s) {
		server.depart(ip)
		_ = conn.Close(websocket.StatusGoingAway, "this node is leaving")
		return
	}
	// On a goroutine of its own: the HTTP server's holds on to the request, and to a stack that has grown on the way here.
	// Not with the request's context: the library ends the connection with the context of a read.
	go s.run(context.Background())
}

// admit counts a connection from ip in, or says why not.
func (server *Server) admit(ip string) (reason string) {
	if !server.serving.Load() || server.draining.Load() {
		return "draining"
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	switch {
	case !server.config.Limits:
	case server.config.Connections > 0 && len(server.sessions) >= server.config.Connections:
		return "full"
	case server.config.ConnectionsPerIP > 0 && server.perIP[ip] >= server.config.ConnectionsPerIP:
		return "address"
	}
	server.perIP[ip]++
	return ""
}

func (server *Server) depart(ip string) {
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.perIP[ip]--; server.perIP[ip] <= 0 {
		delete(server.perIP, ip)
	}
}

func (server *Server) remember(s *session) bool {
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.draining.Load() {
		return false
	}
	server.sessions[s] = struct{}{}
	server.ended.Add(1)
	server.metrics.connections.Inc()
	return true
}

func (server *Server) forget(s *session) {
	server.mu.Lock()
	delete(server.sessions, s)
	server.mu.Unlock()
	server.depart(s.ip)
	server.metrics.connections.Dec()
	server.ended.Done()
}

// each calls f for every session there is.
func (server *Server) each(f func(*session)) {
	server.mu.Lock()
	sessions := make([]*session, 0, len(server.sessions))
	for s := range server.sessions {
		sessions = append(sessions, s)
	}
	server.mu.Unlock()
	for _, s := range sessions {
		f(s)
	}
}

// Announce tells every client that this node is leaving, and takes no new ones. Games go on. It returns when all clients
// have gone, when the time that they were given is over, or when ctx ends.
func (server *Server) Announce(ctx context.Context) {
	server.mu.Lock()
	server.draining.Store(true)
	server.mu.Unlock()
	frame := wire.Encode(&wire.Message{Type: wire.TypeDraining, WithinMS: server.config.DrainWithin.Milliseconds()})
	server.each(func(s *session) { s.push(frame) })
	server.burst.flush()
	select {
	case <-server.gone():
	case <-time.After(server.config.DrainWithin):
	case <-ctx.Done():
	}
}

// Close ends every session with 1001, all at the same time, and waits until they have ended or ctx ends.
func (server *Server) Close(ctx context.Context) {
	server.mu.Lock()
	server.draining.Store(true)
	server.mu.Unlock()
	server.each(func(s *session) { s.out.end(websocket.StatusGoingAway, "this node is leaving") })
	select {
	case <-server.gone():
	case <-ctx.Done():
		server.each(func(s *session) { _ = s.out.socket.Close() })
		<-server.gone()
	}
	server.hub.over.Store(true)
}

func (server *Server) gone() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		server.ended.Wait()
		close(done)
	}()
	return done
}

// Connections is the number of WebSocket sessions.
func (server *Server) Connections() int {
	server.mu.Lock()
	defer server.mu.Unlock()
	return len(server.sessions)
}

// Watched is the number of games that somebody watches on this node.
func (server *Server) Watched() int { return server.hub.watched() }
