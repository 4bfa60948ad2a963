package loadtest

import (
	"strings"

	"github.com/google/uuid"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/wire"
)

// prank is one thing to be refused.
type prank struct {
	name    string
	from    func(m *match, mover int) *client.Client
	request func(m *match, ply int, move string) wire.Request
	want    wire.Code
	since   int // ply from which on it is refused so
}

func fromMover(m *match, mover int) *client.Client { return m.clients[mover] }
func fromOther(m *match, mover int) *client.Client { return m.clients[1-mover] }
func fromStranger(m *match, _ int) *client.Client  { return m.chaos.stranger }

// fromWhoIsThere is a player whose connection was not closed to abandon the game.
func fromWhoIsThere(m *match, mover int) *client.Client {
	if m.eyes[mover] == nil {
		return m.clients[1-mover]
	}
	return m.clients[mover]
}

func moveRequest(m *match, ply int, move string) wire.Request {
	return wire.Request{Type: wire.TypeMove, Game: m.id, Ply: &ply, Move: &move}
}

// plain is a request that names the game and, for those types that need it, what.
func plain(kind, what string) func(m *match, _ int, _ string) wire.Request {
	return func(m *match, _ int, _ string) wire.Request {
		return wire.Request{Type: kind, Game: m.id, What: what}
	}
}

func joinSeat(seat string) func(m *match, _ int, _ string) wire.Request {
	return func(m *match, _ int, _ string) wire.Request {
		return wire.Request{Type: wire.TypeJoin, Game: m.id, Seat: seat}
	}
}

func say(text string) func(m *match, _ int, _ string) wire.Request {
	return func(m *match, _ int, _ string) wire.Request {
		return wire.Request{Type: wire.TypeSay, Game: m.id, Text: &text}
	}
}

// playing are for between the moves of a game.
var playing = []prank{
	{"a move that is none", fromMover, func(m *match, ply int, _ string) wire.Request { return moveRequest(m, ply, "e2m3") }, wire.CodeIllegalMove, 0},
	{"a move of no piece", fromMover, func(m *match, ply int, _ string) wire.Request { return moveRequest(m, ply, "e5e5") }, wire.CodeIllegalMove, 0},
	{"an empty move", fromMover, func(m *match, ply int, _ string) wire.Request { return moveRequest(m, ply, "") }, wire.CodeIllegalMove, 0},
	{"a move out of turn", fromOther, moveRequest, wire.CodeNotYourTurn, 0},
	{"a move of a ply to come", fromMover, func(m *match, ply int, move string) wire.Request { return moveRequest(m, ply+2, move) }, wire.CodeStalePly, 0},
	{"a move of a ply gone by", fromMover, func(m *match, ply int, move string) wire.Request { return moveRequest(m, ply-1, move) }, wire.CodeStalePly, 0},
	{"a move without a ply", fromMover, func(m *match, _ int, move string) wire.Request {
		return wire.Request{Type: wire.TypeMove, Game: m.id, Move: &move}
	}, wire.CodeBadMessage, 0},
	{"a stranger's move", fromStranger, moveRequest, wire.CodeNotSeated, 0},
	{"a stranger's resignation", fromStranger, plain(wire.TypeResign, ""), wire.CodeNotSeated, 0},
	{"a stranger's words", fromStranger, say("resign!"), wire.CodeNotSeated, 0},
	{"a third player", fromStranger, joinSeat(""), wire.CodeSeatTaken, 0},
	{"a player on both sides", fromMover, joinSeat(""), wire.CodeAlreadySeated, 0},
	{"an unknown type", fromMover, plain("checkmate", ""), wire.CodeUnknownType, 0},
	{"a game that is not there", fromMover, func(_ *match, ply int, move string) wire.Request {
		return wire.Request{Type: wire.TypeMove, Game: uuid.NewString(), Ply: &ply, Move: &move}
	}, wire.CodeNotFound, 0},
	{"acceptance of no offer", fromMover, plain(wire.TypeAccept, "draw"), wire.CodeNoSuchOffer, 0},
	{"an offer of what nobody knows", fromMover, plain(wire.TypeOffer, "money"), wire.CodeNoSuchOffer, 0},
	{"a rematch of a game that goes on", fromMover, plain(wire.TypeOffer, "rematch"), wire.CodeNoSuchOffer, 0},
	{"a claim that does not hold", fromOther, plain(wire.TypeClaim, "checkmate"), wire.CodeIllegalMove, 0},
	{"abandonment by who is here", fromMover, plain(wire.TypeClaim, "abandonment"), wire.CodeForbidden, 0},
	{"an abort too late", fromMover, plain(wire.TypeAbort, ""), wire.CodeCannotAbort, 2},
	{"a speech", fromMover, say(strings.Repeat("a", wire.TextCharsMax+1)), wire.CodeBadMessage, 0},
}

// waiting are for a game that waits for its second player.
var waiting = []prank{
	{"a move before the start", fromMover, moveRequest, wire.CodeGameNotStarted, 0},
	{"a resignation before the start", fromMover, plain(wire.TypeResign, ""), wire.CodeGameNotStarted, 0},
	{"an offer before the start", fromMover, plain(wire.TypeOffer, "draw"), wire.CodeGameNotStarted, 0},
	{"a claim before the start", fromMover, plain(wire.TypeClaim, "threefold"), wire.CodeGameNotStarted, 0},
	{"the creator as his opponent", fromMover, joinSeat("black"), wire.CodeAlreadySeated, 0},
	{"a seat that is taken", fromStranger, joinSeat("white"), wire.CodeSeatTaken, 0},
	{"a seat that is not there", fromStranger, joinSeat("green"), wire.CodeSeatTaken, 0},
}

// over are for a game that has ended.
var over = []prank{
	{"a move after the end", fromWhoIsThere, moveRequest, wire.CodeGameOver, 0},
	{"a resignation after the end", fromWhoIsThere, plain(wire.TypeResign, ""), wire.CodeGameOver, 0},
	{"an abort after the end", fromWhoIsThere, plain(wire.TypeAbort, ""), wire.CodeGameOver, 0},
	{"an offer after the end", fromWhoIsThere, plain(wire.TypeOffer, "draw"), wire.CodeGameOver, 0},
	{"a claim after the end", fromWhoIsThere, plain(wire.TypeClaim, "threefold"), wire.CodeGameOver, 0},
	{"acceptance after the end", fromWhoIsThere, plain(wire.TypeAccept, "draw"), wire.CodeGameOver, 0},
	{"a player after the end", fromStranger, joinSeat(""), wire.CodeGameOver, 0},
}
