package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/plywire/plywire/wire"
)

// caller is a client of the HTTP API.
type caller struct {
	t     *testing.T
	url   string
	token string
	user  wire.User
}

// caller opens a session over HTTP.
func (r *rig) caller() *caller {
	r.t.Helper()
	c := &caller{t: r.t, url: r.http.URL}
	_, body := c.call("POST", "/v1/sessions", "", "")
	m := decode(r.t, body)
	c.token, c.user = m.Resume, *m.User
	return c
}

func (c *caller) call(method, path, key, body string) (int, []byte) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	must(c.t, err)
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := http.DefaultClient.Do(request)
	must(c.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	must(c.t, err)
	return response.StatusCode, answer
}

// ok calls and expects success.
func (c *caller) ok(method, path, key, body string) wire.Message {
	c.t.Helper()
	status, answer := c.call(method, path, key, body)
	if status != http.StatusOK {
		c.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	return decode(c.t, answer)
}

func TestGameOverHTTP(t *testing.T) {
	r := newRig(t, nil)
	white, black := r.caller(), r.caller()
	game := white.ok("POST", "/v1/games", "k1", `{"rules":"chess","seat":"white"}`).Game
	if again := white.ok("POST", "/v1/games", "k1", `{"rules":"chess","seat":"white"}`); again.Game != game {
		t.Fatalf("the same key made another game: %s and %s", game, again.Game)
	}
	black.ok("POST", "/v1/games/"+game+"/join", "k2", "")
	watcher := r.guest()
	watcher.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, game))
	watcher.expect("ok")
	for ply, move := range []string{"e2e4", "e7e5", "f1c4", "b8c6", "d1h5", "g8f6", "h5f7"} {
		c := []*caller{white, black}[ply%2]
		body := fmt.Sprintf(`{"ply":%d,"move":%q}`, ply, move)
		first := c.ok("POST", "/v1/games/"+game+"/moves", "m"+move, body)
		second := c.ok("POST", "/v1/games/"+game+"/moves", "m"+move, body)
		if first.Seq != second.Seq {
			t.Fatalf("a repeated move was answered with seq %d and %d", first.Seq, second.Seq)
		}
		if seen := watcher.expect("moved"); *seen.Move != move || seen.Seq != first.Seq {
			t.Fatalf("the watcher saw %s with seq %d, want %s with %d", *seen.Move, seen.Seq, move, first.Seq)
		}
	}
	state := r.state(game)
	if state.Result == nil || state.Result.Reason != "checkmate" || len(state.Moves) != 7 {
		t.Fatalf("the game is %+v", state)
	}
	status, pgn := white.call("GET", "/v1/games/"+game+".pgn", "", "")
	if status != http.StatusOK || !strings.Contains(string(pgn), "4. Qxf7# 1-0") || !strings.Contains(string(pgn), white.user.Name) {
		t.Fatalf("PGN: %d\n%s", status, pgn)
	}
	if status, _ := white.call("GET", "/v1/games/"+game+".sgf", "", ""); status != http.StatusNotFound {
		t.Fatalf("SGF of chess: %d", status)
	}
	var list struct {
		Seq    uint64
		Events []wire.Message
	}
	status, body := white.call("GET", "/v1/games/"+game+"/events?after=0", "", "")
	must(t, json.Unmarshal(body, &list))
	if status != http.StatusOK || len(list.Events) != int(list.Seq) || list.Seq != state.Seq {
		t.Fatalf("events: %d, %d of %d", status, len(list.Events), list.Seq)
	}
	for i, ev := range list.Events {
		if ev.Seq != uint64(i+1) {
			t.Fatalf("event %d has seq %d", i+1, ev.Seq)
		}
	}
}

func TestLongPoll(t *testing.T) {
	r := newRig(t, nil)
	white, black := r.caller(), r.caller()
	game := white.ok("POST", "/v1/games", "k1", `{"rules":"chess","seat":"white"}`).Game
	before := r.state(game).Seq
	type answer struct {
		status int
		body   string
	}
	polled := make(chan answer)
	go func() {
		status, body := white.call("GET", fmt.Sprintf("/v1/games/%s/events?after=%d&wait_ms=20000", game, before), "", "")
		polled <- answer{status, string(body)}
	}()
	// The poll has come in when the game is watched here.
	eventually(t, func() bool { return r.server.Watched() == 1 })
	black.ok("POST", "/v1/games/"+game+"/join", "k2", "")
	if got := <-polled; got.status != http.StatusOK || !strings.Contains(got.body, `"joined"`) || !strings.Contains(got.body, `"started"`) {
		t.Fatalf("polled %d %s", got.status, got.body)
	}
	if status, body := white.call("GET", "/v1/games/"+game+"/events?after=99&wait_ms=1", "", ""); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	eventually(t, func() bool { return r.server.Watched() == 0 })
}

