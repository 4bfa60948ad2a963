package client

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/wire"
)

// command is a request that awaits its answer. It is in the list from when it is first to be sent until it is answered.
// Client.mu guards it.
type command struct {
	request  *wire.Request
	frame    []byte
	answer   chan *wire.Message  // of a caller's command; has room for the one answer
	answered func(*wire.Message) // of the Client's own; called with Client.mu held
	on       *link               // the last connection to which a write of it was begun, or nil
	listed   bool                // it is in the list
	doubt    bool                // it was sent on a connection that was lost: it may have taken effect
	before   *command
	after    *command
}

// commandList holds what awaits an answer, in the order in which it is to be sent. From unsent on nothing has been written
// to the present connection; all before it has.
type commandList struct {
	first, last *command
	unsent      *command
}

func (l *commandList) add(cmd *command) {
	cmd.before, cmd.after, cmd.listed, cmd.on = l.last, nil, true, nil
	if l.last == nil {
		l.first = cmd
	} else {
		l.last.after = cmd
	}
	l.last = cmd
	if l.unsent == nil {
		l.unsent = cmd
	}
}

func (l *commandList) remove(cmd *command) {
	if l.unsent == cmd {
		l.unsent = cmd.after
	}
	if cmd.before == nil {
		l.first = cmd.after
	} else {
		cmd.before.after = cmd.after
	}
	if cmd.after == nil {
		l.last = cmd.before
	} else {
		cmd.after.before = cmd.before
	}
	cmd.before, cmd.after, cmd.listed = nil, nil, false
}

// answeredBy is the command that a reply to that id belongs to: the oldest that was sent. The search is short, because a
// server answers about in the order in which it was asked.
func (l *commandList) answeredBy(id string) *command {
	for cmd := l.first; cmd != l.unsent; cmd = cmd.after {
		if cmd.request.ID == id {
			return cmd
		}
	}
	return nil
}

// Do sends a request and returns the server's answer: a message of type ok (pong, for a ping). It fills in an id where there
// is none. The error is
//   - a *Refused, with what the server says: nothing was changed;
//   - the error of ctx, ErrClosed, or ErrEnded: it also wraps ErrUnknown if the request had been sent, so that it may have
//     taken effect; otherwise nothing has happened.
//
// A request that is refused as unavailable is sent again after the time that the server asks for, until ctx ends; the
// error then wraps the *Refused as well. So is one that a lost connection made the Client send again, if that is too fast
// for the server. Callers that give a request to Do again after ErrUnknown must have chosen its id
// themselves.
//
// The request must not be changed until Do returns. To follow a game, use Follow; hello is the Client's own business.
func (c *Client) Do(ctx context.Context, request wire.Request) (wire.Message, error) {
	if request.Type == wire.TypeHello {
		return wire.Message{}, fmt.Errorf("client: %s is sent by the Client itself", request.Type)
	}
	if request.ID == "" {
		request.ID = uuid.NewString()
	}
	frame, err := json.Marshal(&request)
	if err != nil {
		return wire.Message{}, fmt.Errorf("client: %s: %w", request.Type, err)
	}
	cmd := &command{request: &request, frame: frame, answer: make(chan *wire.Message, 1)}
	answer, err := c.do(ctx, cmd)
	if err != nil {
		return wire.Message{}, fmt.Errorf("client: %s: %w", request.Type, err)
	}
	return *answer, nil
}

func (c *Client) do(ctx context.Context, cmd *command) (*wire.Message, error) {
	for tries := 0; ; tries++ {
		if err := c.enlist(ctx, cmd, tries); err != nil {
			return nil, cmd.fate(err)
		}
		c.flush(ctx, cmd)
		answer, err := c.await(ctx, cmd)
		if err != nil {
			return nil, err
		}
		if answer.Type != wire.TypeError {
			return answer, nil
		}
		refused := refusal(answer)
		// A rate is held before anybody looks whether the command was seen before: where it was sent again, that says
		// nothing about the first time.
		if refused.Code != wire.CodeUnavailable && !(cmd.doubt && refused.passes()) {
			return nil, refused
		}
		if err := c.pause(ctx, c.retryAfter(refused, tries)); err != nil {
			return nil, fmt.Errorf("%w; until then it was %w", cmd.fate(err), refused)
		}
	}
}

// fate is the reason for which a command is not awaited any more, with what is known of its effect.
func (cmd *command) fate(reason error) error {
	if cmd.on != nil && cmd.listed || cmd.doubt {
		return fmt.Errorf("%w: %w", reason, ErrUnknown)
	}
	return reason
}

// enlist puts the command into the list, and has an eye on the games that it is going to bring.
func (c *Client) enlist(ctx context.Context, cmd *command, tries int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case c.err != nil:
		return c.err
	case c.session.bytesMax > 0 && int64(len(cmd.frame)) > c.session.bytesMax:
		return &Refused{Code: wire.CodeTooLarge,
			Message: fmt.Sprintf("%d bytes, and the server takes at most %d", len(cmd.frame), c.session.bytesMax)}
	}
	if tries > 0 {
		c.stats.Retried++
	}
	c.expect(cmd.request)
	c.commands.add(cmd)
	return nil
}

// await waits for the answer to a command in the list.
func (c *Client) await(ctx context.Context, cmd *command) (*wire.Message, error) {
	var reason error
	select {
	case answer := <-cmd.answer:
		return answer, nil
	case <-ctx.Done():
		reason = ctx.Err()
	case <-c.done:
		reason = c.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case answer := <-cmd.answer: // it came at the same moment
		return answer, nil
	default:
	}
	reason = cmd.fate(reason)
	c.commands.remove(cmd)
	c.expected(cmd.request, nil)
	return nil, reason
}

// answer gives a reply to the command that it is for. A reply to none is one that came twice, or too late. Requires: c.mu.
func (c *Client) answer(m *wire.Message) {
	cmd := c.commands.answeredBy(m.Re)
	if cmd == nil {
		return
	}
	c.commands.remove(cmd)
	if cmd.answered != nil {
		cmd.answered(m)
		return
	}
	c.expected(cmd.request, m)
	cmd.answer <- m
}

func (c *Client) retryAfter(refused *Refused, tries int) time.Duration {
	if refused.RetryAfter > 0 {
		return refused.RetryAfter
	}
	return c.cfg.backoff(tries)
}

// pause waits for that time.
func (c *Client) pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.done:
		return c.Err()
	}
}
