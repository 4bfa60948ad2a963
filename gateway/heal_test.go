package gateway_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/gateway"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

// lossy publishes, except for those notices that it loses: of those with events each one of some.
type lossy struct {
	*gateway.Server
	every  atomic.Int64 // one of so many; 0: none
	events atomic.Int64
}

func (l *lossy) Publish(id shard.ID, notice any) {
	if every := l.every.Load(); every != 0 && notice.(*table.Notice).Last != 0 && l.events.Add(1)%every == 0 {
		return
	}
	l.Server.Publish(id, notice)
}

// looking counts the Looks on behalf of nobody.
type looking struct {
	*shard.Node
	looks atomic.Int64
}

func (l *looking) Post(cmd shard.Command) error {
	if look, is := cmd.Body.(*table.Look); is && look.User == "" {
		l.looks.Add(1)
	}
	return l.Node.Post(cmd)
}

// TestLostNoticesAreHealed loses every third notice of a game with a crowd, and in the end all of them.
func TestLostNoticesAreHealed(t *testing.T) {
	var loses *lossy
	var looks *looking
	r := newRig(t, func(c *rigConfig) {
		c.publish = func(server *gateway.Server) shard.Publisher {
			loses = &lossy{Server: server}
			return loses
		}
		c.between = func(_ *gateway.Server, node *shard.Node) gateway.Owners {
			looks = &looking{Node: node}
			return looks
		}
	})
	white, black := r.guest(), r.guest()
	name := start(t, white, black, "chess")
	done := make(chan error, crowdSize+2)
	for range crowdSize {
		p := r.guest()
		p.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, name))
		p.expect("ok")
		go func() { done <- follow(p, name, false) }()
	}
	loses.every.Store(3)
	moves := []string{"g1f3", "g8f6", "f3g1", "f6g8"}
	const plies = 14
	for ply := range plies {
		mover := []*player{white, black}[ply%2]
		mover.send(fmt.Sprintf(`{"type":"move","id":"m%d","game":%q,"ply":%d,"move":%q}`, ply, name, ply, moves[ply%4]))
		mover.expect("ok")
	}
	loses.every.Store(1)
	white.send(fmt.Sprintf(`{"type":"resign","id":"r","game":%q}`, name))
	white.expect("ok")
	id := game.CreatedBy(white.welcome.User.ID, "c")
	if !r.server.Watches(id) || r.server.Watches(game.ID{}) {
		t.Errorf("that %s is watched is %v; that nothing is, %v", id, r.server.Watches(id), r.server.Watches(game.ID{}))
	}
	r.server.Resync(func(game.ID) bool { return true })
	for _, p := range []*player{white, black} {
		go func() { done <- follow(p, name, false) }()
	}
	for range crowdSize + 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := looks.looks.Load(); n == 0 || n > 5*plies {
		t.Errorf("for %d who watch, the owner was asked %d times for what they had missed", crowdSize, n)
	}
}
