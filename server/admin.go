package server

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"net/http/pprof"
	"regexp"
)

//go:embed status.html
var statusPage []byte

// statusPolicy lets the status page run its own script and style, and reach this server, and nothing else.
var statusPolicy = "default-src 'none'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
	"; script-src " + sourceOf("script") + "; style-src " + sourceOf("style")

// sourceOf names an inline part of the status page as a Content-Security-Policy does (W3C Content Security Policy Level 3).
func sourceOf(element string) string {
	hash := sha256.Sum256(regexp.MustCompile("(?s)<" + element + ">(.*)</" + element + ">").FindSubmatch(statusPage)[1])
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}

// serveOperators is what operators reach: metrics, profiles, a page that says how the server is and the whole cluster, and, with
// the token, what they can change.
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
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", statusPolicy)
		_, _ = w.Write(statusPage)
	})
	mux.HandleFunc("GET /status.json", s.tellStatus)
	mux.Handle("/admin/v1/", s.adminAPI())
	return mux
}
