package simulation

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/wire"

	"time"
)

// command is something that a client wants, from when it is first sent.
type command struct {
	request wire.Request
	frame   []byte
	conn    *conn // to which it was last written
	final   bool  // it has an answer, and is not to be sent again

	// What the server's side knows of it.
	came       bool
	arrived    mark          // when it first came to the present process
	lag        time.Duration // the most that was measured for it
	ok         string        // how it was acknowledged
	otherTerms bool          // it was sent with other terms as well
}

func numbered(what string, n int) string { return fmt.Sprintf("%s %d", what, n) }

// encode writes a request.
func encode(request wire.Request) []byte {
	frame, err := json.Marshal(request)
	if err != nil {
		panic("simulation: " + err.Error()) // a request holds nothing that cannot be written
	}
	return frame
}

// acts are the requests that can have an effect.
func acts(kind string) bool { _, is := kinds[kind]; return is }

// want sends a new command.
func (c *client) want(request wire.Request) {
	c.nextID++
	request.ID = fmt.Sprint(c.prefix, c.nextID)
	cmd := &command{request: request, frame: encode(request)}
	if acts(request.Type) {
		cause := game.Cause{User: c.user, Command: request.ID}
		id, _ := uuid.Parse(request.Game)
		if request.Type == wire.TypeCreate {
			id = game.CreatedBy(c.user, request.ID)
		}
		c.sim.commands[commandKey{id, cause}] = cmd
	}
	c.open = append(c.open, cmd)
	c.write(cmd, Commands)
}

// write sends a command over the present connection.
func (c *client) write(cmd *command, what Count) {
	if c.conn == nil || !c.greeted {
		return
	}
	if what != Commands {
		c.sim.counts[Commands]++
	}
	c.sim.note(what, "%s: %s sends %s", c.conn.name, c.name, cmd.frame)
	cmd.conn = c.conn
	c.conn.send(cmd.frame)
}

// answer takes the answer to a command.
func (c *client) answer(m *wire.Message) {
	for i, cmd := range c.open {
		if cmd.request.ID != m.Re {
			continue
		}
		if m.Type == wire.TypeError && (m.Code == wire.CodeUnavailable || m.Code == wire.CodeInternal) {
			cmd.conn = nil // it is to be sent again
			return
		}
		cmd.final = true
		c.open = append(c.open[:i:i], c.open[i+1:]...)
		if acts(cmd.request.Type) && len(c.done) < 40 {
			c.done = append(c.done, cmd)
		}
		c.concluded(cmd, m)
		return
	}
}

// concluded does what follows from an answer.
func (c *client) concluded(cmd *command, m *wire.Message) {
	v := c.views[m.Game]
	switch {
	case cmd.request.Type == wire.TypeLeave:
		if v := c.views[cmd.request.Game]; v != nil {
			v.watching = false
		}
	case m.Type == wire.TypeOK && cmd.request.Type == wire.TypeCreate:
		c.sim.public(m.Game)
	case m.Type == wire.TypeError && cmd.request.Type == wire.TypeWatch && v != nil && m.Code == wire.CodeNotFound:
		v.watching = false
	}
}
