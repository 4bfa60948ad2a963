package admin_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/plywire/plywire/admin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "0123456789abcdef"

// client asks a server that answers so, and keeps what it was asked.
func client(t *testing.T, status int, answer string, asked *string) *admin.Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*asked = r.Method + " " + r.URL.Path + " " + string(body)
		if r.Header.Get("Authorization") != "Bearer "+token {
			t.Errorf("the token is %q", r.Header.Get("Authorization"))
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		s.Close()
	})
	config := admin.DefaultConfig()
	config.URL, config.Token = s.URL+"/", token
	c, err := admin.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatIsAsked(t *testing.T) {
	var asked string
	c, ctx := client(t, 200, `{"action":"x","shard":3,"node":"n2","pins":0,"took_ms":1.5}`, &asked), t.Context()
	tests := map[string]func() (admin.Done, error){
		`PUT /admin/v1/shards/3/pin {"node":"n2"}`:   func() (admin.Done, error) { return c.Pin(ctx, 3, "n2") },
		`DELETE /admin/v1/shards/3/pin `:             func() (admin.Done, error) { return c.Unpin(ctx, 3) },
		`POST /admin/v1/shards/3/move {"node":"n2"}`: func() (admin.Done, error) { return c.Move(ctx, 3, "n2") },
		`POST /admin/v1/rebalance `:                  func() (admin.Done, error) { return c.Rebalance(ctx) },
		`POST /admin/v1/drain {"node":""}`:           func() (admin.Done, error) { return c.Drain(ctx, "") },
		`DELETE /admin/v1/drain {"node":"n2"}`:       func() (admin.Done, error) { return c.Undrain(ctx, "n2") },
		`GET /admin/v1/cluster `: func() (admin.Done, error) {
			cluster, err := c.Cluster(ctx)
			return admin.Done{Node: "n2", Shard: new(int), TookMS: 1.5}, errors.Join(err, map[bool]error{true: errors.New("no node")}[cluster.Node != "n2"])
		},
	}
	for want, do := range tests {
		done, err := do()
		if err != nil || asked != want || done.Node != "n2" || done.Shard == nil || done.TookMS != 1.5 {
			t.Errorf("%q was asked, want %q: %+v, %v", asked, want, done, err)
		}
	}
}

func TestAnswersThatAreErrors(t *testing.T) {
	for name, test := range map[string]struct {
		status  int
		answer  string
		want    string
		refused bool
	}{
		"refused":         {404, `{"error":"there is no shard 9"}`, "there is no shard 9", true},
		"another server":  {404, `<html>`, "404 Not Found: is that", true},
		"no error":        {500, `{}`, "500", true},
		"no JSON":         {200, `ok`, "not what this release", false},
		"another release": {200, `{"took_ms":"long"}`, "not what this release", false},
	} {
		t.Run(name, func(t *testing.T) {
			var asked string
			if _, err := client(t, test.status, test.answer, &asked).Rebalance(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, admin.ErrRefused) != test.refused {
				t.Errorf("%v, want something with %q", err, test.want)
			}
		})
	}
	config := admin.DefaultConfig()
	config.Token, config.URL = token, "http://127.0.0.1:1"
	c, err := admin.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Drain(t.Context(), "n1"); err == nil || errors.Is(err, admin.ErrRefused) {
		t.Errorf("from nobody: %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Drain(over, "n1"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestConfigReportsEveryFault(t *testing.T) {
	_, err := admin.New(admin.Config{URL: "127.0.0.1:9090", Token: "x"})
	for _, want := range []string{"127.0.0.1:9090", "time", "token"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want something with %q", err, want)
		}
	}
}

func TestTables(t *testing.T) {
	c := admin.Cluster{Node: "n1", Nodes: []admin.Node{
		{Name: "n1", ID: "id1", Link: "h1:1", URL: "http://h1", Shards: 2, Games: 3, Connections: 4, LeaseLeftMS: 2512, Since: time.Now().Add(-time.Hour)},
		{Name: "n2", ID: "id2", Link: "h2:1", Silent: "no answer", Draining: true},
	}, Shards: []admin.Shard{
		{Index: 0, Node: "n1", Wanted: "n1", Known: true, Served: true, Epoch: 7, Games: 3, Queued: 1, Journal: 12, LagMS: 1.5},
		{Index: 1, Node: "n1", Wanted: "n3", Pin: "n3", Moving: true, Known: true, Served: true},
		{Index: 2, Node: "n1", Wanted: "n3", Known: true, Served: true},
		{Index: 3, Node: "n2", Wanted: "n3"},
		{Index: 4, Node: "n1", Wanted: "n1", Known: true},
		{Index: 5, Node: "n1", Wanted: "n1", Known: true, Moving: true},
		{Index: 6, Wanted: "n1"},
	}}
	var nodes, shards strings.Builder
	if err := errors.Join(c.WriteNodes(&nodes), c.WriteShards(&shards)); err != nil {
		t.Fatal(err)
	}
	fields := func(text string) (all []string) {
		for line := range strings.Lines(text) {
			all = append(all, strings.Join(strings.Fields(line), " "))
		}
		return all
	}
	want := []string{
		"NODE STATE SHARDS GAMES CONNECTIONS LEASE UP LINK URL ID",
		"n1 serving 2 3 4 2.5s 1h0m0s h1:1 http://h1 id1",
	}
	if got := fields(nodes.String()); strings.Join(got[:2], "\n") != strings.Join(want, "\n") || !strings.HasPrefix(got[2], "n2 silent (no answer) 0 0 0 0s ") {
		t.Errorf("the nodes are\n%s", nodes.String())
	}
	want = []string{
		"SHARD NODE STATE PIN EPOCH GAMES QUEUE JOURNAL LAG",
		"0 n1 served - 7 3 1 12 1.5ms",
		"1 n1 moving to n3 n3 0 0 0 0 0s",
		"2 n1 to go to n3 - 0 0 0 0 0s",
		"3 n2 unknown - ? ? ? ? ?",
		"4 n1 not served - 0 0 0 0 0s",
		"5 n1 being taken - 0 0 0 0 0s",
		"6 - not served - ? ? ? ? ?",
	}
	if got := fields(shards.String()); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the shards are\n%s", shards.String())
	}
}

func TestWhatIsDoneIsSaid(t *testing.T) {
	three := 3
	for want, done := range map[string]admin.Done{
		"shard 3 is served by n2, to which it is pinned, after 41ms":       {Action: "move", Shard: &three, Node: "n2", TookMS: 40.6},
		"shard 3 is pinned to n2":                                          {Action: "pin", Shard: &three, Node: "n2"},
		"shard 3 is pinned to nobody":                                      {Action: "unpin", Shard: &three},
		"n2 has no shard any more, after 2s, and gets none before undrain": {Action: "drain", Node: "n2", TookMS: 2000},
		"shards come to n2 again":                                          {Action: "undrain", Node: "n2"},
		"3 pins have ended; shards go home":                                {Action: "rebalance", Pins: &three},
		"dance is done, after 1s":                                          {Action: "dance", TookMS: 1000},
	} {
		if got := done.String(); got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
}
