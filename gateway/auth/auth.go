// Package auth says who somebody is: by a signed token (a JWT) of an issuer that the operator trusts, by a resume token of
// an earlier session, or as a new guest.
//
// It owns the keys that are needed for that, and the memory of which resume tokens were replaced. It must never write a
// token or a key to a log or into an error, and it decides nothing about what somebody may do.
package auth

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"
)

// Authenticator tells who somebody is. It is safe for concurrent use.
type Authenticator struct {
	// Set at start, never changed.
	guests bool
	tokens *verifier // nil: tokens are not taken
	resume *resumer
	remote *keySet // nil: no key set is fetched
}

// New reads the keys that the configuration names and creates the first file of ResumeKeyFiles if it is missing. It fails
// with every fault at once, and also when ctx ends first. With a JWKSURL it waits for the first answer, for JWKSTimeout at
// the most; when there is none it warns, goes on, and keeps asking. ctx does not end the Authenticator: Close does.
func New(ctx context.Context, config Config, log zerolog.Logger) (*Authenticator, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	now := config.Now
	if now == nil {
		now = time.Now
	}
	keys, keysErr := loadKeyFiles(config.Keys, log)
	seals, sealsErr := loadSeals(config, log)
	if err := errors.Join(keysErr, sealsErr); err != nil {
		return nil, err
	}
	a := &Authenticator{
		guests: config.Guests,
		resume: &resumer{
			now: now, ttl: config.ResumeTTL, guests: config.Guests, seals: seals,
			used: newUsedTable(config.ResumeSessionsMax, config.ResumeTTL, log),
		},
	}
	if config.JWKSURL != "" {
		a.remote = newKeySet(config, now, newTransport(), log)
		if err := a.remote.start(ctx); err != nil {
			return nil, err
		}
	}
	if config.takesTokens() {
		a.tokens = newVerifier(config, now, keys, a.remote)
		if len(config.Audiences) == 0 {
			log.Warn().Msg("tokens are taken whatever audience they were made for: a token of the same issuer for another service is good here")
		}
	}
	return a, nil
}

// Token says whose token (a JWT) it is. It blocks only when the token names a key that is not known, until the key set was
// fetched again, for JWKSTimeout at the most. It fails with ErrNoToken, ErrTokensOff, ErrMalformed, ErrForged, ErrNotForUs,
// ErrNotYet, ErrExpired or ErrKeysAway, wrapped with words for a person; or with the cause of ctx when ctx ends first.
func (a *Authenticator) Token(ctx context.Context, token string) (Identity, error) {
	switch {
	case token == "":
		return Identity{}, ErrNoToken
	case a.tokens == nil:
		return Identity{}, ErrTokensOff
	}
	return a.tokens.verify(ctx, token)
}

// Guest makes up somebody new, or fails with ErrGuestsOff. It does not block.
func (a *Authenticator) Guest() (Identity, error) {
	if !a.guests {
		return Identity{}, ErrGuestsOff
	}
	return NewGuest(), nil
}

// Issue returns a resume token for the session, to be sent in a welcome. It is good until ResumeTTL from now or until the
// identity expires, whichever is first. After the client has come back with it, the token that the session was resumed
// with is dead; until then both are good, because the welcome may not have arrived. It does not block.
func (a *Authenticator) Issue(session Session) string { return a.resume.issue(session) }

// Resume says which session a resume token is of. It fails with ErrNoToken, ErrMalformed, ErrForged, ErrExpired,
// ErrReplaced or ErrGuestsOff, wrapped with words for a person. It does not block.
//
// What was replaced is remembered in this process alone, for as long as a replaced token could still be used and for
// ResumeSessionsMax sessions. After a restart, on another node, or when the table was too small, a replaced token is
// therefore good again until it expires, or until the one that replaced it is used there: from then on it is refused there
// too.
func (a *Authenticator) Resume(token string) (Session, error) { return a.resume.resume(token) }

// Close stops fetching keys and waits for that to have ended. What needs no fetch still works. It may be called again.
func (a *Authenticator) Close() {
	if a.remote != nil {
		a.remote.close()
	}
}
