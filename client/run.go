package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coder/websocket"

	"github.com/plywire/plywire/wire"
)

// run keeps a connection to the server until the Client ends. It is the one goroutine that a Client has.
func (c *Client) run() {
	defer c.tasks.Done()
	who := identity{c: c}
	for attempt := 0; ; attempt++ {
		lived, err := c.connection(&who)
		if lived > c.cfg.BackoffMax {
			attempt, who.refusals = 0, 0 // it was a good one: what ended it is new
		}
		c.mu.Lock()
		c.failure = err
		c.mu.Unlock()
		wait, again := c.judge(&who, attempt, err)
		if !again {
			c.end(fmt.Errorf("%w: %w", ErrEnded, err))
			return
		}
		if c.pause(c.ctx, wait) != nil {
			return
		}
		c.tried = (c.tried + 1) % len(c.urls)
	}
}

// connection makes one connection and reads from it until it ends. It returns how long a connection lasted that was
// welcomed, and why it ended.
func (c *Client) connection(who *identity) (lived time.Duration, err error) {
	l, err := c.greet(who)
	if l == nil {
		return 0, err
	}
	for err == nil {
		err = c.read(l)
	}
	close(l.gone)
	if l.pulse != nil {
		l.pulse.stop()
		lived = time.Since(l.made)
	}
	if l.drain != nil {
		l.drain.Stop()
	}
	c.unlink(l)
	l.ws.CloseNow()
	return lived, l.why(err)
}

// greet makes a connection, says hello and reads until the welcome, all within ConnectTimeout. It returns the connection if
// there is one, be it welcome or not.
func (c *Client) greet(who *identity) (*link, error) {
	c.mu.Lock()
	c.stats.Attempts++
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(c.ctx, c.cfg.ConnectTimeout)
	defer cancel()
	hello, err := who.hello(ctx)
	if err != nil {
		return nil, err
	}
	frame, err := json.Marshal(hello)
	if err != nil {
		return nil, fmt.Errorf("hello: %w", err)
	}
	l, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer whenDone(ctx, func() {
		l.fail(fmt.Errorf("wait for the answer to hello: %w", ctx.Err()))
	})()
	if err := l.ws.Write(ctx, websocket.MessageText, frame); err != nil {
		return l, fmt.Errorf("hello: %w", err)
	}
	for err == nil && l.pulse == nil {
		err = c.read(l)
	}
	return l, err
}

// whenDone calls f when ctx ends. What it returns prevents that, or waits for f.
func whenDone(ctx context.Context, f func()) func() {
	finished := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(finished)
		f()
	})
	return func() {
		if !stop() {
			<-finished
		}
	}
}

// judge decides what comes after a connection that ended with err: another one, after a wait, or none.
func (c *Client) judge(who *identity, attempt int, err error) (wait time.Duration, again bool) {
	wait = c.cfg.backoff(attempt / len(c.urls)) // the back-off grows when all nodes have been tried
	var refused *Refused
	var handshake *handshakeError
	code := websocket.CloseStatus(err)
	switch {
	case errors.Is(err, ErrGiveUp), errors.Is(err, ErrOtherUser), errors.Is(err, websocket.ErrMessageTooBig):
		return 0, false
	case code == wire.ClosePolicy, code == wire.CloseTooLarge, code == wire.CloseBadMessage:
		return 0, false
	case code == wire.CloseUnauthenticated, CodeOf(err) == wire.CodeUnauthenticated:
		return wait, who.refused()
	case errors.As(err, &refused):
		passes := refused.Code == wire.CodeUnavailable || refused.Code == wire.CodeTooManyRequests ||
			refused.Code == wire.CodeInternal
		return max(wait, refused.RetryAfter), passes
	case errors.Is(err, errDraining):
		return 0, true // the wait was before it
	case c.known():
		return wait, true
	case errors.Is(err, errForeign), errors.Is(err, errNoToken):
		return 0, false
	case errors.As(err, &handshake):
		return wait, handshake.passes()
	}
	return wait, true
}

// known tells whether there was a welcome.
func (c *Client) known() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.known
}

// identity is how the Client says who its user is. Only the goroutine that runs uses it.
type identity struct {
	c        *Client
	resumed  bool // the last hello had a resume token
	refusals int  // times that the server did not take a token of Config.Token, since the last welcome that lasted
}

// errNoToken means that Config.Token returned an error.
var errNoToken = errors.New("get a token")

// hello is the first message of a connection, with what the Client has: a resume token, a token, or nothing.
func (who *identity) hello(ctx context.Context) (*wire.Request, error) {
	c := who.c
	c.mu.Lock()
	hello := &wire.Request{Type: wire.TypeHello, ID: helloID, Client: c.cfg.Name, Resume: c.session.resume}
	hello.Games = c.held()
	c.mu.Unlock()
	who.resumed = hello.Resume != ""
	if who.resumed || c.cfg.Token == nil {
		return hello, nil
	}
	token, err := c.cfg.Token(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoToken, err)
	}
	hello.Token = token
	return hello, nil
}

// helloID is the id of every hello; answers to it are taken apart from those to commands, whose ids callers choose.
const helloID = "hello"

// refused tells whether there is another way to say who the user is, after the server did not take, or takes no longer, what
// it was given. A guest has none: another guest would be somebody else.
func (who *identity) refused() bool {
	c := who.c
	if c.cfg.Token == nil {
		return false
	}
	c.mu.Lock()
	c.session.resume = ""
	c.mu.Unlock()
	if who.resumed {
		return true
	}
	who.refusals++
	return who.refusals < 2
}
