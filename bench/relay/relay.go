// Package relay is the yardstick of every measurement: the least that a game server could do on the same WebSocket library.
// It reads a frame and writes it to the two connections of a pair, and knows no rules, no journal and no names.
package relay

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/pprof"
	"regexp"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Path is where connections go; the query "pair" names the pair that a connection belongs to.
const Path = "/relay"

// relay holds the pairs.
type relay struct {
	mu    sync.Mutex
	pairs map[string]*pair
}

// pair is up to two connections.
type pair struct {
	mu    sync.Mutex
	conns []*websocket.Conn
}

// Serve serves at a TCP address until ctx ends. Beside the relay there are /readyz, /metrics and /debug/pprof/heap.
func Serve(ctx context.Context, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile("^/gc/heap/live:bytes$")})))
	r := &relay{pairs: make(map[string]*pair)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, r.connect)
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (r *relay) connect(w http.ResponseWriter, request *http.Request) {
	conn, err := websocket.Accept(w, request, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	name := request.URL.Query().Get("pair")
	p := r.enter(name, conn)
	defer r.leave(name, p, conn)
	p.run(conn)
}

// run relays what one connection says.
func (p *pair) run(conn *websocket.Conn) {
	ctx := context.Background()
	for {
		kind, text, err := conn.Read(ctx)
		if err != nil {
			return
		}
		p.mu.Lock()
		for _, each := range p.conns {
			_ = each.Write(ctx, kind, text)
		}
		p.mu.Unlock()
	}
}

func (r *relay) enter(name string, conn *websocket.Conn) *pair {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.pairs[name]
	if p == nil {
		p = &pair{}
		r.pairs[name] = p
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conn)
	return p
}

func (r *relay) leave(name string, p *pair, conn *websocket.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, each := range p.conns {
		if each == conn {
			p.conns = append(p.conns[:i], p.conns[i+1:]...)
			break
		}
	}
	if len(p.conns) == 0 {
		delete(r.pairs, name)
	}
}
