package auth

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// resumeBytesMax is longer than any resume token that issue makes.
const resumeBytesMax = 2048

// resumer issues and opens resume tokens. A token is sealed and holds all that is needed to go on with a session, so that
// it works after a restart and on any node with the same key. Only which tokens are dead is remembered; see usedTable.
type resumer struct {
	now    func() time.Time
	ttl    time.Duration
	guests bool
	seals  []seal // the first seals, all open
	used   *usedTable
}

// encoding is strict: no other text than the one issued opens.
var encoding = base64.RawURLEncoding.Strict()

func (r *resumer) issue(session Session) string {
	plain := pass{
		session: session.ID, generation: session.generation + 1, identity: session.Identity, expires: r.now().Add(r.ttl),
	}.bytes()
	return encoding.EncodeToString(r.seals[0].close(plain))
}

func (r *resumer) resume(token string) (Session, error) {
	opened, err := r.open(token)
	if err != nil {
		return Session{}, err
	}
	now := r.now()
	switch end := opened.identity.Expires; {
	case !end.IsZero() && !now.Before(end):
		return Session{}, fmt.Errorf("%w: it was good for as long as the token that the session began with", ErrExpired)
	case !now.Before(opened.expires):
		return Session{}, fmt.Errorf("%w: resume tokens are good for %v", ErrExpired, r.ttl)
	case opened.identity.Guest && !r.guests:
		return Session{}, ErrGuestsOff
	}
	if !r.used.use(opened.session, turn{opened.generation, opened.serial}, now) {
		return Session{}, ErrReplaced
	}
	return Session{ID: opened.session, Identity: opened.identity, generation: opened.generation}, nil
}

// open reads a token that was sealed with any of the keys.
func (r *resumer) open(token string) (pass, error) {
	switch {
	case token == "":
		return pass{}, ErrNoToken
	case len(token) > resumeBytesMax:
		return pass{}, fmt.Errorf("%w: it has %d bytes, resume tokens have at most %d", ErrMalformed, len(token), resumeBytesMax)
	case strings.ContainsAny(token, "\r\n"): // which package base64 would skip
		return pass{}, fmt.Errorf("%w: it has line breaks", ErrMalformed)
	}
	sealed, err := encoding.DecodeString(token)
	if err != nil {
		return pass{}, fmt.Errorf("%w: it is not base64url", ErrMalformed)
	}
	if len(sealed) < sealedBytesMin || sealed[0] != sealVersion {
		return pass{}, fmt.Errorf("%w: it is not a resume token of this version", ErrMalformed)
	}
	for _, s := range r.seals {
		plain, ok := s.open(sealed)
		if !ok {
			continue
		}
		opened, ok := readPass(plain)
		if !ok {
			return pass{}, fmt.Errorf("%w: it was made by another version of this server", ErrMalformed)
		}
		opened.serial = serialOf(sealed)
		return opened, nil
	}
	return pass{}, ErrForged
}
