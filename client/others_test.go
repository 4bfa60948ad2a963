package client

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// nodes are hosts under names of their own: a.test, b.test, …
type nodes struct {
	hosts map[string]*host // by host:port
	mu    sync.Mutex
	order string // the first letters of those that were dialed
}

func newNodes(t *testing.T, names ...string) (*nodes, Config) {
	n := &nodes{hosts: map[string]*host{}}
	var urls []string
	for _, name := range names {
		n.hosts[name+".test:80"] = newHost(t)
		urls = append(urls, "http://"+name+".test")
	}
	cfg := DefaultConfig(urls[0])
	cfg.Others, cfg.Dial = urls[1:], n.dial
	return n, cfg
}

func (n *nodes) host(name string) *host { return n.hosts[name+".test:80"] }

func (n *nodes) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	n.order += address[:1]
	n.mu.Unlock()
	return n.hosts[address].dial(ctx, network, address)
}

func (n *nodes) dialed() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.order
}

func down(int) int { return 1 }

// A client whose node ends goes on over the next one, with the same identity, games and commands, and stays there when the
// first is back; from the last it comes back to the first.
func TestNextNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, cfg := newNodes(t, "a", "b", "c")
		c, p := n.host("a").connect(cfg)
		follow(t, c, p, "g", 3)
		result := do(c, context.Background(), resign("g"))
		p.want("resign")
		p.drop()
		p = n.host("b").next()
		if hello := p.welcome(); hello.Resume == "" || len(hello.Games) != 1 {
			t.Errorf("the next node hears %+v", hello)
		}
		p.ok(p.want("resign"), 4)
		if got := get(t, result); got.err != nil {
			t.Error(got.err)
		}
		time.Sleep(time.Minute) // a is there all the time
		if got := n.dialed(); got != "ab" {
			t.Errorf("it was connected to %s, and ought to have stayed", got)
		}
		n.host("c").answer = down
		p.drop()
		n.host("a").next().welcome()
		if got := n.dialed(); got != "abca" {
			t.Errorf("it was connected to %s, want the next in turn", got)
		}
	})
}

// Connect finds the node that is there, and the wait grows only when all have been tried.
func TestConnectToTheOneThatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, cfg := newNodes(t, "a", "b", "c", "d")
		for _, name := range []string{"a", "b", "c"} {
			n.host(name).answer = down
		}
		start := time.Now()
		n.host("d").connect(cfg)
		if took := time.Since(start); took > 3*cfg.BackoffBase {
			t.Errorf("it took %v to get to the fourth node, want at most %v", took, 3*cfg.BackoffBase)
		}
		if got := n.dialed(); got != "abcd" {
			t.Errorf("it tried %s", got)
		}
	})
}

// A draining node is left for another, and a node that hangs is given up after the time for one attempt.
func TestDrainingToAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, cfg := newNodes(t, "a", "b", "c")
		_, p := n.host("a").connect(cfg)
		p.send(`{"type":"draining","within_ms":1000}`)
		p.ended()
		n.host("b").next() // says nothing
		start := time.Now()
		n.host("c").next().welcome()
		if waited := time.Since(start); waited < cfg.ConnectTimeout || waited > cfg.ConnectTimeout+2*cfg.BackoffBase {
			t.Errorf("a node that says nothing is given up after %v, want %v", waited, cfg.ConnectTimeout)
		}
		if got := n.dialed(); got != "abc" {
			t.Errorf("it was connected to %s", got)
		}
	})
}

func TestSpread(t *testing.T) {
	cfg := DefaultConfig("http://a.test")
	cfg.Others, cfg.Spread = []string{"http://b.test", "http://c.test"}, true
	firsts := map[string]int{}
	for range 3000 {
		urls, err := cfg.endpoints()
		if err != nil || len(urls) != 3 {
			t.Fatal(urls, err)
		}
		firsts[urls[0]]++
		if slices.Sort(urls); !slices.Equal(urls, []string{"http://a.test/v1/ws", "http://b.test/v1/ws", "http://c.test/v1/ws"}) {
			t.Fatal(urls)
		}
	}
	for url, n := range firsts {
		if n < 800 || n > 1200 {
			t.Errorf("%d of 3000 clients come to %s first", n, url)
		}
	}
}

func TestOthersAreValidated(t *testing.T) {
	cfg := DefaultConfig("http://a.test")
	cfg.Others = []string{"http://b.test", "b.test", "http://a.test/"}
	err := cfg.Validate()
	for _, want := range []string{`Others[1] is "b.test"`, `Others[2] is "http://a.test/", which is there already`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("it says %v, want %q", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "Others[0]") {
		t.Errorf("it says %v of what is right", err)
	}
}
