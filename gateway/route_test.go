package gateway_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/gateway"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/wire"
)

// guide knows where two games are.
type guide struct {
	*shard.Node
	here, there game.ID
}

func (guide) Left(shard.ID) {}
func (guide) Ready() bool   { return true }

func (g guide) Route(id shard.ID) (node, url string, here, known bool) {
	switch id {
	case g.here:
		return "test", "http://b.example", true, true
	case g.there:
		return "other", "", false, true
	}
	return "", "", false, false
}

func (r *rig) get(path string) (*http.Response, string) {
	r.t.Helper()
	response, err := http.Get(r.http.URL + path)
	must(r.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(r.t, err)
	return response, strings.TrimSpace(string(body))
}

func TestRoute(t *testing.T) {
	here, there, nowhere := game.ID{1}, game.ID{2}, game.ID{3}
	alone := newRig(t, nil)
	guided := newRig(t, func(c *rigConfig) {
		c.gateway.StickyCookie = "plywire_node"
		c.between = func(_ *gateway.Server, node *shard.Node) gateway.Owners { return guide{node, here, there} }
	})
	cookie := func(node string) string { return "plywire_node=" + node + "; Path=/; HttpOnly; SameSite=Lax" }
	for name, test := range map[string]struct {
		rig    *rig
		game   string
		status int
		body   string // or the code
		cookie string
	}{
		"one node":   {alone, here.String(), 200, `{"game":"` + here.String() + `","node":"test","here":true}`, ""},
		"here":       {guided, here.String(), 200, `{"game":"` + here.String() + `","node":"test","url":"http://b.example","here":true}`, cookie("test")},
		"elsewhere":  {guided, there.String(), 200, `{"game":"` + there.String() + `","node":"other","here":false}`, cookie("other")},
		"not known":  {guided, nowhere.String(), 503, "unavailable", ""},
		"not a game": {guided, "x", 404, "not_found", ""},
	} {
		t.Run(name, func(t *testing.T) {
			response, body := test.rig.get("/v1/games/" + test.game + "/route")
			if test.status != 200 {
				var m wire.Message
				must(t, json.Unmarshal([]byte(body), &m))
				body = string(m.Code)
			}
			if response.StatusCode != test.status || body != test.body || response.Header.Get("Set-Cookie") != test.cookie {
				t.Errorf("answered %d %s with the cookie %q, want %d %s with %q", response.StatusCode, body,
					response.Header.Get("Set-Cookie"), test.status, test.body, test.cookie)
			}
		})
	}
}

// Whoever comes in is told to stay, where a load balancer goes by that; elsewhere there is no cookie.
func TestStickyCookie(t *testing.T) {
	for name, want := range map[string]string{"": "", "node": "node=test; Path=/; HttpOnly; SameSite=Lax"} {
		r := newRig(t, func(c *rigConfig) { c.gateway.StickyCookie = name })
		response, err := http.Post(r.http.URL+"/v1/sessions", "application/json", nil)
		must(t, err)
		_ = response.Body.Close()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		conn, handshake, err := websocket.Dial(ctx, r.http.URL+"/v1/ws", &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}})
		must(t, err)
		_ = conn.CloseNow()
		game, _ := r.get("/v1/games/" + game.ID{1}.String())
		for what, got := range map[string]string{"a session": response.Header.Get("Set-Cookie"), "a handshake": handshake.Header.Get("Set-Cookie")} {
			if got != want {
				t.Errorf("%s has the cookie %q, want %q", what, got, want)
			}
		}
		if got := game.Header.Get("Set-Cookie"); got != "" {
			t.Errorf("a game has the cookie %q", got)
		}
	}
}

func TestStickyCookieIsOne(t *testing.T) {
	for _, change := range []func(*gateway.Config){
		func(c *gateway.Config) { c.StickyCookie = "a b" },
		func(c *gateway.Config) { c.StickyCookie, c.Node = "node", "a;b" },
	} {
		config := gateway.DefaultConfig()
		config.Node = "n"
		must(t, config.Validate())
		if change(&config); config.Validate() == nil {
			t.Errorf("cookie %q for node %q is taken", config.StickyCookie, config.Node)
		}
	}
}
