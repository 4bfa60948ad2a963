package gateway

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// allowOrigin lets pages of the configured origins use the HTTP API, by the same list that their WebSockets go by. It tells
// whether the request is only the browser's question whether the page may ask, by the Fetch standard
// (https://fetch.spec.whatwg.org/#cors-preflight-fetch), and it may.
func (server *Server) allowOrigin(w http.ResponseWriter, r *http.Request) (question bool) {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	w.Header().Add("Vary", "Origin")
	if !originAllowed(origin, server.config.Origins) {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// answerQuestion tells a browser what the page of an allowed origin may ask for.
func answerQuestion(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// originAllowed matches an origin as the WebSocket library does: a pattern with a scheme is about the whole origin, one
// without about its host.
func originAllowed(origin string, patterns []string) bool {
	parsed, err := url.Parse(origin)
	if err != nil {
		return false
	}
	for _, pattern := range patterns {
		target := parsed.Host
		if strings.Contains(pattern, "://") {
			target = parsed.Scheme + "://" + parsed.Host
		}
		if matched, err := path.Match(strings.ToLower(pattern), strings.ToLower(target)); err == nil && matched {
			return true
		}
	}
	return false
}
