package server

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/http/pprof"
	"runtime"
	"time"
)

//go:embed status.html
var statusPage string

var statusTemplate = template.Must(template.New("status").Parse(statusPage))

// serveOperators is what operators reach: metrics, profiles, and a page that says how the server is.
func (s *Server) serveOperators() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics())
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { s.gateway.ServeHTTP(w, r) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) { s.gateway.ServeHTTP(w, r) })
	mux.HandleFunc("GET /{$}", s.status)
	return mux
}

// status tells how the server is, to a person.
func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = statusTemplate.Execute(w, map[string]any{
		"Node": s.config.Gateway.Node, "URL": s.URL(), "Ready": s.gateway.Ready(), "Up": time.Since(s.started).Round(time.Second),
		"Connections": s.gateway.Connections(), "Watched": s.gateway.Watched(), "Loaded": s.node.Loaded(), "Queued": s.node.Queued(),
		"Goroutines": runtime.NumGoroutine(), "HeapMiB": memory.HeapAlloc >> 20, "Rules": s.config.Table.Registry.Names(),
		"Store": s.config.StoreName(), "Shards": s.node.Status(),
	})
}
