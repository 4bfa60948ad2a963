package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/plywire/plywire/admin"
)

// statusOf is what the status page shows of a node.
func statusOf(t *testing.T, url string) (name string, cluster admin.Cluster) {
	t.Helper()
	code, text := get(t, url+"/status.json")
	var status struct {
		Name    string
		Store   string
		Ready   bool
		Cluster admin.Cluster
	}
	if err := json.Unmarshal([]byte(text), &status); err != nil || code != http.StatusOK || !status.Ready || status.Store == "" {
		t.Fatalf("status.json: %d %v\n%s", code, err, text)
	}
	return status.Name, status.Cluster
}

func TestStatusOfACluster(t *testing.T) {
	p := newPair(t, nil)
	for i, want := range []string{"n1", "n2"} {
		name, cluster := statusOf(t, p.nodes[i].AdminURL())
		if name != want || cluster.Node != want || len(cluster.Nodes) != 2 || len(cluster.Shards) != 8 {
			t.Errorf("%s shows %s and %+v", want, name, cluster)
		}
		for _, s := range cluster.Shards {
			if !s.Known || !s.Served || s.Epoch == 0 {
				t.Errorf("at %s, shard %+v", want, s)
			}
		}
	}
}

func TestStatusOfANodeAlone(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	c := config(t)
	s := start(t, c)
	defer stop(t, s)
	if name, cluster := statusOf(t, s.AdminURL()); name != "test" || !cluster.Alone || len(cluster.Nodes) != 1 || len(cluster.Shards) != 8 {
		t.Errorf("it shows %s and %+v", name, cluster)
	}
	if code, _ := get(t, s.URL()+"/status.json"); code != http.StatusNotFound {
		t.Errorf("clients get the status: %d", code)
	}
	response, err := http.Post(s.AdminURL()+"/status.json", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("the status can be posted: %d", response.StatusCode)
	}
}

// The page needs nothing from elsewhere, and may not reach there.
func TestStatusPageKeepsToItself(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	c := config(t)
	c.Memory = true
	s := start(t, c)
	defer stop(t, s)
	response, err := http.Get(s.AdminURL() + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	policy := response.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "connect-src 'self'", "script-src 'sha256-", "style-src 'sha256-"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy has no %s: %s", want, policy)
		}
	}
	_, page := get(t, s.AdminURL()+"/")
	for _, unwanted := range []string{"http:", "https:", "//cdn", "innerHTML", " src="} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page has %q", unwanted)
		}
	}
}
