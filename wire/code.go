package wire

import "net/http"

// Code says why a command was refused. Nothing was changed then, unless the code says so.
type Code string

// The error codes of the protocol.
const (
	CodeBadMessage      Code = "bad_message"
	CodeUnknownType     Code = "unknown_type"
	CodeUnauthenticated Code = "unauthenticated"
	CodeForbidden       Code = "forbidden"
	CodeNotFound        Code = "not_found"
	CodeNotSeated       Code = "not_seated"
	CodeNotYourTurn     Code = "not_your_turn"
	CodeIllegalMove     Code = "illegal_move"
	CodeStalePly        Code = "stale_ply"
	CodeGameOver        Code = "game_over"
	CodeGameNotStarted  Code = "game_not_started"
	CodeAlreadySeated   Code = "already_seated"
	CodeSeatTaken       Code = "seat_taken"
	CodeNoSuchOffer     Code = "no_such_offer"
	CodeCannotAbort     Code = "cannot_abort"
	CodeTooManyRequests Code = "too_many_requests"
	CodeTooLarge        Code = "too_large"
	CodeUnavailable     Code = "unavailable"
	CodeInternal        Code = "internal"
)

// HTTPStatus is the status with which the HTTP API answers the code; 500 for one that is not known.
func (c Code) HTTPStatus() int {
	if status, known := httpStatus[c]; known {
		return status
	}
	return http.StatusInternalServerError
}

var httpStatus = map[Code]int{
	CodeBadMessage:      http.StatusBadRequest,
	CodeUnknownType:     http.StatusNotFound,
	CodeUnauthenticated: http.StatusUnauthorized,
	CodeForbidden:       http.StatusForbidden,
	CodeNotFound:        http.StatusNotFound,
	CodeNotSeated:       http.StatusForbidden,
	CodeNotYourTurn:     http.StatusConflict,
	CodeIllegalMove:     http.StatusUnprocessableEntity,
	CodeStalePly:        http.StatusConflict,
	CodeGameOver:        http.StatusConflict,
	CodeGameNotStarted:  http.StatusConflict,
	CodeAlreadySeated:   http.StatusConflict,
	CodeSeatTaken:       http.StatusConflict,
	CodeNoSuchOffer:     http.StatusConflict,
	CodeCannotAbort:     http.StatusConflict,
	CodeTooManyRequests: http.StatusTooManyRequests,
	CodeTooLarge:        http.StatusRequestEntityTooLarge,
	CodeUnavailable:     http.StatusServiceUnavailable,
	CodeInternal:        http.StatusInternalServerError,
}

// The codes with which a WebSocket is closed, besides those of RFC 6455.
const (
	CloseGoingAway       = 1001 // the node drains or stops: reconnect, with jitter
	ClosePolicy          = 1008 // origin, forbidden: do not
	CloseTooLarge        = 1009 // a message is too large: do not
	CloseOverloaded      = 1013 // reconnect, with back-off
	CloseBadMessage      = 4400 // not a message of this protocol: do not
	CloseUnauthenticated = 4401 // get a token first
	CloseNoHello         = 4408 // no hello in time: reconnect
	CloseTooMany         = 4429 // too many messages, or too slow to read: reconnect, with back-off
)
