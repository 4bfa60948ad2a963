package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/game/connectfour"
	"github.com/plywire/plywire/game/rps"
	"github.com/plywire/plywire/gateway"
	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests. It is never reached when all is well.
const patience = 20 * time.Second

// rig is a gateway with everything behind it, in memory.
type rig struct {
	t       *testing.T
	server  *gateway.Server
	node    *shard.Node
	store   *twinstore.Store
	http    *httptest.Server
	metrics *prometheus.Registry
}

type rigConfig struct {
	gateway gateway.Config
	auth    auth.Config
	table   table.Config
	shard   shard.Config
	store   twinstore.Config
	// between stands between the gateway and the shards, if it is given.
	between func(*gateway.Server, *shard.Node) gateway.Owners
	publish func(*gateway.Server) shard.Publisher
}

func newRig(t *testing.T, change func(*rigConfig)) *rig {
	t.Helper()
	c := rigConfig{gateway.DefaultConfig(), auth.DefaultConfig(), table.DefaultConfig(), shard.DefaultConfig(), twinstore.DefaultConfig(), nil, nil}
	c.gateway.Node, c.gateway.Rate, c.gateway.Burst = "test", 1000, 1000 // TestRate has its own
	c.auth.ResumeKeyFiles, c.auth.ResumeKeys = nil, [][]byte{[]byte("0123456789abcdef0123456789abcdef")}
	c.table.Registry = game.NewRegistry(chess.Rules{}, connectfour.Rules{}, rps.Rules{})
	c.store.Shards = 4
	if change != nil {
		change(&c)
	}
	r := &rig{t: t, metrics: prometheus.NewRegistry()}
	authenticator, err := auth.New(t.Context(), c.auth, zerolog.Nop())
	must(t, err)
	t.Cleanup(authenticator.Close)
	r.server, err = gateway.New(c.gateway, authenticator, r.metrics, zerolog.Nop())
	must(t, err)
	c.table.Lost = r.server.Lost
	tables, err := table.NewTables(c.table)
	must(t, err)
	r.store, err = twinstore.New(c.store)
	must(t, err)
	var publisher shard.Publisher = r.server
	if c.publish != nil {
		publisher = c.publish(r.server)
	}
	r.node, err = shard.NewNode(c.shard, r.store, tables, publisher, shard.RealTime(), r.metrics, zerolog.New(zerolog.NewTestWriter(t)))
	must(t, err)
	must(t, r.node.Start(t.Context()))
	var owners gateway.Owners = r.node
	if c.between != nil {
		owners = c.between(r.server, r.node)
	}
	r.server.Attach(owners)
	r.http = httptest.NewServer(r.server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		r.server.Close(ctx)
		must(t, r.node.Drain(ctx))
		must(t, r.store.Close())
		r.http.Close()
	})
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// player is a raw connection: it sees every frame as it comes.
type player struct {
	t       *testing.T
	conn    *websocket.Conn
	waiting [][]byte
	welcome wire.Message
}

// dial opens a connection without saying hello.
func (r *rig) dial() *player {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, r.http.URL+"/v1/ws", &websocket.DialOptions{Subprotocols: []string{wire.Subprotocol}})
	must(r.t, err)
	conn.SetReadLimit(1 << 20)
	r.t.Cleanup(func() { _ = conn.CloseNow() })
	return &player{t: r.t, conn: conn}
}

// guest opens a connection and says hello.
func (r *rig) guest() *player {
	r.t.Helper()
	p := r.dial()
	p.send(`{"type":"hello","id":"h"}`)
	p.welcome = p.expect("welcome")
	return p
}

func (p *player) send(messages ...string) {
	p.t.Helper()
	p.sendFrame(websocket.MessageText, []byte(strings.Join(messages, "\n")))
}

func (p *player) sendFrame(kind websocket.MessageType, frame []byte) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	must(p.t, p.conn.Write(ctx, kind, frame))
}

// next is the next message of any type.
func (p *player) next() ([]byte, error) {
	for len(p.waiting) == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		_, frame, err := p.conn.Read(ctx)
		cancel()
		if err != nil {
			return nil, err
		}
		p.waiting = append(p.waiting, bytes.Split(frame, []byte{'\n'})...)
	}
	message := p.waiting[0]
	p.waiting = p.waiting[1:]
	return message, nil
}

// expect reads on until a message of the type comes. What else comes before it is passed over, except an error.
func (p *player) expect(kind string) wire.Message {
	p.t.Helper()
	for {
		raw, err := p.next()
		if err != nil {
			p.t.Fatalf("waiting for %s: %v", kind, err)
		}
		var m wire.Message
		if err := json.Unmarshal(raw, &m); err != nil {
			p.t.Fatalf("waiting for %s: %s: %v", kind, raw, err)
		}
		if m.Type == kind {
			return m
		}
		if m.Type == "error" {
			p.t.Fatalf("waiting for %s: %s", kind, raw)
		}
	}
}

// refused expects that the request is refused with the code.
func (p *player) refused(code wire.Code) wire.Message {
	p.t.Helper()
	m := p.expect("error")
	if m.Code != code {
		p.t.Fatalf("refused with %s (%s), want %s", m.Code, m.Text, code)
	}
	return m
}

// closed expects that the server closes the connection with the code.
func (p *player) closed(code int) {
	p.t.Helper()
	for {
		raw, err := p.next()
		if err == nil {
			p.t.Logf("before the end: %s", raw)
			continue
		}
		if got := websocket.CloseStatus(err); int(got) != code {
			p.t.Fatalf("closed with %d (%v), want %d", got, err, code)
		}
		return
	}
}

func decode(t *testing.T, raw []byte) wire.Message {
	t.Helper()
	var m wire.Message
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return m
}

// eventually waits until the condition holds.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for tick := time.NewTicker(time.Millisecond); !holds(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not come to pass")
		}
	}
}

// counts checks how often a histogram by type has measured.
func (r *rig) counts(metric, kind string, want uint64) {
	r.t.Helper()
	families, err := r.metrics.Gather()
	must(r.t, err)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == metric && m.GetLabel()[0].GetValue() == kind {
				if got := m.GetHistogram().GetSampleCount(); got != want {
					r.t.Errorf("%s of %s has measured %d times, want %d", metric, kind, got, want)
				}
				return
			}
		}
	}
	r.t.Errorf("there is no %s of %s", metric, kind)
}
