package simulation

import (
	"slices"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

// topic is one game and those who watch it, in the order in which they came.
type topic struct {
	subs []*subscription
}

// subscription is one session that watches one game.
type subscription struct {
	session *session
	seat    game.Seat
	seen    uint64 // events up to this one were sent
}

func (t *topic) of(s *session) *subscription {
	for _, sub := range t.subs {
		if sub.session == s {
			return sub
		}
	}
	return nil
}

// users is the number of sessions of a user.
func (t *topic) users(id string) int {
	n := 0
	for _, sub := range t.subs {
		if sub.session.user.ID == id {
			n++
		}
	}
	return n
}

// Publish checks a notice and brings it to all who watch the game.
func (g *gateway) Publish(id shard.ID, body any) {
	s := g.process.sim
	if g.process.dead || s.violation != nil {
		return
	}
	s.sync()
	notice := body.(*table.Notice)
	r := s.record(id)
	r.published(notice.First, notice.Last)
	t := g.topics[id]
	if t == nil {
		t = &topic{}
	}
	for _, sub := range slices.Clone(t.subs) { // who is ended for being slow leaves meanwhile
		for _, joined := range notice.Joined {
			if sub.session.user.ID == joined.User {
				sub.seat = joined.Seat
			}
		}
		frame := notice.Frames.For(sub.seat)
		if notice.Last != 0 {
			if notice.Last <= sub.seen {
				continue
			}
			if frame == nil {
				s.fail("%s: nobody tells %s of the events up to %d", r, sub.session.user.ID, notice.Last)
			}
		}
		messages := reread(s, frame)
		if last := r.follow(messages, sub.seen, sub.session.user.ID); notice.Last != 0 && last != notice.Last {
			s.fail("%s: a notice brings the events up to %d, and says %d", r, last, notice.Last)
		}
		sub.seen = max(sub.seen, notice.Last)
		if frame != nil {
			sub.session.conn.push(messages)
		}
	}
	for _, joined := range notice.Joined {
		if t.users(joined.User) > 0 {
			g.presence(id, joined.User, true)
		}
	}
}

// watch makes the session a watcher of the game and brings it up to date with what the reply says.
func (g *gateway) watch(c *call, reply *table.Reply) {
	s := c.session
	t := g.topics[c.game]
	if t == nil {
		t = &topic{}
		g.topics[c.game] = t
	}
	sub := t.of(s)
	if sub == nil {
		sub = &subscription{session: s}
		t.subs = append(t.subs, sub)
		s.watched = append(s.watched, c.game)
		if t.users(s.user.ID) == 1 {
			g.presence(c.game, s.user.ID, true)
		}
	}
	sub.seat, sub.seen = reply.Seat, reply.Seq
	for _, frame := range reply.Seen {
		s.conn.push(reread(g.process.sim, frame))
	}
	if reply.Frame != nil && !c.silent {
		s.conn.push(reread(g.process.sim, reply.Frame))
	}
}

// leave makes the session watch the game no more.
func (g *gateway) leave(id game.ID, s *session) {
	t := g.topics[id]
	if t == nil || t.of(s) == nil || g.process.dead {
		return
	}
	t.subs = slices.DeleteFunc(t.subs, func(sub *subscription) bool { return sub.session == s })
	if t.users(s.user.ID) == 0 {
		g.presence(id, s.user.ID, false)
	}
	if len(t.subs) == 0 {
		delete(g.topics, id)
	}
}

const presenceRetry = 200 * time.Millisecond

// presence tells the game that a user's first connection has come or the last has gone.
func (g *gateway) presence(id game.ID, user string, present bool) {
	if g.process.node.Post(shard.Command{Actor: id, Body: &table.Presence{User: user, Present: present}}) == nil {
		return
	}
	g.process.line.set(presenceRetry, false, func() {
		t := g.topics[id]
		if here := t != nil && t.users(user) > 0; here == present {
			g.presence(id, user, present)
		}
	})
}
