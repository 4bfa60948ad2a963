package gateway

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/wire"
)

// routes are the paths of the protocol. HTTP says the same things as the WebSocket, with the same fields and codes.
func (server *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/ws", server.connect)
	mux.HandleFunc("POST /v1/sessions", server.postSession)
	mux.HandleFunc("POST /v1/games", server.postGame)
	mux.HandleFunc("GET /v1/games/{game}", server.getGame)
	mux.HandleFunc("GET /v1/games/{game}/events", server.getEvents)
	mux.HandleFunc("GET /v1/games/{game}/route", server.getRoute)
	mux.HandleFunc("POST /v1/games/{game}/{command}", server.postCommand)
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, "", wire.CodeNotFound, "there is no "+r.Method+" "+r.URL.Path)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !server.Ready() {
			writeText(w, http.StatusServiceUnavailable, "starting, or leaving\n")
			return
		}
		writeText(w, http.StatusOK, "ready\n")
	})
	return mux
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

func writeError(w http.ResponseWriter, re string, code wire.Code, text string) {
	m := &wire.Message{Type: wire.TypeError, Re: re, Code: code, Text: text}
	if code == wire.CodeUnavailable {
		m.RetryAfterMS = unavailableRetry.Milliseconds()
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, code.HTTPStatus(), wire.Encode(m))
}

// clientIP is the address that a request comes from.
func clientIP(r *http.Request, behindProxy bool) string {
	if forwarded := r.Header.Get("X-Forwarded-For"); behindProxy && forwarded != "" {
		// The last one is the proxy's own finding; those before it are whatever the client has said.
		parts := strings.Split(forwarded, ",")
		return strings.TrimSpace(parts[len(parts)-1])
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// who tells whose request it is, by Authorization: Bearer with a JWT or a resume token. Where it cannot, it answers the
// request.
func (server *Server) who(w http.ResponseWriter, r *http.Request) (auth.Session, bool) {
	scheme, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || bearer == "" {
		w.Header().Set("WWW-Authenticate", "Bearer")
		writeError(w, "", wire.CodeUnauthenticated, "Authorization: Bearer with a token is needed; POST /v1/sessions gives one to guests")
		return auth.Session{}, false
	}
	token, resume := bearer, ""
	if !strings.Contains(bearer, ".") { // a JWT has dots, and a resume token has none
		token, resume = "", bearer
	}
	session, _, err := server.identify(r.Context(), token, resume)
	if err != nil {
		server.writeStranger(w, err)
		return auth.Session{}, false
	}
	return session, true
}

func (server *Server) writeStranger(w http.ResponseWriter, err error) {
	if errors.Is(err, auth.ErrKeysAway) {
		writeError(w, "", wire.CodeUnavailable, err.Error())
		return
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	writeError(w, "", wire.CodeUnauthenticated, err.Error())
}

// postSession is hello: it gives a token for further requests.
func (server *Server) postSession(w http.ResponseWriter, r *http.Request) {
	body, ok := server.read(w, r)
	if !ok {
		return
	}
	var hello wire.Request
	if len(body) > 0 {
		read, err := wire.DecodeBody(body, wire.TypeHello, "", "")
		if err != nil {
			writeError(w, "", wire.CodeBadMessage, err.Error())
			return
		}
		hello = *read
	}
	if !server.Ready() {
		writeError(w, "", wire.CodeUnavailable, "this node is starting, or leaving")
		return
	}
	session, how, err := server.identify(r.Context(), hello.Token, hello.Resume)
	if err != nil {
		server.writeStranger(w, err)
		return
	}
	server.metrics.hellos.WithLabelValues(how).Inc()
	server.stick(w, server.config.Node)
	writeJSON(w, http.StatusOK, wire.Encode(server.welcome("", session)))
}

// read reads a body of bounded size, or answers the request.
func (server *Server) read(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, server.config.MessageBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		writeError(w, "", wire.CodeTooLarge, "the body is too large")
		return nil, false
	case err != nil:
		writeError(w, "", wire.CodeBadMessage, "the body cannot be read")
		return nil, false
	}
	return body, true
}
