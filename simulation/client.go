package simulation

import (
	"fmt"
	"slices"
	"time"

	"github.com/plywire/plywire/wire"
)

// client is a program at the other end of the network, which plays and watches for a user. Two clients may have one user.
type client struct {
	sim     *sim
	name    string
	user    string
	prefix  string    // of the ids of its commands
	conn    *conn     // nil: none
	greeted bool      // hello was sent
	away    time.Time // until when it does not connect
	nextID  int
	open    []*command // without an answer, in the order in which they were first sent
	done    []*command // some of those that have one
	views   map[string]*view
	games   []string // of views, in the order in which they came up
}

// view is what a client knows of a game.
type view struct {
	game     string
	last     uint64 // seq of the last message
	watching bool
	missing  bool // the server could not go on with it: it is to be asked for
	rules    string
	status   string
	seats    []string // names
	users    []string // by seat
	ply      int
	offers   []wire.Offer
	next     string
}

func newClient(s *sim, i int) *client {
	c := &client{sim: s, name: fmt.Sprintf("client %d", i+1), user: string(rune('a' + i)), views: make(map[string]*view)}
	if i > 2 && s.chance(3) {
		c.user, c.prefix = s.clients[0].user, fmt.Sprint(c.name, "-") // a second device
	}
	return c
}

// view is what is known of a game, made if there is nothing.
func (c *client) view(id string) *view {
	v := c.views[id]
	if v == nil {
		v = &view{game: id}
		c.views[id] = v
		c.games = append(c.games, id)
	}
	return v
}

// connect opens a connection, says hello, and sends again what has no answer.
func (c *client) connect() {
	c.conn, c.greeted = c.sim.dial(c), true
	hello := wire.Request{Type: wire.TypeHello, ID: "hello", Token: c.user}
	for _, id := range c.games {
		if v := c.views[id]; v.watching {
			v.missing = false
			hello.Games = append(hello.Games, wire.GameAfter{Game: id, After: v.last})
		}
	}
	c.sim.tell("%s: %s says hello with %d games", c.conn.name, c.name, len(hello.Games))
	c.conn.send(encode(hello))
	again := slices.Clone(c.open)
	if c.sim.faulty && c.sim.chance(4) {
		c.sim.random.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
	}
	for _, cmd := range again {
		c.write(cmd, Resent)
	}
}

// heal asks for a game with which the server could not go on. It returns false if there is none.
func (c *client) heal() bool {
	for _, id := range c.games {
		if v := c.views[id]; v.missing {
			v.missing = false
			after := v.last
			c.want(wire.Request{Type: wire.TypeWatch, Game: id, After: &after})
			return true
		}
	}
	return false
}

// hangUp notes that the connection is gone.
func (c *client) hangUp() { c.conn, c.greeted = nil, false }

// take takes one message.
func (c *client) take(m *wire.Message) {
	switch {
	case m.Type == wire.TypePresence:
		c.sim.counts[Presences]++
	case m.Type == wire.TypeError && m.Re == "hello" && m.Code == wire.CodeNotFound:
		c.view(m.Game).watching = false
	case m.Type == wire.TypeError && m.Re == "hello":
		c.view(m.Game).missing = true
	case m.Re != "" && m.Type != wire.TypeWelcome:
		c.answer(m)
	case m.Seq > 0:
		c.view(m.Game).take(c, m)
	}
}

// take folds a state or an event into the view.
func (v *view) take(c *client, m *wire.Message) {
	s := c.sim
	if m.Type == wire.TypeGame {
		if m.Seq < v.last {
			s.fail("%s: game %.8s: %s is sent the state after event %d, and has seen event %d", c.name, v.game, c.user, m.Seq, v.last)
		}
		v.last, v.watching = m.Seq, true
		v.rules, v.status, v.ply, v.offers, v.next = m.Rules, m.Status, m.Plies(), m.Offers, m.Next
		v.seats, v.users = nil, nil
		for _, seat := range m.Seats {
			v.seats = append(v.seats, seat.Seat)
			v.users = append(v.users, userID(seat.User))
		}
		return
	}
	switch {
	case m.Seq <= v.last:
		return // a repetition, which was checked as it left
	case m.Seq != v.last+1:
		s.fail("%s: game %.8s: %s gets event %d after event %d", c.name, v.game, c.user, m.Seq, v.last)
	}
	v.last, v.watching = m.Seq, true
	switch m.Type {
	case "joined":
		if i := slices.Index(v.seats, m.Seat); i >= 0 {
			v.users[i] = userID(m.User)
		}
	case "started":
		v.status = "playing"
	case "moved", "taken_back":
		v.ply = m.Plies()
		v.offers = nil
	case "offered":
		v.offers = append(v.offers, wire.Offer{What: m.What, Seat: m.Seat})
	case "accepted", "declined":
		v.offers = slices.DeleteFunc(v.offers, func(o wire.Offer) bool { return o.What == m.What })
		v.next = m.Next
		if m.Next != "" {
			s.public(m.Next)
		}
	case "ended":
		v.status, v.offers = "ended", nil
	}
}

// seat is the index of the user's seat, or -1.
func (v *view) seat(user string) int { return slices.Index(v.users, user) }
