package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/game/connectfour"
	"github.com/plywire/plywire/game/nim"
	"github.com/plywire/plywire/game/rps"
	"github.com/plywire/plywire/gateway"
	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// scene is a gateway with all behind it, for one run of a fuzz target in a bubble: without a socket, with three guests, a
// game that waits and one that is being played. A panic is never caught and forgotten: whatever is logged as an error
// fails the test.
type scene struct {
	t       *testing.T
	server  *gateway.Server
	tokens  map[string]string // by name: ann, ben, eve
	users   map[string]string // their ids
	open    string            // ann waits in it
	playing string            // ann has white, ben black, a move of each was made
}

// strict fails the test for what somebody would have to act on.
type strict struct{ t *testing.T }

func (s strict) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(`"level":"error"`)) || bytes.Contains(p, []byte("panic")) {
		s.t.Errorf("logged: %s", p)
	}
	return len(p), nil
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, tokens: map[string]string{}, users: map[string]string{}}
	log := zerolog.New(strict{t})
	config := gateway.DefaultConfig()
	config.Node, config.Rate, config.Burst, config.Origins, config.AdvanceAllowed = "test", 1e6, 1e6, []string{"https://app.example.com"}, true
	keys := auth.DefaultConfig()
	keys.ResumeKeyFiles, keys.ResumeKeys = nil, [][]byte{[]byte("0123456789abcdef0123456789abcdef")}
	authenticator, err := auth.New(t.Context(), keys, log)
	must(t, err)
	metrics := prometheus.NewRegistry()
	s.server, err = gateway.New(config, authenticator, metrics, log)
	must(t, err)
	seats := table.DefaultConfig()
	seats.Registry, seats.TestClock = game.NewRegistry(chess.Rules{}, connectfour.Rules{}, rps.Rules{}, nim.Rules{}), true
	tables, err := table.NewTables(seats)
	must(t, err)
	memory := twinstore.DefaultConfig()
	memory.Shards = 2
	store, err := twinstore.New(memory)
	must(t, err)
	node, err := shard.NewNode(shard.DefaultConfig(), store, tables, s.server, shard.RealTime(), metrics, log)
	must(t, err)
	must(t, node.Start(t.Context()))
	s.server.Attach(node)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		s.server.Close(ctx)
		must(t, node.Drain(ctx))
		must(t, store.Close())
		authenticator.Close()
	})
	for _, name := range []string{"ann", "ben", "eve"} {
		welcome := s.ok("", "/v1/sessions", "", "")
		s.tokens[name], s.users[name] = welcome.Resume, welcome.User.ID
	}
	s.open = s.ok("ann", "/v1/games", "open", `{"rules":"rps","options":{"best_of":5}}`).Game
	s.playing = s.ok("ann", "/v1/games", "playing", `{"rules":"chess","seat":"white"}`).Game
	s.ok("ben", "/v1/games/"+s.playing+"/join", "join", "")
	s.ok("ann", "/v1/games/"+s.playing+"/moves", "m0", `{"ply":0,"move":"e2e4"}`)
	s.ok("ben", "/v1/games/"+s.playing+"/moves", "m1", `{"ply":1,"move":"e7e5"}`)
	return s
}

// ok posts what has to succeed.
func (s *scene) ok(as, path, key, body string) wire.Message {
	s.t.Helper()
	request := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, strings.NewReader(body))
	if as != "" {
		request.Header.Set("Authorization", "Bearer "+s.tokens[as])
	}
	request.Header.Set("Idempotency-Key", key)
	answer := httptest.NewRecorder()
	s.server.ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		s.t.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
	}
	return decode(s.t, answer.Body.Bytes())
}

// state is what anybody sees of a game, without the time, and the status of the answer.
func (s *scene) state(id string) (int, string) {
	s.t.Helper()
	answer := httptest.NewRecorder()
	s.server.ServeHTTP(answer, httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, "/v1/games/"+id, nil))
	if answer.Code != http.StatusOK {
		return answer.Code, ""
	}
	m := decode(s.t, answer.Body.Bytes())
	m.At = ""
	for i := range m.Seats {
		m.Seats[i].Present = false
	}
	text, err := json.Marshal(m)
	must(s.t, err)
	return answer.Code, string(text)
}

// games are the states of both games.
func (s *scene) games() string {
	_, open := s.state(s.open)
	_, playing := s.state(s.playing)
	return open + "\n" + playing
}

// fill puts the scene's own names into a fuzzer's text.
func (s *scene) fill(text string) string {
	return strings.NewReplacer("$OPEN", s.open, "$GAME", s.playing, "$ANN", s.tokens["ann"], "$BEN", s.tokens["ben"], "$EVE", s.tokens["eve"],
		"$USER", s.users["eve"]).Replace(text)
}

// checkError checks that an error says what the protocol demands of it.
func checkError(t *testing.T, raw []byte) wire.Message {
	t.Helper()
	m := decode(t, raw)
	if m.Type != wire.TypeError || m.Text == "" || !documented[m.Code] {
		t.Errorf("not an error of the protocol: %s", raw)
	}
	if m.Code == wire.CodeInternal || m.Code == wire.CodeUnavailable {
		t.Errorf("bad input is answered as if the server had a fault: %s", raw)
	}
	return m
}

var documented = map[wire.Code]bool{
	wire.CodeBadMessage: true, wire.CodeUnknownType: true, wire.CodeUnauthenticated: true, wire.CodeForbidden: true, wire.CodeNotFound: true,
	wire.CodeNotSeated: true, wire.CodeNotYourTurn: true, wire.CodeIllegalMove: true, wire.CodeStalePly: true, wire.CodeGameOver: true,
	wire.CodeGameNotStarted: true, wire.CodeAlreadySeated: true, wire.CodeSeatTaken: true, wire.CodeNoSuchOffer: true,
	wire.CodeCannotAbort: true, wire.CodeTooManyRequests: true, wire.CodeTooLarge: true, wire.CodeUnavailable: true, wire.CodeInternal: true,
}
