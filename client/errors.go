package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/plywire/plywire/wire"
)

var (
	// ErrClosed means that Close was called.
	ErrClosed = errors.New("client: closed")
	// ErrEnded means that the Client has given up: connecting again is no use. What it wraps says why.
	ErrEnded = errors.New("client: ended")
	// ErrUnknown means that a command was sent and no answer came: it may have taken effect. To find out, give it to Do
	// again with the same id: it takes effect at most once.
	ErrUnknown = errors.New("outcome unknown: send the command again with the same id")
	// ErrGiveUp is for Config.Token to return when there will be no token: nobody is logged in.
	ErrGiveUp = errors.New("client: give up")
	// ErrOtherUser means that the token belongs to another user than before, in whose name nothing may be sent again.
	ErrOtherUser = errors.New("the token belongs to another user than before")
	// ErrFollowed means that this Client follows the game already.
	ErrFollowed = errors.New("client: the game is followed already")
	// ErrLeft means that Leave was called.
	ErrLeft = errors.New("client: the game was left")

	errSilent   = errors.New("the server has been silent for two heartbeats")
	errDraining = errors.New("the server drains")
	errNoState  = errors.New("the server did not send the state of the game that it was asked for")
)

// Refused is the server's refusal of a command: nothing was changed, unless Code says so.
type Refused struct {
	Code       wire.Code
	Message    string        // for a person
	RetryAfter time.Duration // 0: the server named none; at most an hour
}

// Error is the code and the words of the server.
func (r *Refused) Error() string { return fmt.Sprintf("refused as %s: %s", r.Code, r.Message) }

// CodeOf is the code with which the server refused the command that err is about, or "" if it is about none.
func CodeOf(err error) wire.Code {
	var refused *Refused
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

// passes tells whether the same request may succeed after a while, because the server did not look at it closely.
func (r *Refused) passes() bool {
	return r.Code == wire.CodeUnavailable || r.Code == wire.CodeTooManyRequests && r.RetryAfter > 0
}

func refusal(m *wire.Message) *Refused {
	return &Refused{Code: m.Code, Message: m.Text, RetryAfter: told(m.RetryAfterMS)}
}
