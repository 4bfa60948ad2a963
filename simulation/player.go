package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/table"
	"github.com/plywire/plywire/wire"
)

// lines are games of chess that are played from the first move on, as far as nothing is taken back.
var lines = [][]string{
	{"f2f3", "e7e5", "g2g4", "d8h4"},
	{"e2e4", "e7e5", "f1c4", "b8c6", "d1h5", "g8f6", "h5f7"},
	{"e2e3", "a7a5", "d1h5", "a8a6", "h5a5", "h7h5", "h2h4", "a6h6", "a5c7", "f7f6", "c7d7", "e8f7", "d7b7", "d8d3", "b7b8", "d3h7", "b8c8", "f7g6", "c8e6"},
	{"e2e4", "a7a6", "e4e5", "d7d5", "e5d6", "b7b6", "d6c7", "c8b7", "c7b8q", "a8b8", "g1f3", "g8f6", "f1e2", "e7e6", "e1g1", "f8e7", "d2d4", "e8g8"},
	{"g1f3", "g8f6", "f3g1", "f6g8", "g1f3", "g8f6", "f3g1", "f6g8", "g1f3", "g8f6", "f3g1", "f6g8", "g1f3", "g8f6", "f3g1", "f6g8"},
}

// act does something that a client may want to do, or should not.
func (c *client) act() {
	s := c.sim
	if c.conn == nil {
		if !s.now.Before(c.away) {
			c.connect()
		}
		return
	}
	if c.heal() {
		return
	}
	switch n := s.random.IntN(100); {
	case s.created < s.setup.gamesMax && (n < 4 || s.created == 0), s.created < 12 && n < 20 && s.unfinished() == nil:
		c.create()
	case n < 9:
		c.look()
	case n < 14:
		c.again()
	case n < 16:
		c.mischief()
	case n < 18:
		s.note(Drops, "%s: the network drops %s", c.conn.name, c.name)
		c.conn.cutByClient()
		if s.chance(2) {
			c.away = s.now.Add(s.upTo(20 * time.Second))
		}
	case len(c.games) == 0:
		c.look()
	default:
		v := c.views[pick(s, c.games)]
		for range 8 { // rather where something is to be done
			if v.status != "ended" && v.turn(v.seat(c.user)) {
				break
			}
			v = c.views[pick(s, c.games)]
		}
		c.play(v)
	}
}

// public makes a game known to all.
func (s *sim) public(id string) {
	for _, each := range s.lobby {
		if each == id {
			return
		}
	}
	s.lobby = append(s.lobby, id)
}

var clocks = []*wire.ClockTerms{nil, {InitialMS: 2000}, {InitialMS: 4000, IncrementMS: 1000}, {InitialMS: 12000}, {IncrementMS: 3000},
	{InitialMS: 30000, DelayMS: 2000}, {InitialMS: 60000, IncrementMS: 500}, {InitialMS: 300000}, nil}

var optionsOf = map[string][]string{"rps": {"", `{"best_of":1}`, `{"best_of":5}`}, "nim": {"", `{"heaps":[2,3]}`}, "chess": {""}, "connectfour": {""}}

// create makes a game, or asks for one that cannot be made.
func (c *client) create() {
	s := c.sim
	request := wire.Request{Type: wire.TypeCreate, Rules: pick(s, registry.Names()), Clock: pick(s, clocks)}
	if options := pick(s, optionsOf[request.Rules]); options != "" {
		request.Options = json.RawMessage(options)
	}
	if s.chance(6) {
		request.Opponent = pick(s, s.clients).user
	}
	if s.chance(20) {
		request.Rules = "go"
	} else {
		s.created++
	}
	c.want(request)
}

// look watches a game, joins one, or watches one no more.
func (c *client) look() {
	s := c.sim
	if len(s.lobby) == 0 {
		return
	}
	id := pick(s, s.lobby)
	v := c.views[id]
	switch n := s.random.IntN(10); {
	case n < 4 && (v == nil || v.status != "ended"):
		c.want(wire.Request{Type: wire.TypeJoin, Game: id})
	case n < 5 && v != nil:
		c.want(wire.Request{Type: wire.TypeLeave, Game: id})
	case v == nil || n < 6:
		c.view(id)
		c.want(wire.Request{Type: wire.TypeWatch, Game: id})
	default:
		after := v.last
		switch s.random.IntN(6) {
		case 0:
			after += 1000
		case 1:
			after = s.random.Uint64N(after + 1)
		}
		c.want(wire.Request{Type: wire.TypeWatch, Game: id, After: &after})
	}
}

// again sends a command again: one that waits for its answer, or one that has it.
func (c *client) again() {
	s := c.sim
	if len(c.open) > 0 && s.chance(2) {
		c.write(pick(s, c.open), Resent)
		return
	}
	if len(c.done) == 0 {
		return
	}
	cmd := pick(s, c.done)
	if cmd.ok == "" || !s.chance(3) {
		c.write(cmd, Repeated)
		return
	}
	// Another command with an id that was used: it is answered like the first, or, if it is to make a game, refused.
	other := *cmd
	switch {
	case other.request.Type == wire.TypeCreate:
		cmd.otherTerms = true
		other.request.Rated = true
	case other.request.Type == wire.TypeMove:
		other.request.Type = wire.TypeResign
	default:
		other.request.Type, other.request.What = wire.TypeOffer, "draw"
	}
	other.frame = encode(other.request)
	c.write(&other, Twisted)
}

