package gateway

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// kinds are the requests that go to a game as they are.
var kinds = map[string]game.CommandKind{
	wire.TypeCreate: game.CommandCreate, wire.TypeJoin: game.CommandJoin, wire.TypeMove: game.CommandMove,
	wire.TypeResign: game.CommandResign, wire.TypeAbort: game.CommandAbort, wire.TypeOffer: game.CommandOffer,
	wire.TypeAccept: game.CommandAccept, wire.TypeDecline: game.CommandDecline, wire.TypeClaim: game.CommandClaim,
}

// command decides on a request of a session that has said hello.
func (s *session) command(at time.Time, request *wire.Request) {
	var id game.ID
	switch request.Type {
	case wire.TypeHello:
		s.fail(request, wire.CodeBadMessage, "hello was said already")
		return
	case wire.TypePing:
		s.server.metrics.command(request.Type, "")
		s.push(wire.Encode(&wire.Message{Type: wire.TypePong, Re: request.ID, Sent: request.Sent, Time: wire.FormatTime(at)}))
		return
	case wire.TypeCreate:
	default:
		if !wire.Known(request.Type) {
			s.fail(request, wire.CodeUnknownType, "this server does not know that type of message")
			return
		}
		var err error
		if id, err = uuid.Parse(request.Game); err != nil {
			s.fail(request, wire.CodeNotFound, game.ErrNotFound.Error())
			return
		}
	}
	if request.Type == wire.TypeLeave {
		s.leave(id)
		s.server.metrics.command(request.Type, "")
		s.push(wire.AppendOK(nil, request.ID, id.String(), 0))
		return
	}
	watch := request.Type == wire.TypeCreate || request.Type == wire.TypeJoin || request.Type == wire.TypeWatch
	id, body := s.server.translate(s.user(), id, request, watch, time.Duration(s.roundTrip.Load()))
	if watch && !s.mayWatch(id) {
		s.fail(request, wire.CodeTooManyRequests, "this connection watches as many games as it may")
		return
	}
	s.send(at, id, body, &call{session: s, game: id, kind: request.Type, re: request.ID, watch: watch})
}

func (s *session) user() game.User { return game.User{ID: s.identity.ID, Name: s.identity.Name} }

// translate makes a request to a table out of a message of a known type that goes to the game id; to the one that it
// creates, if it does.
func (server *Server) translate(user game.User, id game.ID, request *wire.Request, watch bool, lag time.Duration) (game.ID, any) {
	switch request.Type {
	case wire.TypeWatch:
		look := &table.Look{User: user.ID, ID: request.ID, Whole: request.After == nil, Watch: watch}
		if request.After != nil {
			look.After = *request.After
		}
		return id, look
	case wire.TypeSay:
		return id, &table.Say{User: user, ID: request.ID, Text: *request.Text}
	case wire.TypeAdvance:
		return id, &table.Advance{ID: request.ID, By: millis(request.AdvanceMS)}
	}
	cmd := game.Command{Kind: kinds[request.Type], User: user, ID: request.ID, Seat: request.Seat, What: request.What, Lag: lag}
	if request.Ply != nil && request.Move != nil {
		cmd.Ply, cmd.Move = *request.Ply, *request.Move
	}
	if request.Type == wire.TypeCreate {
		id = game.CreatedBy(user.ID, request.ID)
		cmd.Create = createOf(request)
	}
	return id, &table.Act{Command: cmd, Watch: watch}
}

func createOf(request *wire.Request) *game.Create {
	terms := game.Terms{Rules: request.Rules, Rated: request.Rated, Opponent: request.Opponent, Source: game.SourceCreate, Seed: newSeed()}
	if options := string(request.Options); options != "null" {
		terms.Options = options
	}
	if c := request.Clock; c != nil {
		terms.Clock = game.Clock{Initial: millis(c.InitialMS), Increment: millis(c.IncrementMS), Delay: millis(c.DelayMS)}
	}
	return &game.Create{Terms: terms, Seat: request.Seat}
}

// millis is a number of milliseconds as a duration. One that is out of any bounds becomes one that is refused.
func millis(ms int64) time.Duration {
	if ms < 0 || ms > game.ClockInitialMax.Milliseconds() {
		return -time.Millisecond
	}
	return time.Duration(ms) * time.Millisecond
}

func newSeed() uint64 {
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // never fails: see crypto/rand
	return binary.LittleEndian.Uint64(seed[:])
}

// call is a request under way to a table. It hears the answer.
type call struct {
	session *session
	game    game.ID
	kind    string // of the request; empty: resumed by hello
	re      string
	at      time.Time // when it arrived
	watch   bool      // the session watches the game from the answer on
	silent  bool      // the client gets no ok
}

// send gives a request to the owner of the game.
func (s *session) send(at time.Time, id game.ID, body any, c *call) {
	c.at = at
	if err := s.server.owners.Send(shard.Command{Actor: id, Body: body, Sender: c, At: at}); err != nil {
		c.Answer(nil, err)
	}
}

// refusalOf says in a player's words why a shard did not decide.
func refusalOf(err error) (wire.Code, string) {
	code := table.CodeOf(err)
	if code == wire.CodeUnavailable {
		// Not that nothing was changed: where a shard has lost its store in the middle of it, nobody knows.
		return code, "the server cannot answer this now: send it again with the same id, and it is done once"
	}
	return code, "the server failed at this command, and nothing was changed"
}

// unavailableRetry is when a client should try again what was not decided.
const unavailableRetry = 250 * time.Millisecond

// Answer brings the answer to the client. It does not block.
func (c *call) Answer(reply any, err error) {
	s := c.session
	if err != nil {
		code, text := refusalOf(err)
		m := &wire.Message{Type: wire.TypeError, Re: c.re, Game: c.game.String(), Code: code, Text: text}
		if code == wire.CodeUnavailable {
			m.RetryAfterMS = unavailableRetry.Milliseconds()
		}
		s.server.metrics.command(c.kind, code)
		s.push(wire.Encode(m))
		return
	}
	r := reply.(*table.Reply)
	s.server.metrics.command(c.kind, r.Code)
	if r.Code == "" {
		s.server.metrics.answered(c.kind, time.Since(c.at))
	}
	switch {
	case r.Code != "" || !c.watch:
		s.push(r.Frame)
	default:
		if c.silent {
			r.Frame = nil
		}
		s.watch(c.game, r)
	}
}
