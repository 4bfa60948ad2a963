package client

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/plywire/plywire/wire"
)

// take takes one message from the server. An error ends the connection.
func (c *Client) take(l *link, text []byte) error {
	m := new(wire.Message)
	if err := json.Unmarshal(text, m); err != nil {
		return fmt.Errorf("%w: %w", errForeign, err)
	}
	if l.pulse == nil && m.Re == helloID {
		return c.greeted(l, m)
	}
	switch {
	case m.Type == wire.TypeGame:
		c.takeGame(m)
	case m.Type == wire.TypePong && m.Re == "":
		c.pong(l, m)
	case m.Type == wire.TypeError && m.Game != "" && (m.Re == "" || m.Re == helloID):
		c.refuseGame(m)
	case m.Re != "":
		c.mu.Lock()
		c.answer(m)
		c.mu.Unlock()
	case m.Game != "" && m.Seq > 0:
		c.takeGame(m)
	default:
		c.takeNotice(l, m)
	}
	return nil
}

// greeted takes the answer to hello.
func (c *Client) greeted(l *link, m *wire.Message) error {
	switch {
	case m.Type == wire.TypeError:
		return refusal(m)
	case m.Type != wire.TypeWelcome || m.User == nil:
		return fmt.Errorf("%w: it answers hello with %s", errForeign, m.Type)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return c.err
	case c.session.known && c.session.user.ID != m.User.ID:
		return fmt.Errorf("%w: %s, and was %s", ErrOtherUser, m.User.ID, c.session.user.ID)
	case !c.session.known:
		close(c.met)
	}
	c.session = session{known: true, user: *m.User, resume: m.Resume, node: m.Node, testClock: m.TestClock, bytesMax: m.MaxMessageBytes}
	c.stats.Connects++
	c.link = l
	l.pulse = c.startPulse(l, told(m.HeartbeatMS))
	c.commands.unsent = c.commands.first
	c.watchRest()
	c.flushSoon()
	return nil
}

func (c *Client) takeNotice(l *link, m *wire.Message) {
	if m.Type == wire.TypeDraining && l.drain == nil {
		wait := time.Duration(0)
		if within := told(m.WithinMS); within > 0 {
			wait = rand.N(within)
		}
		l.drain = time.AfterFunc(wait, func() {
			if c.begin() {
				defer c.tasks.Done()
				l.leave(errDraining)
			}
		})
	}
	select {
	case c.notices <- m:
	default:
		c.mu.Lock()
		c.stats.NoticesDropped++
		c.mu.Unlock()
	}
}

// toldMax bounds the times that a server names: what is longer is a mistake, and its nanoseconds may not fit a Duration.
const toldMax = time.Hour

// told is a time that the server names, from 0 to toldMax.
func told(ms int64) time.Duration {
	return time.Duration(min(max(ms, 0), toldMax.Milliseconds())) * time.Millisecond
}
