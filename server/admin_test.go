package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/plywire/plywire/admin"
	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/server"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

// audited are the lines of the audit, each as action, shard, node and outcome.
func (j *journal) audited(t *testing.T) (all []string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.text.String()) {
		var said struct {
			Audit                                bool
			Level, Action, Node, Outcome, Remote string
			Shard                                *int
			Error                                string
		}
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatal(err)
		}
		if !said.Audit {
			continue
		}
		if !strings.HasPrefix(said.Remote, "127.0.0.1:") || (said.Outcome == "failed") != (said.Error != "") {
			t.Errorf("of an order the log says %s", line)
		}
		index := "-"
		if said.Shard != nil {
			index = fmt.Sprint(*said.Shard)
		}
		all = append(all, strings.Join([]string{said.Action, index, said.Node, said.Outcome}, " "))
	}
	return all
}

// pair is two nodes of one cluster, and who operates each.
type pair struct {
	*testing.T
	nodes []*server.Server
	by    []*admin.Client
	token string   // its file, of the first
	log   *journal // of the first
}

func newPair(t *testing.T, change func(*server.Config)) *pair {
	t.Helper()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	r := redistest.Start(t)
	p := &pair{T: t, log: &journal{}}
	for i := range 2 {
		c := inRedis(t, r)
		c.Gateway.Node, c.Cluster.Settle, c.Cluster.Beat = fmt.Sprintf("n%d", i+1), 0, 100*time.Millisecond
		if i == 0 {
			c.Log, p.token = zerolog.New(p.log), c.AdminTokenFile
		}
		if change != nil {
			change(&c)
		}
		s := start(t, c)
		t.Cleanup(func() { stop(t, s) })
		p.nodes = append(p.nodes, s)
		p.by = append(p.by, operator(t, s, c))
	}
	p.await("each node has shards, and all are served", func(c admin.Cluster) bool { return c.Nodes[0].Shards > 0 && c.Nodes[1].Shards > 0 })
	return p
}

