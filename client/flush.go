package client

import (
	"context"

	"github.com/coder/websocket"
)

// flush writes what the list holds for the present connection, in order, up to the command own; all of it if own is nil. It
// gives up when ctx ends. Whoever adds a command calls it and so writes by itself: a goroutine that does it for all would
// cost each command a wake-up.
//
// Invariant: while a command is unwritten and there is a connection, somebody is in flush for it or about to call it: its
// caller, or the task that flushSoon starts.
//
// If ctx ends while the socket does not take a frame, that ends the connection: half a frame cannot be taken back.
func (c *Client) flush(ctx context.Context, own *command) {
	for c.unwritten(own) {
		select {
		case c.writing <- struct{}{}:
		case <-ctx.Done():
			return
		case <-c.done:
			return
		}
		c.writeOne(ctx)
		<-c.writing
		if ctx.Err() != nil {
			return
		}
	}
}

// unwritten tells whether there is a connection to which own, or anything if it is nil, remains to be written.
func (c *Client) unwritten(own *command) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == nil || c.commands.unsent == nil {
		return false
	}
	return own == nil || own.listed && own.on != c.link
}

// writeOne writes the first command that was not written to the present connection. Requires: c.writing is held.
func (c *Client) writeOne(ctx context.Context) {
	c.mu.Lock()
	l, cmd := c.link, c.commands.unsent
	if l == nil || cmd == nil || ctx.Err() != nil {
		c.mu.Unlock()
		return
	}
	c.commands.unsent = cmd.after
	if cmd.on != nil {
		c.stats.Resent++
		cmd.doubt = true
	}
	cmd.on = l
	c.mu.Unlock()
	if err := l.ws.Write(ctx, websocket.MessageText, cmd.frame); err != nil {
		l.torn(err)
		c.unlink(l)
	}
}

// unlink stops writing to a connection that has ended.
func (c *Client) unlink(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == l {
		c.link = nil
	}
}

// flushSoon has the list flushed by a task of its own: for the goroutine that reads, which must not wait for a write,
// because the server may be waiting for it to read. Requires: c.mu.
func (c *Client) flushSoon() {
	if c.err != nil || c.link == nil || c.commands.unsent == nil {
		return
	}
	c.tasks.Add(1)
	go func() {
		defer c.tasks.Done()
		c.flush(c.ctx, nil)
	}()
}