func TestRefusedOverHTTP(t *testing.T) {
	r := newRig(t, nil)
	white := r.caller()
	game := white.ok("POST", "/v1/games", "k1", `{"rules":"chess","seat":"white"}`).Game
	nobody := &caller{t: t, url: white.url}
	liar := &caller{t: t, url: white.url, token: "lies"}
	forger := &caller{t: t, url: white.url, token: "a.b.c"}
	before := r.state(game)
	tests := map[string]struct {
		c                       *caller
		method, path, key, body string
		status                  int
		code                    wire.Code
	}{
		"no token":         {nobody, "POST", "/v1/games", "k", `{"rules":"chess"}`, 401, wire.CodeUnauthenticated},
		"false token":      {liar, "POST", "/v1/games", "k", `{"rules":"chess"}`, 401, wire.CodeUnauthenticated},
		"forged JWT":       {forger, "POST", "/v1/games", "k", `{"rules":"chess"}`, 401, wire.CodeUnauthenticated},
		"no key":           {white, "POST", "/v1/games", "", `{"rules":"chess"}`, 400, wire.CodeBadMessage},
		"key too long":     {white, "POST", "/v1/games", strings.Repeat("k", 65), `{"rules":"chess"}`, 400, wire.CodeBadMessage},
		"no JSON":          {white, "POST", "/v1/games", "k", `rules=chess`, 400, wire.CodeBadMessage},
		"not UTF-8":        {white, "POST", "/v1/games", "k", "{\"rules\":\"\xff\"}", 400, wire.CodeBadMessage},
		"no rules":         {white, "POST", "/v1/games", "k", `{}`, 400, wire.CodeBadMessage},
		"too large":        {white, "POST", "/v1/games", "k", `{"rules":"` + strings.Repeat("x", 17<<10) + `"}`, 413, wire.CodeTooLarge},
		"no such game":     {white, "GET", "/v1/games/00000000-0000-8000-8000-000000000000", "", "", 404, wire.CodeNotFound},
		"no id":            {white, "GET", "/v1/games/x", "", "", 404, wire.CodeNotFound},
		"no such command":  {white, "POST", "/v1/games/" + game + "/fold", "k", "", 404, wire.CodeNotFound},
		"no such path":     {white, "GET", "/v1/tables", "", "", 404, wire.CodeNotFound},
		"not started":      {white, "POST", "/v1/games/" + game + "/moves", "k", `{"ply":0,"move":"e2e4"}`, 409, wire.CodeGameNotStarted},
		"no move":          {white, "POST", "/v1/games/" + game + "/moves", "k", `{"ply":0}`, 400, wire.CodeBadMessage},
		"wrong type":       {white, "POST", "/v1/games/" + game + "/moves", "k", `{"ply":"0","move":"e2e4"}`, 400, wire.CodeBadMessage},
		"after of no kind": {white, "GET", "/v1/games/" + game + "/events?after=-1", "", "", 400, wire.CodeBadMessage},
		"hello of no JSON": {nobody, "POST", "/v1/sessions", "", "hello", 400, wire.CodeBadMessage},
		"hello of a liar":  {nobody, "POST", "/v1/sessions", "", `{"resume":"lies"}`, 401, wire.CodeUnauthenticated},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.c.t = t
			status, body := test.c.call(test.method, test.path, test.key, test.body)
			m := decode(t, body)
			if status != test.status || m.Type != "error" || m.Code != test.code || m.Text == "" {
				t.Fatalf("answered %d %s, want %d %s", status, body, test.status, test.code)
			}
			r.unchanged(before)
		})
	}
}

func TestHTTPRate(t *testing.T) {
	r := newRig(t, func(c *rigConfig) { c.gateway.HTTPRate, c.gateway.HTTPBurst = 0.001, 3 })
	c := &caller{t: t, url: r.http.URL}
	for range 3 {
		c.ok("POST", "/v1/sessions", "", "")
	}
	status, body := c.call("POST", "/v1/sessions", "", "")
	if m := decode(t, body); status != http.StatusTooManyRequests || m.Code != wire.CodeTooManyRequests || m.RetryAfterMS == 0 {
		t.Fatalf("answered %d %s", status, body)
	}
	if status, _ := c.call("GET", "/healthz", "", ""); status != http.StatusOK {
		t.Fatalf("healthz is held to the rate: %d", status)
	}
}

