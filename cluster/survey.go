package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/plywire/plywire/cluster/link"
)

// surveyTimeout is how long another node has to tell how its shards are.
const surveyTimeout = time.Second

var (
	errNotAsked = errors.New("it was not asked")
	errSilent   = fmt.Errorf("it has not answered within %v", surveyTimeout)
	errNotUp    = errors.New("it has not joined yet")
)

// Survey is Map with what the other nodes tell of their shards. It asks all of them, and blocks until they have answered, or
// for a second; or less, if ctx ends before.
func (n *Node) Survey(ctx context.Context) Map {
	m := n.Map()
	ctx, cancel := context.WithTimeoutCause(ctx, surveyTimeout, errSilent)
	defer cancel()
	told := make([]report, len(m.Members))
	var asked sync.WaitGroup
	for i := range m.Members {
		if member := &m.Members[i]; member.ID != n.me.ID {
			asked.Go(func() { told[i], member.Unheard = n.survey(ctx, member.ID) })
		}
	}
	asked.Wait()
	for i := range m.Members {
		if m.Members[i].Unheard == nil {
			m.add(m.Members[i].ID, told[i])
		}
	}
	return m
}

// survey asks one other node.
func (n *Node) survey(ctx context.Context, id string) (told report, err error) {
	p := n.peer(id)
	if p == nil {
		return told, link.ErrDown
	}
	body, err := p.survey(ctx)
	if err == nil {
		err = json.Unmarshal(body, &told)
	}
	return told, err
}

// survey asks the other node how its shards are, and waits for its answer.
func (p *peer) survey(ctx context.Context) ([]byte, error) {
	answer := make(chan []byte, 1)
	number := p.numbers.Add(1)
	p.mu.Lock()
	if p.conn == nil {
		p.mu.Unlock()
		return nil, link.ErrDown
	}
	if p.surveys == nil {
		p.surveys = make(map[uint64]chan []byte)
	}
	p.surveys[number] = answer
	err := p.conn.Send(appendMessage(nil, &message{kind: kindSurvey, number: number}))
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.surveys, number)
		p.mu.Unlock()
	}()
	if err != nil {
		return nil, err
	}
	select {
	case body := <-answer:
		if len(body) == 0 {
			return nil, errNotUp
		}
		return body, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// surveyed brings the answer to who has asked, if he still waits.
func (p *peer) surveyed(m *message) {
	p.mu.Lock()
	answer := p.surveys[m.number]
	delete(p.surveys, m.number)
	p.mu.Unlock()
	if answer != nil {
		answer <- append([]byte(nil), m.body...) // there is room: it is answered once
	}
}

// survey answers how the shards of this node are; with nothing, before it has joined.
func (g *guest) survey(number uint64) {
	frame := appendMessage(nil, &message{kind: kindReport, number: number})
	if own, is := g.node.report(); is {
		body, err := json.Marshal(own)
		if err != nil {
			g.node.log.Error().Err(err).Msg("this node cannot tell how its shards are")
			return
		}
		frame = append(frame, body...)
	}
	if err := g.conn.Send(frame); err != nil && !errors.Is(err, link.ErrDown) {
		g.node.log.Warn().Err(err).Str("peer", g.node.nameOf(g.id)).Msg("another node cannot be told how the shards are")
	}
}