// mischief sends what is no message, or asks for what there is not.
func (c *client) mischief() {
	s := c.sim
	switch s.random.IntN(6) {
	case 0:
		s.note(Garbage, "%s: %s sends garbage", c.conn.name, c.name)
		c.conn.send([]byte(pick(s, []string{`{`, `{"type":"move"}`, `{"type":"castle","id":"x"}`, `{"type":"hello"}`, `{"type":"resign","id":"x","game":"nowhere"}`})))
	case 1:
		c.want(wire.Request{Type: wire.TypeWatch, Game: "7a4f8d0e-9f5b-8c7d-a1b2-0c1d2e3f4a5b"})
	case 2:
		c.want(wire.Request{Type: wire.TypeResign, Game: "7a4f8d0e-9f5b-8c7d-a1b2-0c1d2e3f4a5b"})
	case 4, 5:
		c.read()
	case 3:
		if len(s.lobby) > 0 {
			text := "well played"
			c.want(wire.Request{Type: wire.TypeSay, Game: pick(s, s.lobby), Text: &text})
		}
	}
}

// read asks for events, or for the whole game, as one does over HTTP: without a connection that stays.
func (c *client) read() {
	s := c.sim
	if len(c.games) == 0 {
		return
	}
	v := c.views[pick(s, c.games)]
	n := &conn{client: c, process: s.process, name: "http"}
	n.session = newSession(n)
	n.session.user.ID = c.user
	request := &call{session: n.session, request: &wire.Request{Type: "read"}, at: s.mark(), body: &table.Transcribe{}}
	request.game, _ = uuid.Parse(v.game)
	if s.chance(2) {
		s.counts[Polls]++
		request.body = &table.Look{User: c.user, After: s.random.Uint64N(v.last + 2), Events: true}
	}
	n.session.send(request)
}

// play does something in a game.
func (c *client) play(v *view) {
	s, seat := c.sim, v.seat(c.user)
	if c.busy(v.game) && !s.chance(5) {
		return
	}
	request := wire.Request{Game: v.game}
	n := s.random.IntN(100)
	switch {
	case v.status == "waiting" && seat < 0:
		request.Type = wire.TypeJoin
	case v.status == "waiting" && n > 3 && s.faulty:
		return
	case v.status == "ended" && n < 30 && seat >= 0:
		request.Type, request.What = pick(s, []string{wire.TypeOffer, wire.TypeOffer, wire.TypeAccept, wire.TypeDecline}), "rematch"
	case v.status == "ended" && n > 35:
		return
	case len(v.offers) > 0 && n < 40:
		request.Type, request.What = pick(s, []string{wire.TypeAccept, wire.TypeAccept, wire.TypeDecline, wire.TypeOffer}), pick(s, v.offers).What
	case n < 5:
		request.Type, request.What = wire.TypeOffer, pick(s, []string{"draw", "takeback", "takeback", "takeback", "rematch", "tea"})
	case n < 8, n < 40 && v.repeats():
		request.Type, request.What = wire.TypeClaim, pick(s, []string{"abandonment", "abandonment", "abandonment", "threefold", "threefold", "fifty_moves"})
	case n < 9 && s.chance(3):
		request.Type = wire.TypeAbort
	case n < 10 && s.chance(3):
		request.Type = wire.TypeResign
	default:
		c.move(v, seat)
		return
	}
	c.want(request)
}

// busy tells whether the client waits for an answer in that game.
func (c *client) busy(game string) bool {
	return slices.ContainsFunc(c.open, func(cmd *command) bool { return cmd.request.Game == game })
}

// move plays a move: mostly one that is right, sometimes one that comes at the wrong time or is none.
func (c *client) move(v *view, seat int) {
	s := c.sim
	if !v.turn(seat) && !s.chance(15) {
		return
	}
	ply, move := v.ply, v.choose(s)
	switch s.random.IntN(25) {
	case 0:
		ply += s.random.IntN(5) - 2
	case 1:
		move = "e2e5"
	}
	c.want(wire.Request{Type: wire.TypeMove, Game: v.game, Ply: &ply, Move: &move})
}

// turn tells whether the seat is to move, as far as the client knows.
func (v *view) turn(seat int) bool {
	return seat >= 0 && v.status == "playing" && (v.rules == "rps" || v.ply%len(v.seats) == seat)
}

// line is the game of chess that is played.
func (v *view) line() []string {
	if v.game[0] < '8' {
		return lines[len(lines)-1]
	}
	return lines[int(v.game[1])%len(lines)]
}

// repeats tells whether a position of the game may have come for the third time.
func (v *view) repeats() bool { return v.rules == "chess" && v.ply >= 8 && len(v.line()) == 16 }

// choose is a move that may be legal.
func (v *view) choose(s *sim) string {
	switch v.rules {
	case "chess":
		if line := v.line(); v.ply < len(line) {
			return line[v.ply]
		}
		return "a1a1"
	case "connectfour":
		return string(rune('a' + s.random.IntN(7)))
	case "rps":
		return pick(s, []string{"rock", "paper", "scissors"})
	}
	return fmt.Sprintf("%d:%d", 1+s.random.IntN(3), 1+s.random.IntN(3))
}
