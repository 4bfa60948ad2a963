package client

import (
	"context"
	"encoding/json"
	"time"

	"github.com/plywire/plywire/wire"
)

// Terms are what a game is created with.
type Terms struct {
	Rules    string           // the kind of game, such as "chess"
	Clock    *wire.ClockTerms // nil: no clock
	Rated    bool
	Seat     string          // the creator's seat, or "random"; empty: random
	Opponent string          // the only user who may join; empty: any
	Options  json.RawMessage // as the rules define them; nil: the default
}

// The methods below send one request each, with an id of their own; their errors are those of Do. Those that change a game
// return the seq of the first event that they caused. To be able to repeat one whose outcome is unknown, use Do.

// Create makes a game that waits for its players, and returns its id. See Follow for its messages.
func (c *Client) Create(ctx context.Context, terms Terms) (game string, err error) {
	answer, err := c.Do(ctx, wire.Request{
		Type: wire.TypeCreate, Rules: terms.Rules, Clock: terms.Clock, Rated: terms.Rated,
		Seat: terms.Seat, Opponent: terms.Opponent, Options: terms.Options,
	})
	return answer.Game, err
}

// Join takes a free seat: that one, or any if seat is empty. See Follow for the game's messages.
func (c *Client) Join(ctx context.Context, game, seat string) (seq uint64, err error) {
	return c.change(ctx, wire.Request{Type: wire.TypeJoin, Game: game, Seat: seat})
}

// Move plays a move. ply is the number of moves made so far, as the caller knows it.
func (c *Client) Move(ctx context.Context, game string, ply int, move string) (seq uint64, err error) {
	return c.change(ctx, wire.Request{Type: wire.TypeMove, Game: game, Ply: &ply, Move: &move})
}

// Resign gives the game up.
func (c *Client) Resign(ctx context.Context, game string) (seq uint64, err error) {
	return c.change(ctx, wire.Request{Type: wire.TypeResign, Game: game})
}

// Abort ends a game in which not every side has moved.
func (c *Client) Abort(ctx context.Context, game string) (seq uint64, err error) {
	return c.change(ctx, wire.Request{Type: wire.TypeAbort, Game: game})
}

// Offer proposes a draw, a takeback or a rematch.
func (c *Client) Offer(ctx context.Context, game, what string) (seq uint64, err error) {
	return c.change(ctx, wire.Request{Type: wire.TypeOffer, Game: game, What: what})
}

// Accept accepts what was offered.
func (c *Client) Accept(ctx context.Context, game, what string) (seq uint64, err error) {
	return c.change(ctx, wire.Request{Type: wire.TypeAccept, Game: game, What: what})
}

// Decline declines what was offered, or withdraws one's own offer.
func (c *Client) Decline(ctx context.Context, game, what string) (seq uint64, err error) {
	return c.change(ctx, wire.Request{Type: wire.TypeDecline, Game: game, What: what})
}

// Claim claims an ending that the rules allow: abandonment, threefold, fifty_moves.
func (c *Client) Claim(ctx context.Context, game, what string) (seq uint64, err error) {
	return c.change(ctx, wire.Request{Type: wire.TypeClaim, Game: game, What: what})
}

// Say tells the game's players something: 1 to wire.TextCharsMax characters.
func (c *Client) Say(ctx context.Context, game, text string) error {
	_, err := c.Do(ctx, wire.Request{Type: wire.TypeSay, Game: game, Text: &text})
	return err
}

// Advance moves the server's test clock on; only where TestClock says that it has one.
func (c *Client) Advance(ctx context.Context, game string, by time.Duration) error {
	_, err := c.Do(ctx, wire.Request{Type: wire.TypeAdvance, Game: game, AdvanceMS: by.Milliseconds()})
	return err
}

func (c *Client) change(ctx context.Context, request wire.Request) (uint64, error) {
	answer, err := c.Do(ctx, request)
	return answer.Seq, err
}
