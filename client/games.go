package client

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/wire"
)

// What is in this file requires c.mu, but for takeGame and refuseGame, which take it.

// keep is the Game of that id, made if there is none. Those that are not followed are bounded: the oldest is forgotten.
func (c *Client) keep(id string) *Game {
	if g := c.games[id]; g != nil {
		return g
	}
	g := &Game{c: c, id: id, ready: make(chan struct{}, 1)}
	if len(c.kept) >= c.cfg.KeptGames {
		c.forget(c.kept[0], ErrLeft)
	}
	c.games[id] = g
	c.kept = append(c.kept, g)
	return g
}

func (c *Client) follow(g *Game) {
	g.followed, g.guessed = true, false
	c.unkeep(g)
}

func (c *Client) unkeep(g *Game) {
	if i := slices.Index(c.kept, g); i >= 0 {
		c.kept = slices.Delete(c.kept, i, i+1)
	}
}

// forget ends a Game for the given reason. What still comes for it is ignored.
func (c *Client) forget(g *Game, reason error) {
	if c.games[g.id] == g {
		delete(c.games, g.id)
	}
	c.unkeep(g)
	if g.err == nil {
		g.err = reason
	}
	g.signal()
}

// expect prepares for the games that a request is going to bring, when it is put into the list.
func (c *Client) expect(request *wire.Request) {
	switch request.Type {
	case wire.TypeCreate:
		c.creating++
	case wire.TypeJoin, wire.TypeWatch:
		c.keep(request.Game)
	case wire.TypeLeave:
		if g := c.games[request.Game]; g != nil {
			c.forget(g, ErrLeft)
		}
	}
}

// expected concludes what expect began: the answer has come, or, if it is nil, is not awaited any more.
func (c *Client) expected(request *wire.Request, answer *wire.Message) {
	done := answer != nil && answer.Type == wire.TypeOK
	switch request.Type {
	case wire.TypeCreate:
		c.creating--
		if done {
			c.keep(answer.Game).guessed = false
		}
		if c.creating == 0 {
			c.forgetGuessed()
		}
	case wire.TypeJoin, wire.TypeWatch:
		if g := c.games[request.Game]; g != nil && !done && !g.followed && !g.based && !g.lost {
			c.forget(g, ErrLeft)
		}
	}
}

func (c *Client) forgetGuessed() {
	for _, g := range slices.Clone(c.kept) {
		if g.guessed {
			c.forget(g, ErrLeft)
		}
	}
}

// takeGame gives an event or a whole state to its game. The first messages of a game that is being created come before its
// id is known; those of any other unknown game were under way when it was left.
func (c *Client) takeGame(m *wire.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.games[m.Game]
	if g == nil {
		if c.creating == 0 {
			return
		}
		g = c.keep(m.Game)
		g.guessed = true
	}
	missing, overflow := g.take(m, c.cfg.QueueLen)
	if overflow {
		c.stats.Overflows++
	}
	if missing && !g.healing {
		c.stats.Healed++
		c.heal(g)
	}
}

// refuseGame ends a game that was named in hello and that the server does not give, or asks for it later.
func (c *Client) refuseGame(m *wire.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g, refused := c.games[m.Game], refusal(m)
	switch {
	case g == nil:
	case refused.passes():
		c.later(g, c.retryAfter(refused, 0), func() { c.heal(g) })
	default:
		c.forget(g, refused)
	}
}

// heal asks for what is missing of a game: the events after the last one, or, where there is none or where that has not
// helped before, the whole state.
func (c *Client) heal(g *Game) {
	if g.healing || g.err != nil {
		return
	}
	g.healing = true
	request := &wire.Request{Type: wire.TypeWatch, ID: uuid.NewString(), Game: g.id}
	if g.based && g.healed != g.last {
		after := g.last
		request.After, g.healed = &after, after
	}
	frame, err := json.Marshal(request)
	if err != nil {
		panic("client: encode watch: " + err.Error()) // it holds nothing that cannot be written
	}
	cmd := &command{request: request, frame: frame}
	states, tries := g.states, 0
	cmd.answered = func(m *wire.Message) {
		refused := refusal(m)
		switch {
		case m.Type == wire.TypeError && refused.passes():
			c.later(g, c.retryAfter(refused, tries), func() {
				c.stats.Retried++
				c.commands.add(cmd)
				c.flushSoon()
			})
			tries++
			return
		case m.Type == wire.TypeError:
			c.forget(g, refused)
		case request.After == nil && g.states == states:
			c.forget(g, errNoState)
		}
		g.healing = false
		g.signal()
	}
	c.commands.add(cmd)
	c.flushSoon()
}

// later calls f, with c.mu held, after that time, unless the game or the Client has ended by then.
func (c *Client) later(g *Game, wait time.Duration, f func()) {
	time.AfterFunc(wait, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.err == nil && g.err == nil {
			f()
		}
	})
}

// held lists the games of which the server is to go on where they are: as many as a hello can name. A game of which the
// queue was given up is among them: a player who does not watch counts as gone.
func (c *Client) held() []wire.GameAfter {
	var games []wire.GameAfter
	for _, g := range c.games {
		if g.named = (g.based || g.lost) && len(games) < wire.GamesMax; g.named {
			games = append(games, wire.GameAfter{Game: g.id, After: g.last})
		}
	}
	return games
}

// watchRest goes on with the games for which the hello had no room.
func (c *Client) watchRest() {
	for _, g := range c.games {
		if (g.based || g.lost) && !g.named {
			c.heal(g)
		}
	}
}
