package game

import "errors"

// The ways in which a command can be refused. Each is returned, wrapped with words for a person, by Game.Decide or by a
// Position; nothing has changed then.
var (
	ErrNotFound       = errors.New("no such game")
	ErrExists         = errors.New("the game exists already, with other terms")
	ErrBadTerms       = errors.New("the game cannot be made like that")
	ErrForbidden      = errors.New("not allowed")
	ErrNotSeated      = errors.New("you have no seat in this game")
	ErrNotYourTurn    = errors.New("it is not your turn")
	ErrIllegal        = errors.New("illegal")
	ErrStalePly       = errors.New("the game has moved on")
	ErrGameOver       = errors.New("the game is over")
	ErrGameNotStarted = errors.New("the game has not started")
	ErrAlreadySeated  = errors.New("you have a seat already")
	ErrSeatTaken      = errors.New("the seat is taken")
	ErrNoSuchOffer    = errors.New("there is no such offer")
	ErrCannotAbort    = errors.New("the game can no longer be aborted")
	ErrTooMany        = errors.New("too many")
)

// The ways in which what was written can be unreadable. The game must not be served then.
var (
	ErrDamaged = errors.New("game: damaged") // the bytes are not what was written, or do not fit what was before them
	ErrNewer   = errors.New("game: written by a newer version of this program")
)
