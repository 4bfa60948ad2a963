package simulation

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// gateway is what stands between connections and shards: as much of the real one as there is without sockets, goroutines
// and clocks. What it is told by the shards it checks before it passes it on.
type gateway struct {
	process *process
	topics  map[game.ID]*topic
}

// session is the server's end of a connection.
type session struct {
	conn    *conn
	gateway *gateway
	user    game.User // of who has said hello
	greeted bool
	inbox   []arrival
	watched []game.ID
	lag     time.Duration // the round trip, as the server has measured it
	gone    bool
}

// arrival is a frame that was read and not decided on.
type arrival struct {
	frame []byte
	mark  mark
}

func newSession(n *conn) *session {
	s := n.client.sim
	lag := time.Duration(0)
	if s.chance(2) {
		lag = s.upTo(1500 * time.Millisecond)
	}
	return &session{conn: n, gateway: n.process.gateway, lag: lag}
}

// read takes a frame from the network. It is decided on a little later.
func (s *session) read(frame []byte) {
	s.inbox = append(s.inbox, arrival{frame, s.conn.client.sim.mark()})
}

// decide decides on the first frame that was read.
func (s *session) decide() bool {
	if len(s.inbox) == 0 || s.gone || s.gateway.process.dead {
		return false
	}
	first := s.inbox[0]
	s.inbox = s.inbox[1:]
	wire.Split(first.frame, func(message []byte) bool {
		s.message(first.mark, message)
		return !s.gone
	})
	return true
}

func (s *session) message(at mark, raw []byte) {
	request, err := wire.DecodeRequest(raw)
	switch {
	case request == nil:
		s.refuse("", wire.CodeBadMessage, err)
		s.close()
	case err != nil:
		s.refuse(request.ID, wire.CodeBadMessage, err)
	case request.Type == wire.TypeHello && !s.greeted:
		s.greeted, s.user = true, game.User{ID: request.Token, Name: request.Token}
		s.push(&wire.Message{Type: wire.TypeWelcome, Re: request.ID, User: &wire.User{ID: s.user.ID}})
		for _, each := range request.Games {
			s.resume(at, request, each)
		}
	case !s.greeted || request.Type == wire.TypeHello || !wire.Known(request.Type):
		s.refuse(request.ID, wire.CodeBadMessage, wire.ErrBadMessage)
	default:
		s.command(at, request)
	}
}

func (s *session) resume(at mark, request *wire.Request, each wire.GameAfter) {
	id, err := uuid.Parse(each.Game)
	if err != nil {
		s.refuse(request.ID, wire.CodeNotFound, err)
		return
	}
	look := &table.Look{User: s.user.ID, ID: request.ID, After: each.After}
	s.send(&call{session: s, request: request, game: id, body: look, at: at, watch: true, silent: true})
}

// kinds are the requests that go to a game as they are.
var kinds = map[string]game.CommandKind{
	wire.TypeCreate: game.CommandCreate, wire.TypeJoin: game.CommandJoin, wire.TypeMove: game.CommandMove,
	wire.TypeResign: game.CommandResign, wire.TypeAbort: game.CommandAbort, wire.TypeOffer: game.CommandOffer,
	wire.TypeAccept: game.CommandAccept, wire.TypeDecline: game.CommandDecline, wire.TypeClaim: game.CommandClaim,
}

