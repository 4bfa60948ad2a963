package auth_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/gateway/auth/authtest"
	"github.com/rs/zerolog"
)

// issuer is an HTTP server with a key set, on loopback.
type issuer struct {
	URL     string
	fetches atomic.Int64

	mu     sync.Mutex
	answer http.HandlerFunc
}

func newIssuer(t *testing.T, minters ...*authtest.Minter) *issuer {
	t.Helper()
	i := &issuer{}
	i.publish(t, minters...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		i.mu.Lock()
		answer := i.answer
		i.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	i.URL = server.URL + "/jwks"
	return i
}

func (i *issuer) respond(answer http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

func (i *issuer) publish(t *testing.T, minters ...*authtest.Minter) {
	t.Helper()
	var jwks []map[string]any
	for _, minter := range minters {
		jwks = append(jwks, minter.JWK())
	}
	i.text(string(must[[]byte](t)(authtest.KeySet(jwks...))))
}

func (i *issuer) text(body string) {
	i.respond(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
}

func (i *issuer) fail() {
	i.respond(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "away", http.StatusServiceUnavailable) })
}

func jwksConfig(c *clock, url string) auth.Config {
	config := config(c)
	config.JWKSURL = url
	return config
}

func mint(t *testing.T, m *authtest.Minter, header map[string]any) string {
	t.Helper()
	return must[string](t)(m.Sign(authtest.Claims{"sub": "alice", "exp": start.Add(24 * time.Hour).Unix()}, header))
}

func wantToken(t *testing.T, a *auth.Authenticator, token string, want error) {
	t.Helper()
	got, err := a.Token(t.Context(), token)
	if !errors.Is(err, want) || (err == nil) != (want == nil) || (err == nil) != (got.ID == "alice") {
		t.Fatalf("%+v, %v, want %v", got, err, want)
	}
}

func TestJWKS(t *testing.T) {
	ed, unnamed := authtest.NewEdDSA("ed"), authtest.NewEdDSA("")
	i := newIssuer(t, ed, rsaMinter(), unnamed)
	c := newClock()
	a := open(t, jwksConfig(c, i.URL))
	c.pass(time.Minute) // from now on an unknown kid would cause a fetch
	wantToken(t, a, mint(t, ed, nil), nil)
	wantToken(t, a, mint(t, rsaMinter(), nil), nil)
	wantToken(t, a, mint(t, unnamed, nil), nil)
	wantToken(t, a, mint(t, unnamed, map[string]any{"kid": "other"}), nil) // the key without a kid may be any
	wantToken(t, a, mint(t, ed, map[string]any{"kid": nil}), nil)
	wantToken(t, a, mint(t, rsaMinter(), map[string]any{"kid": "ed"}), auth.ErrForged)
	wantToken(t, a, mint(t, rsaOther(), nil), auth.ErrForged)
	wantToken(t, a, mint(t, authtest.NewHS256("ed"), nil), auth.ErrForged)
	wantToken(t, a, mint(t, authtest.NewHS256("other"), nil), auth.ErrForged)
	wantToken(t, a, hmacToken(t, map[string]any{"alg": "HS256", "kid": "rsa"}, claims(nil), must[[]byte](t)(rsaMinter().Public())), auth.ErrForged)
	if got := i.fetches.Load(); got != 1 {
		t.Errorf("%d fetches, want 1", got)
	}
}

func TestJWKSRotation(t *testing.T) {
	old, fresh := authtest.NewEdDSA("old"), authtest.NewEdDSA("fresh")
	i, c := newIssuer(t, old), newClock()
	a := open(t, jwksConfig(c, i.URL))
	wantToken(t, a, mint(t, old, nil), nil)

	i.publish(t, old, fresh)
	c.pass(10*time.Second - time.Millisecond)
	wantToken(t, a, mint(t, fresh, nil), auth.ErrForged) // too soon after the last fetch for another
	if got := i.fetches.Load(); got != 1 {
		t.Errorf("%d fetches, want 1", got)
	}
	c.pass(time.Millisecond)
	wantToken(t, a, mint(t, fresh, nil), nil)
	wantToken(t, a, mint(t, old, nil), nil)

	i.publish(t, fresh)
	c.pass(10 * time.Second)
	for range 5 { // anybody can make up kids: that must not become a flood of fetches
		wantToken(t, a, mint(t, authtest.NewEdDSA("made up"), nil), auth.ErrForged)
	}
	if got := i.fetches.Load(); got != 3 {
		t.Errorf("%d fetches, want 3", got)
	}
	wantToken(t, a, mint(t, fresh, nil), nil)
	wantToken(t, a, mint(t, old, nil), auth.ErrForged) // no longer the issuer's

	i.publish(t, old)
	c.pass(-time.Hour) // the clock was put right: that must not stop fetches for an hour
	wantToken(t, a, mint(t, old, nil), nil)
}

// TestJWKSHerd has many come with a new key at once: one fetch, and all are let in.
func TestJWKSHerd(t *testing.T) {
	old, fresh := authtest.NewEdDSA("old"), authtest.NewEdDSA("fresh")
	i, c := newIssuer(t, old), newClock()
	a := open(t, jwksConfig(c, i.URL))
	i.publish(t, old, fresh)
	c.pass(time.Minute)
	token := mint(t, fresh, nil)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := a.Token(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := i.fetches.Load(); got != 2 {
		t.Errorf("%d fetches, want 2", got)
	}
}

func TestJWKSOutage(t *testing.T) {
	minter, fresh := authtest.NewEdDSA("k"), authtest.NewEdDSA("fresh")
	i, c := newIssuer(t, minter), newClock()
	a, log := openLogged(t, jwksConfig(c, i.URL))
	i.fail()
	c.pass(time.Hour)
	wantToken(t, a, mint(t, minter, nil), nil)                                // the last good set
	wantToken(t, a, mint(t, authtest.NewHS256("fresh"), nil), auth.ErrForged) // of which no set could have the key
	wantToken(t, a, mint(t, fresh, nil), auth.ErrKeysAway)
	wantToken(t, a, mint(t, minter, nil), nil)
	if !strings.Contains(log.String(), "the answer is 503") || !strings.Contains(log.String(), "the last good one is used on") {
		t.Errorf("the log does not say so: %s", log)
	}
	i.publish(t, fresh)
	c.pass(10 * time.Second)
	wantToken(t, a, mint(t, fresh, nil), nil)
}

func TestJWKSAwayAtStart(t *testing.T) {
	minter := authtest.NewEdDSA("k")
	i, c := newIssuer(t, minter), newClock()
	i.fail()
	a, log := openLogged(t, jwksConfig(c, i.URL))
	if !strings.Contains(log.String(), "until it is, tokens of its keys are refused") {
		t.Errorf("the log does not say so: %s", log)
	}
	for name, header := range map[string]map[string]any{"with kid": nil, "without": {"kid": nil}} {
		t.Run(name, func(t *testing.T) { wantToken(t, a, mint(t, minter, header), auth.ErrKeysAway) })
	}
	if _, err := a.Guest(); err != nil {
		t.Error(err)
	}
	i.publish(t, minter)
	c.pass(10 * time.Second)
	wantToken(t, a, mint(t, minter, nil), nil)
}

func TestJWKSNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + listener.Addr().String() + "/jwks?key=sesame"
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	a, log := openLogged(t, jwksConfig(newClock(), address))
	wantToken(t, a, mint(t, authtest.NewEdDSA("k"), nil), auth.ErrKeysAway)
	if !strings.Contains(log.String(), "refused") || strings.Contains(log.String(), "sesame") {
		t.Errorf("the log says: %s", log)
	}
}

// TestJWKSBesideFiles has keys in files as well: they do not depend on the key set.
func TestJWKSBesideFiles(t *testing.T) {
	named, unnamed, remote := authtest.NewEdDSA("named"), authtest.NewEdDSA(""), authtest.NewEdDSA("remote")
	i, c := newIssuer(t, remote), newClock()
	i.fail()
	config := jwksConfig(c, i.URL)
	config.Keys = []auth.KeyFile{{Path: keyFile(t, named, "a"), ID: "named"}, {Path: keyFile(t, unnamed, "b")}}
	a := open(t, config)
	wantToken(t, a, mint(t, named, nil), nil)
	wantToken(t, a, mint(t, unnamed, nil), nil)
	wantToken(t, a, mint(t, unnamed, map[string]any{"kid": "x"}), nil)
	wantToken(t, a, mint(t, authtest.NewEdDSA("named"), nil), auth.ErrForged)
	wantToken(t, a, mint(t, remote, nil), auth.ErrKeysAway) // and not forged: who knows
	i.publish(t, remote)
	c.pass(10 * time.Second)
	wantToken(t, a, mint(t, remote, nil), nil)
	wantToken(t, a, mint(t, unnamed, nil), nil)
}

func TestJWKSCallerGoesAway(t *testing.T) {
	minter := authtest.NewEdDSA("k")
	i, c := newIssuer(t, minter), newClock()
	a := open(t, jwksConfig(c, i.URL))
	asked := make(chan struct{})
	i.respond(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	c.pass(time.Minute)
	gone := errors.New("the client hung up")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-asked
		cancel(gone)
	}()
	if _, err := a.Token(ctx, mint(t, authtest.NewEdDSA("x"), nil)); err != gone {
		t.Errorf("%v, want %v", err, gone)
	}
	a.Close() // ends the fetch, too
	a.Close()
	wantToken(t, a, mint(t, minter, nil), nil)
	c.pass(time.Minute)
	for range 2 {
		wantToken(t, a, mint(t, authtest.NewEdDSA("x"), nil), auth.ErrKeysAway)
	}
}

func TestStartIsGivenUp(t *testing.T) {
	i := newIssuer(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	i.respond(func(_ http.ResponseWriter, r *http.Request) {
		cancel(enough)
		<-r.Context().Done()
	})
	if a, err := auth.New(ctx, jwksConfig(newClock(), i.URL), zerolog.Nop()); err != enough || a != nil {
		t.Errorf("%v, %v, want %v", a, err, enough)
	}
}