func operator(t *testing.T, s *server.Server, c server.Config) *admin.Client {
	t.Helper()
	ac := admin.DefaultConfig()
	ac.URL = s.AdminURL()
	var err error
	if ac.Token, err = admin.ReadToken(c.AdminTokenFile); err != nil {
		t.Fatal(err)
	}
	a, err := admin.New(ac)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// await waits until both nodes say that something is so of a cluster of two in which every shard is served where it should be.
func (p *pair) await(what string, is func(admin.Cluster) bool) (c admin.Cluster) {
	p.Helper()
	deadline := time.After(30 * time.Second)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for i := 0; i < len(p.by); {
		var err error
		if c, err = p.by[i].Cluster(p.Context()); err != nil {
			p.Fatal(err)
		}
		rest := len(c.Nodes) == 2
		for _, s := range c.Shards {
			rest = rest && s.Known && s.Served && s.Node == s.Wanted && !s.Moving
		}
		if rest && is(c) {
			i++
			continue
		}
		select {
		case <-ticker.C:
		case <-deadline:
			p.Fatalf("it is not so after 30s: %s: %+v", what, c)
		}
	}
	return c
}

// of is the first shard that a node has.
func of(t *testing.T, c admin.Cluster, node string) admin.Shard {
	t.Helper()
	for _, s := range c.Shards {
		if s.Node == node {
			return s
		}
	}
	t.Fatalf("%s has no shard", node)
	return admin.Shard{}
}

func TestOperatorsOrders(t *testing.T) {
	p := newPair(t, nil)
	n1, n2, ctx := p.by[0], p.by[1], t.Context()
	must := func(done admin.Done, err error) admin.Done {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	home := p.await("all is at rest", func(admin.Cluster) bool { return true })
	index := of(t, home, "n2").Index

	if done := must(n1.Move(ctx, index, "n1")); done.Action != "move" || done.Node != "n1" || *done.Shard != index || done.TookMS <= 0 {
		t.Errorf("a move is answered with %+v", done)
	}
	moved, err := n1.Cluster(ctx) // it does not have to be waited for
	if s := moved.Shards[index]; err != nil || s.Node != "n1" || s.Pin != "n1" || !s.Served || s.Epoch <= home.Shards[index].Epoch {
		t.Errorf("after the move the shard is %+v, %v", s, err)
	}
	must(n2.Unpin(ctx, index)) // over the other node
	p.await("it goes home", func(c admin.Cluster) bool { return c.Shards[index].Node == "n2" && c.Shards[index].Pin == "" })
	must(n1.Pin(ctx, index, "n1"))
	p.await("it goes there", func(c admin.Cluster) bool { return c.Shards[index].Node == "n1" })
	if done := must(n1.Rebalance(ctx)); *done.Pins != 1 {
		t.Errorf("%d pins have ended, want 1", *done.Pins)
	}
	p.await("it goes home again", func(c admin.Cluster) bool { return c.Shards[index].Node == "n2" })

	for who, name := range map[string]string{"n2": "n2", "n1": ""} { // another node, and the one that is asked
		must(n1.Drain(ctx, name))
		for _, by := range p.by {
			c, err := by.Cluster(ctx)
			for _, s := range c.Shards {
				if s.Node == who {
					t.Errorf("%s is drained, and has shard %d", who, s.Index)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		must(n1.Undrain(ctx, name))
		p.await("it has its share again", func(c admin.Cluster) bool {
			return c.Shards[index].Node == "n2" && c.Nodes[0].Shards == home.Nodes[0].Shards
		})
	}
	if _, err := n1.Move(ctx, index, "n9"); !errors.Is(err, admin.ErrRefused) || !strings.Contains(err.Error(), "n1, n2") {
		t.Errorf("a move to nobody: %v", err)
	}
	p.log.mu.Lock()
	text := p.log.text.String()
	p.log.mu.Unlock()
	said := strings.Join(p.log.audited(t), "\n")
	for _, want := range []string{
		fmt.Sprintf("move %d n1 begun\nmove %d n1 done\npin %d n1 begun\npin %d n1 done\nrebalance -  begun\nrebalance -  done\n", index, index, index, index),
		"drain - n2 begun\ndrain - n2 done\nundrain - n2 begun\nundrain - n2 done\n",
		"drain - n1 begun\ndrain - n1 done\nundrain - n1 begun\nundrain - n1 done\n",
		fmt.Sprintf("move %d n9 begun\nmove %d n9 failed", index, index),
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the audit has not\n%s\nbut\n%s\n%s", want, said, text)
		}
	}
}

// What is told of shards and nodes is what is there.
func TestOperatorsSeeTheGames(t *testing.T) {
	p := newPair(t, nil)
	white, err := client.Connect(t.Context(), client.DefaultConfig(p.nodes[0].URL()))
	if err != nil {
		t.Fatal(err)
	}
	defer white.Close()
	for range 10 {
		if _, err := white.Create(t.Context(), client.Terms{Rules: "chess", Seat: "white"}); err != nil {
			t.Fatal(err)
		}
	}
	p.await("all games are there, and the connection", func(c admin.Cluster) bool {
		games, journal := 0, uint64(0)
		for _, s := range c.Shards {
			games += s.Games
			journal += s.Journal
		}
		at := c.Nodes[0]
		return games == 10 && journal >= 10 && at.Games+c.Nodes[1].Games == 10 && at.Connections == 1 && c.Nodes[1].Connections == 0 &&
			at.Name == "n1" && at.URL == p.nodes[0].URL() && at.LeaseLeftMS > 0 && at.Silent == "" && !at.Draining && !c.Alone
	})
}

// ask sends what no client would.
func ask(t *testing.T, method, url, authorization, body string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var failure admin.Failure
	if response.StatusCode != http.StatusOK && (json.Unmarshal(text, &failure) != nil || failure.Error == "") {
		t.Errorf("%s %s: no error as JSON, but %s", method, url, text)
	}
	return response, string(text)
}

// all that can be asked of operators' addresses, each as it should be.
var asked = []struct{ method, path, body string }{
	{"GET", "cluster", ""}, {"PUT", "shards/1/pin", `{"node":"n1"}`}, {"DELETE", "shards/1/pin", ""}, {"POST", "shards/1/move", `{"node":"n1"}`},
	{"POST", "rebalance", ""}, {"POST", "drain", `{"node":"n2"}`}, {"DELETE", "drain", `{"node":"n2"}`},
}

func TestOperatorsNeedTheToken(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	c, log := config(t), &journal{}
	c.Log = zerolog.New(log)
	c.AdminTokenFile = t.TempDir() + "/token"
	const token = "0123456789abcdef-0123456789abcdef"
	if err := os.WriteFile(c.AdminTokenFile, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, c)
	defer stop(t, s)
	for name, authorization := range map[string]string{"none": "", "empty": "Bearer", "another": "Bearer " + token + "0", "shorter": "Bearer " + token[1:],
		"another scheme": "Basic " + token, "no scheme": token} {
		for _, a := range append(asked, struct{ method, path, body string }{"GET", "nothing", ""}) {
			response, text := ask(t, a.method, s.AdminURL()+"/admin/v1/"+a.path, authorization, a.body)
			if response.StatusCode != http.StatusUnauthorized || response.Header.Get("WWW-Authenticate") != "Bearer" || strings.Contains(text, token) {
				t.Errorf("%s: %s %s: %d %s", name, a.method, a.path, response.StatusCode, text)
			}
		}
	}
	if response, _ := ask(t, "GET", s.AdminURL()+"/admin/v1/cluster", "bearer "+token, ""); response.StatusCode != http.StatusOK {
		t.Errorf("with the token: %d", response.StatusCode)
	}
	if status, _ := get(t, s.URL()+"/admin/v1/cluster"); status != http.StatusNotFound {
		t.Errorf("clients reach it: %d", status)
	}
	lines := log.audited(t)
	if len(lines) == 0 || len(lines) > 20 || !strings.HasSuffix(lines[0], "refused") || strings.Contains(log.text.String(), token) {
		t.Errorf("of those without the token the log says\n%s", strings.Join(lines, "\n"))
	}
}

// A node that is alone tells how its shards are, and does nothing that needs others.
func TestOperatorsOfANodeAlone(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	c := config(t)
	s := start(t, c)
	defer stop(t, s)
	cluster, err := operator(t, s, c).Cluster(t.Context())
	if err != nil || !cluster.Alone || len(cluster.Nodes) != 1 || cluster.Nodes[0].Shards != 8 || len(cluster.Shards) != 8 || cluster.Node != "test" {
		t.Errorf("it is %+v, %v", cluster, err)
	}
	for _, each := range cluster.Shards {
		if !each.Known || !each.Served || each.Node != "test" || each.Epoch == 0 {
			t.Errorf("shard %+v", each)
		}
	}
	token, err := admin.ReadToken(c.AdminTokenFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range asked[1:] {
		response, text := ask(t, a.method, s.AdminURL()+"/admin/v1/"+a.path, "Bearer "+token, a.body)
		if response.StatusCode != http.StatusConflict || !strings.Contains(text, "alone") {
			t.Errorf("%s %s: %d %s", a.method, a.path, response.StatusCode, text)
		}
	}
}

func TestOrdersThatAreRefused(t *testing.T) {
	p := newPair(t, nil)
	token, err := admin.ReadToken(p.token)
	if err != nil {
		t.Fatal(err)
	}
	url := p.nodes[0].AdminURL() + "/admin/v1/"
	tests := map[string]struct {
		method, path, body string
		status             int
		has                string
	}{
		"no such path":       {"GET", "nodes", "", 404, "/admin/v1/nodes"},
		"method":             {"POST", "cluster", "", 405, "GET"},
		"method of a shard":  {"GET", "shards/1/pin", "", 405, "DELETE, PUT"},
		"no such shard":      {"PUT", "shards/8/pin", `{"node":"n1"}`, 404, "there are 8"},
		"shard below":        {"POST", "shards/-1/move", `{"node":"n1"}`, 404, "there are 8"},
		"shard by name":      {"DELETE", "shards/one/pin", "", 404, "one"},
		"no such node":       {"PUT", "shards/1/pin", `{"node":"n3"}`, 404, "n1, n2"},
		"move to nobody":     {"POST", "shards/1/move", `{"node":"n3"}`, 404, "n1, n2"},
		"drain of nobody":    {"POST", "drain", `{"node":"n3"}`, 404, "n1, n2"},
		"pin without a node": {"PUT", "shards/1/pin", "", 400, "to which node"},
		"no JSON":            {"PUT", "shards/1/pin", `n1`, 400, `{\"node\"`},
		"another field":      {"PUT", "shards/1/pin", `{"nod":"n1"}`, 400, "nod"},
		"two objects":        {"PUT", "shards/1/pin", `{"node":"n1"}{}`, 400, "follows"},
		"no text":            {"POST", "drain", `{"node":1}`, 400, "node"},
		"too long":           {"POST", "drain", `{"node":"` + strings.Repeat("n", 5000) + `"}`, 400, "too large"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			response, text := ask(t, test.method, url+test.path, "Bearer "+token, test.body)
			if response.StatusCode != test.status || !strings.Contains(text, test.has) {
				t.Errorf("%d %s", response.StatusCode, text)
			}
			if (test.status == 405) != (response.Header.Get("Allow") != "") {
				t.Errorf("it allows %q", response.Header.Get("Allow"))
			}
		})
	}
	if _, err := p.by[0].Drain(t.Context(), "n2"); err != nil {
		t.Fatal(err)
	}
	for path, body := range map[string]string{"drain": `{"node":"n1"}`, "shards/1/move": `{"node":"n2"}`} {
		if response, text := ask(t, "POST", url+path, "Bearer "+token, body); response.StatusCode != http.StatusConflict {
			t.Errorf("%s while the other node drains: %d %s", path, response.StatusCode, text)
		}
	}
}

func TestOrdersThatTakeTooLong(t *testing.T) {
	p := newPair(t, func(c *server.Config) { c.OrderTimeout = time.Nanosecond })
	began := time.Now()
	_, err := p.by[0].Move(t.Context(), 1, "n2")
	if err == nil || !strings.Contains(err.Error(), "too long") || time.Since(began) > 10*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}