// command translates a request for its game.
func (s *session) command(at mark, request *wire.Request) {
	id, err := uuid.Parse(request.Game)
	switch {
	case request.Type == wire.TypePing:
		s.push(&wire.Message{Type: wire.TypePong, Re: request.ID})
		return
	case request.Type != wire.TypeCreate && err != nil:
		s.refuse(request.ID, wire.CodeNotFound, game.ErrNotFound)
		return
	case request.Type == wire.TypeLeave:
		s.leave(id)
		s.push(&wire.Message{Type: wire.TypeOK, Re: request.ID, Game: id.String()})
		return
	}
	c := &call{session: s, request: request, game: id, at: at}
	switch request.Type {
	case wire.TypeWatch:
		look := &table.Look{User: s.user.ID, ID: request.ID, Whole: request.After == nil}
		if request.After != nil {
			look.After = *request.After
		}
		c.body, c.watch = look, true
	case wire.TypeSay:
		c.body = &table.Say{User: s.user, ID: request.ID, Text: *request.Text}
	default:
		cmd := game.Command{Kind: kinds[request.Type], User: s.user, ID: request.ID, Seat: request.Seat, What: request.What, Lag: s.lag}
		if request.Ply != nil && request.Move != nil {
			cmd.Ply, cmd.Move = *request.Ply, *request.Move
		}
		if request.Type == wire.TypeCreate {
			c.game = game.CreatedBy(s.user.ID, request.ID)
			cmd.Create = s.create(request)
		}
		c.watch = request.Type == wire.TypeCreate || request.Type == wire.TypeJoin
		c.body = &table.Act{Command: cmd, Watch: c.watch}
	}
	s.send(c)
}

func (s *session) create(request *wire.Request) *game.Create {
	terms := game.Terms{Rules: request.Rules, Rated: request.Rated, Opponent: request.Opponent, Options: string(request.Options),
		Source: game.SourceCreate, Seed: s.conn.client.sim.random.Uint64()}
	if c := request.Clock; c != nil {
		terms.Clock = game.Clock{Initial: millis(c.InitialMS), Increment: millis(c.IncrementMS), Delay: millis(c.DelayMS)}
	}
	return &game.Create{Terms: terms, Seat: request.Seat}
}

func millis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }

// send gives a request to the owner of the game.
func (s *session) send(c *call) {
	p := s.gateway.process
	c.arrive()
	p.calls = append(p.calls, c)
	if err := p.node.Send(shard.Command{Actor: c.game, Body: c.body, Sender: c, At: c.at.at}); err != nil {
		if c.times != 0 {
			p.sim.fail("%s is refused at once, and was answered", c)
		}
		c.atOnce = true
		c.Answer(nil, err)
	}
	p.calls = slices.DeleteFunc(p.calls, func(c *call) bool { return c.times > 0 })
}

// push sends one message to the client.
func (s *session) push(m *wire.Message) {
	m = reread(s.conn.client.sim, wire.Encode(m))[0]
	s.conn.push(packet{m})
	s.conn.flush()
}

func (s *session) refuse(re string, code wire.Code, cause error) {
	s.push(&wire.Message{Type: wire.TypeError, Re: re, Code: code, Text: cause.Error()})
}

// Flush sends what was published and answered. It is the shards' Flusher: without it nothing that they say gets out.
func (g *gateway) Flush() {
	for _, n := range g.process.sim.conns {
		if n.process == g.process && !g.process.dead {
			n.flush()
		}
	}
}

// close ends the session: the client is told by the end of the connection.
func (s *session) close() {
	if s.gone {
		return
	}
	s.gone = true
	s.conn.cutByServer(false)
	watched := s.watched
	s.watched = nil
	for _, id := range watched {
		s.gateway.leave(id, s)
	}
}

func (s *session) leave(id game.ID) {
	s.watched = slices.DeleteFunc(s.watched, func(each game.ID) bool { return each == id })
	s.gateway.leave(id, s)
}

// announce tells everybody that the server is going to stop.
func (g *gateway) announce() {
	for _, n := range g.process.sim.conns {
		if n.process == g.process && n.session.greeted {
			n.session.push(&wire.Message{Type: wire.TypeDraining})
		}
	}
}

// reread reads a frame as a client would.
func reread(s *sim, frame []byte) packet {
	var all packet
	wire.Split(frame, func(text []byte) bool {
		m := new(wire.Message)
		if err := json.Unmarshal(text, m); err != nil {
			s.fail("a client is sent %q: %v", text, err)
			return false
		}
		all = append(all, m)
		return true
	})
	return all
}
