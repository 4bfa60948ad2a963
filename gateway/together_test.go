package gateway_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/gateway"
	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

// together publishes at two gateways, as soon as there is a second.
type together struct {
	first  *gateway.Server
	second atomic.Pointer[gateway.Server]
}

func (p *together) Publish(id shard.ID, notice any) {
	p.first.Publish(id, notice)
	if second := p.second.Load(); second != nil {
		second.Publish(id, notice)
	}
}

func (p *together) Flush() {
	p.first.Flush()
	if second := p.second.Load(); second != nil {
		second.Flush()
	}
}

// newPair returns a rig, and another one that is a second gateway to the same games, with another instance of the same name.
func newPair(t *testing.T) (first, second *rig) {
	t.Helper()
	var all *together
	var config rigConfig
	first = newRig(t, func(c *rigConfig) {
		c.gateway.Instance = "one"
		c.publish = func(server *gateway.Server) shard.Publisher {
			all = &together{first: server}
			return all
		}
		config = *c
	})
	config.gateway.Instance = "two"
	authenticator, err := auth.New(t.Context(), config.auth, zerolog.Nop())
	must(t, err)
	t.Cleanup(authenticator.Close)
	second = &rig{t: t, metrics: prometheus.NewRegistry(), node: first.node}
	second.server, err = gateway.New(config.gateway, authenticator, second.metrics, zerolog.Nop())
	must(t, err)
	second.server.Attach(first.node)
	all.second.Store(second.server)
	second.http = httptest.NewServer(second.server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		second.server.Close(ctx)
		second.http.Close()
	})
	return first, second
}

// again opens a connection of a guest who is somewhere already, and has him watch a game.
func (r *rig) again(p *player, game string) *player {
	r.t.Helper()
	other := r.dial()
	other.send(fmt.Sprintf(`{"type":"hello","id":"h","resume":%q}`, p.welcome.Resume))
	other.welcome = other.expect("welcome")
	other.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, game))
	other.expect("ok")
	return other
}

// A player at two gateways who leaves one of them is present; and who watches is counted at both. When the node of one has
// gone, so have all who were there.
func TestGatewaysTogether(t *testing.T) {
	first, second := newPair(t)
	white, black := first.guest(), first.guest()
	name := start(t, white, black, "chess")
	also := second.again(black, name)
	watchers := []*player{first.guest(), second.guest()}
	for i, p := range watchers {
		p.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, name))
		p.expect("ok")
		for want := i + 1; ; {
			if m := white.expect("watchers"); *m.Count == want {
				break
			}
		}
	}
	_ = black.conn.CloseNow()
	eventually(t, func() bool { return first.server.Connections() == 2 })
	also.send(fmt.Sprintf(`{"type":"say","id":"s","game":%q,"text":"still here"}`, name))
	for {
		raw, err := white.next()
		must(t, err)
		m := decode(t, raw)
		if m.Type == "presence" && m.Seat == "black" && !*m.Present {
			t.Fatalf("who is at another gateway is gone: %s", raw)
		}
		if m.Type == "said" {
			break
		}
	}
	departed := table.Codec{}.Departed("two")
	must(t, first.node.Send(shard.Command{Actor: game.CreatedBy(white.welcome.User.ID, "c"), Body: departed}))
	if m := white.expect("presence"); m.Seat != "black" || *m.Present {
		t.Errorf("when the node has gone, %+v", m)
	}
	if m := white.expect("watchers"); *m.Count != 1 {
		t.Errorf("when the node has gone, %d watch", *m.Count)
	}
	// It was a mistake: it is still there, and says so.
	second.server.Resync(func(game.ID) bool { return true })
	if m := white.expect("presence"); m.Seat != "black" || !*m.Present {
		t.Errorf("when the node is back, %+v", m)
	}
	if m := white.expect("watchers"); *m.Count != 2 {
		t.Errorf("when the node is back, %d watch", *m.Count)
	}
}
