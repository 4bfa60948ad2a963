package auth

import "errors"

// Why somebody is not let in. Each is returned wrapped with words for a person, or alone; what is said never holds a
// token, a key or a claim. With ErrKeysAway the client should keep its token and try again soon; with the others that
// token will not do again, except that ErrNotYet passes.
var (
	// ErrNoToken means that the token is empty.
	ErrNoToken = errors.New("no token was given")
	// ErrTokensOff means that no keys are configured.
	ErrTokensOff = errors.New("this server takes no tokens")
	// ErrGuestsOff means that guests are not let in, and not back in either.
	ErrGuestsOff = errors.New("this server takes no guests: a token is needed")
	// ErrMalformed means that it is no token at all, or one with parts that have no meaning here.
	ErrMalformed = errors.New("this is not a token that can be read")
	// ErrForged means that the signature, or the seal, is not by any key that is trusted here.
	ErrForged = errors.New("the token was not made by anybody whom this server trusts")
	// ErrNotForUs means a good signature under claims that will not do: another issuer or audience, no sub, no exp.
	ErrNotForUs = errors.New("the token is not one for this server")
	// ErrNotYet means that the time from which the token is good is still to come.
	ErrNotYet = errors.New("the token is not good yet")
	// ErrExpired means that the token, or the identity in it, ran out.
	ErrExpired = errors.New("the token has run out")
	// ErrReplaced means that a newer resume token of the same session was used.
	ErrReplaced = errors.New("the resume token was replaced by a newer one, which was used")
	// ErrKeysAway means that nothing is known about the token, because the issuer's keys cannot be fetched.
	ErrKeysAway = errors.New("tokens cannot be checked at the moment: try again soon")
)
