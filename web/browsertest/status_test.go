package browsertest

import (
	"testing"
	"time"

	"github.com/plywire/plywire/admin"
	"github.com/plywire/plywire/server"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// The operators' page shows one node and its shards.
func TestStatusOfOneNode(t *testing.T) {
	config := configured(t.TempDir())
	config.Memory, config.Admin = true, "127.0.0.1:0"
	s := start(t, config)
	t.Cleanup(func() { stop(t, s) }) // after the tab, which goes on asking
	tab := open(t, 1)[0]
	tab.open(s.AdminURL())
	tab.see("#name", "browsertest")
	tab.see("#ready", "serving")
	tab.see("#count", "1 node")
	tab.see("#share", "4 of 4")
	if n := tab.number(`document.querySelectorAll("#shards tbody tr").length`); n != 4 {
		t.Errorf("the table has %d shards, want 4", n)
	}
	if rules := tab.text("#rules"); rules == "" {
		t.Error("it shows no rules")
	}
	tab.picture("status-one")
}

// It shows a cluster, and what operators do to it, without being loaded anew.
func TestStatusOfACluster(t *testing.T) {
	redis := redistest.Start(t)
	var nodes []*server.Server
	operators := admin.DefaultConfig()
	for _, name := range []string{"n1", "n2"} {
		config := configured(t.TempDir())
		config.Admin, config.Link.Listen, config.Redis.URL, config.Redis.Shards = "127.0.0.1:0", "127.0.0.1:0", redis.URL(), 16
		config.Gateway.Node, config.Cluster.Settle, config.Cluster.Beat = name, 0, 100*time.Millisecond
		s := start(t, config)
		nodes = append(nodes, s)
		operators.URL = s.AdminURL() // of the second
		var err error
		if operators.Token, err = admin.ReadToken(config.AdminTokenFile); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { stop(t, nodes[1]) })
	tab := open(t, 1)[0]
	tab.open(nodes[0].AdminURL())
	tab.see("#count", "2 nodes")
	tab.see("#share", "16 of 16")
	has := func(name string) int {
		return tab.number(`document.querySelectorAll('#shards td[data-node="` + name + `"]').length`)
	}
	tab.wait(`document.querySelectorAll('#shards td[data-node="n2"]').length > 0`)
	if n := has("n1"); n == 0 || n+has("n2") != 16 {
		t.Errorf("n1 has %d shards, and n2 %d", n, has("n2"))
	}
	if n := tab.number(`new Set([...document.querySelectorAll("#grid .cell")].map((cell) => getComputedStyle(cell).backgroundColor)).size`); n != 2 {
		t.Errorf("the map has %d colours, want 2", n)
	}
	tab.picture("status-cluster")
	by, err := admin.New(operators)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := by.Pin(t.Context(), 3, "n1"); err != nil {
		t.Fatal(err)
	}
	if _, err := by.Drain(t.Context(), "n2"); err != nil {
		t.Fatal(err)
	}
	tab.wait(`document.querySelectorAll('#shards td[data-node="n1"]').length === 16`)
	tab.see("#nodes", "draining")
	tab.wait(`document.querySelectorAll("#grid .pinned").length === 1`)
	if _, err := by.Undrain(t.Context(), "n2"); err != nil {
		t.Fatal(err)
	}
	tab.wait(`document.querySelectorAll('#shards td[data-node="n2"]').length > 0`)
	tab.open("about:blank") // a node that is not there is a fault for the browser
	stop(t, nodes[0])
	tab.open(nodes[1].AdminURL())
	tab.see("#count", "1 node")
	tab.see("#share", "16 of 16")
}
