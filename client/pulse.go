package client

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/wire"
)

// heartbeatDefault is used where a welcome names none. One below heartbeatMin is taken for that: a Client does not flood a
// server, even where it is told to.
const (
	heartbeatDefault = 15 * time.Second
	heartbeatMin     = time.Second
)

// pulse pings at the server's heartbeat, and ends a connection on which nothing was read for two of them. It is a timer, so
// that an idle connection costs no second goroutine.
type pulse struct {
	c    *Client
	link *link
	beat time.Duration

	mu       sync.Mutex
	timer    *time.Timer // nil once stopped
	nextPing time.Time
}

func (c *Client) startPulse(l *link, beat time.Duration) *pulse {
	if beat <= 0 {
		beat = heartbeatDefault
	}
	beat = max(beat, heartbeatMin)
	p := &pulse{c: c, link: l, beat: beat, nextPing: time.Now().Add(beat)}
	p.mu.Lock()
	p.timer = time.AfterFunc(beat, p.tick)
	p.mu.Unlock()
	return p
}

func (p *pulse) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

func (p *pulse) tick() {
	if !p.c.begin() {
		return
	}
	defer p.c.tasks.Done()
	left := 2*p.beat - p.link.quiet()
	if left <= 0 {
		p.link.fail(errSilent)
		return
	}
	if !time.Now().Before(p.nextPing) {
		p.nextPing = p.nextPing.Add(p.beat)
		p.ping(left)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Reset(max(0, min(time.Until(p.nextPing), 2*p.beat-p.link.quiet())))
	}
}

// ping sends a ping, unless that takes longer than what is left before the connection counts as dead: then it is.
func (p *pulse) ping(left time.Duration) {
	ctx, cancel := context.WithTimeout(p.c.ctx, left)
	defer cancel()
	select {
	case p.c.writing <- struct{}{}:
		defer func() { <-p.c.writing }()
	case <-ctx.Done():
		p.link.fail(fmt.Errorf("write a ping: %w", ctx.Err()))
		return
	case <-p.link.gone:
		return
	}
	frame, _ := json.Marshal(&wire.Request{ // holds nothing that cannot be written
		Type: wire.TypePing,
		Sent: strconv.AppendInt(nil, int64(time.Since(p.link.made)), 10),
	})
	if err := p.link.ws.Write(ctx, websocket.MessageText, frame); err != nil {
		p.link.torn(fmt.Errorf("write a ping: %w", err))
	}
}

// pong notes how long the round trip of the Client's own ping took.
func (c *Client) pong(l *link, m *wire.Message) {
	sent, err := strconv.ParseInt(string(m.Sent), 10, 64)
	if err != nil {
		return
	}
	c.mu.Lock()
	c.stats.RoundTrip = max(0, time.Since(l.made)-time.Duration(sent))
	c.mu.Unlock()
}
