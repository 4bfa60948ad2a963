package auth

import (
	"crypto/rand"
	"encoding/hex"
)

// SessionID names a session over all its connections and nodes. It is no secret, but nobody can guess one.
type SessionID [16]byte

// String is the id in hexadecimal, as logs show it.
func (id SessionID) String() string { return hex.EncodeToString(id[:]) }

// Session is what survives the loss of a connection. It comes from NewSession or from Authenticator.Resume; the zero value
// is not one.
type Session struct {
	ID SessionID
	// Identity is of whom the session is. It may be set to a newer Identity of the same user, to be in the tokens issued
	// from then on.
	Identity Identity

	generation uint64 // of the token that the session was resumed with, 0 for none
}

// NewSession begins a session. Identity must have come from an Authenticator.
func NewSession(identity Identity) Session {
	session := Session{Identity: identity}
	_, _ = rand.Read(session.ID[:]) // never fails: see crypto/rand.Read
	return session
}