func TestPagesOfOtherOrigins(t *testing.T) {
	r := newRig(t, func(c *rigConfig) { c.gateway.Origins = []string{"https://*.example.com", "example.org"} })
	ask := func(method, origin string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), method, r.http.URL+"/v1/sessions", nil)
		must(t, err)
		request.Header.Set("Origin", origin)
		if method == http.MethodOptions {
			request.Header.Set("Access-Control-Request-Method", "POST")
		}
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		must(t, response.Body.Close())
		return response
	}
	for origin, allowed := range map[string]bool{
		"https://app.example.com": true, "https://APP.example.com": true, "http://example.org": true,
		"http://app.example.com": false, "https://example.com.evil.org": false, "null": false, "https://a.b%zz": false,
	} {
		preflight, real := ask(http.MethodOptions, origin), ask(http.MethodPost, origin)
		if got := preflight.StatusCode == http.StatusNoContent; got != allowed {
			t.Errorf("%s: the browser's question is answered with %s", origin, preflight.Status)
		}
		if got := real.Header.Get("Access-Control-Allow-Origin"); (got == origin) != allowed {
			t.Errorf("%s: allowed is %q", origin, got)
		}
	}
}

// TestPagesReadThatTheyAreTooFast checks that the refusal for the rate can be read by a page like any other answer.
func TestPagesReadThatTheyAreTooFast(t *testing.T) {
	const origin = "https://app.example.com"
	r := newRig(t, func(c *rigConfig) {
		c.gateway.HTTPRate, c.gateway.HTTPBurst, c.gateway.Origins = 0.001, 1, []string{origin}
	})
	for _, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.http.URL+"/v1/sessions", nil)
		must(t, err)
		request.Header.Set("Origin", origin)
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		must(t, response.Body.Close())
		if response.StatusCode != want || response.Header.Get("Access-Control-Allow-Origin") != origin {
			t.Fatalf("answered %s with %v, want %d that the page may read", response.Status, response.Header, want)
		}
	}
}

func TestTheSameKeyWithOtherTermsIsRefused(t *testing.T) {
	r := newRig(t, nil)
	c := r.caller()
	const terms = `{"rules":"chess","clock":{"initial_ms":60000},"seat":"white"}`
	game := c.ok("POST", "/v1/games", "k", terms)
	for name, other := range map[string]string{
		"rules":    `{"rules":"connectfour","clock":{"initial_ms":60000}}`,
		"clock":    `{"rules":"chess"}`,
		"rated":    `{"rules":"chess","clock":{"initial_ms":60000},"rated":true}`,
		"opponent": `{"rules":"chess","clock":{"initial_ms":60000},"opponent":"ben"}`,
		"options":  `{"rules":"chess","clock":{"initial_ms":60000},"options":{"no":1}}`,
	} {
		status, body := c.call("POST", "/v1/games", "k", other)
		if m := decode(t, body); status != http.StatusForbidden || m.Code != wire.CodeForbidden {
			t.Errorf("other %s: answered %d %s", name, status, body)
		}
	}
	if again := c.ok("POST", "/v1/games", "k", terms); again.Game != game.Game || again.Seq != game.Seq {
		t.Errorf("the same terms: answered %+v, want %+v", again, game)
	}
}

// TestWhoPollsIsCountedOnce checks that a watcher's poll ends with its answer, or each would be counted several times, while
// a player lingers.
func TestWhoPollsIsCountedOnce(t *testing.T) {
	r := newRig(t, nil)
	white, reader := r.caller(), r.caller()
	game := white.ok("POST", "/v1/games", "k", `{"rules":"chess","seat":"white"}`).Game
	poll := fmt.Sprintf("/v1/games/%s/events?after=%d&wait_ms=1", game, r.state(game).Seq)
	reader.call("GET", poll, "", "")
	// The answer is written before the handler has returned.
	eventually(t, func() bool { return r.server.Watched() == 0 })
	white.call("GET", poll, "", "")
	if state := r.state(game); !state.Seats[0].Present || r.server.Watched() != 1 {
		t.Fatalf("the player who has just polled: %+v", state.Seats[0])
	}
}
