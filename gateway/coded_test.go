package gateway_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/game/rps"
	"github.com/plywire/plywire/gateway"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

// coded is owners at the other end of a link: everything goes there and comes back as bytes.
type coded struct {
	t     *testing.T
	codec table.Codec
	inner gateway.Owners
}

func (c *coded) Send(cmd shard.Command) error { return c.inner.Send(c.over(cmd)) }
func (c *coded) Post(cmd shard.Command) error { return c.inner.Post(c.over(cmd)) }

func (c *coded) over(cmd shard.Command) shard.Command {
	cmd.Body = hop(c.t, cmd.Body, c.codec.AppendRequest, c.codec.ParseRequest)
	if cmd.Sender != nil {
		cmd.Sender = &codedSender{c, cmd.Sender}
	}
	return cmd
}

type codedSender struct {
	coded *coded
	inner shard.Sender
}

func (s *codedSender) Answer(reply any, err error) {
	if err == nil {
		reply = hop(s.coded.t, reply, s.coded.codec.AppendReply, s.coded.codec.ParseReply)
	}
	s.inner.Answer(reply, err)
}

// codedPublisher is the way back of notices.
type codedPublisher struct {
	*gateway.Server
	coded *coded
}

func (p *codedPublisher) Publish(id shard.ID, notice any) {
	p.Server.Publish(id, hop(p.coded.t, notice, p.coded.codec.AppendNotice, p.coded.codec.ParseNotice))
}

var rooms = sync.Pool{New: func() any { return new([]byte) }}

// hop writes something, reads it, and uses the bytes for something else.
func hop(t *testing.T, what any, write func([]byte, any) ([]byte, error), read func([]byte) (any, error)) any {
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	written, err := write((*room)[:0], what)
	if err != nil {
		t.Error(err)
		return what
	}
	*room = written
	there, err := read(written)
	if err != nil {
		t.Error(err)
		return what
	}
	for i := range written {
		written[i] = 0xee
	}
	return there
}

// behindALink has the games of a rig at the other end of a link.
func behindALink(t *testing.T) func(*rigConfig) {
	link := &coded{t: t, codec: table.Codec{Registry: game.NewRegistry(chess.Rules{}, rps.Rules{})}}
	return func(c *rigConfig) {
		c.between = func(_ *gateway.Server, node *shard.Node) gateway.Owners {
			link.inner = node
			return link
		}
		c.publish = func(server *gateway.Server) shard.Publisher { return &codedPublisher{server, link} }
	}
}

// TestGamesBehindALink plays over bytes, and reads the record.
func TestGamesBehindALink(t *testing.T) {
	r := newRig(t, behindALink(t))
	white, black, watcher := r.guest(), r.guest(), r.guest()
	name := start(t, white, black, "chess")
	watcher.send(fmt.Sprintf(`{"type":"watch","id":"w","game":%q}`, name))
	watcher.expect("ok")
	for {
		if m := white.expect("watchers"); *m.Count == 1 {
			break
		}
	}
	white.send(fmt.Sprintf(`{"type":"say","id":"s","game":%q,"text":"hello"}`, name))
	black.expect("said")
	white.expect("ok")
	for ply, text := range []string{"f2f3", "e7e5", "g2g4", "d8h4"} {
		mover := []*player{white, black}[ply%2]
		mover.send(fmt.Sprintf(`{"type":"move","id":"m%d","game":%q,"ply":%d,"move":%q}`, ply, name, ply, text))
		mover.expect("ok")
	}
	for _, p := range []*player{white, watcher} { // black has passed it over on the way to the ok
		if m := p.expect("ended"); m.Result.Reason != "checkmate" {
			t.Errorf("ended with %+v", m.Result)
		}
	}
	if response, record := r.get("/v1/games/" + name + ".pgn"); response.StatusCode != http.StatusOK || len(record) < 100 {
		t.Errorf("the record is %d %s", response.StatusCode, record)
	}
}
