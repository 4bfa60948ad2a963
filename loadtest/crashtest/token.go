package crashtest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// tokenTime is for how long a user's token is good: longer than any run.
const tokenTime = 7 * 24 * time.Hour

func newKey() []byte {
	key := make([]byte, 64)
	_, _ = rand.Read(key) // it never fails, see crypto/rand
	return key
}

func encodeKey(key []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(key)) }

// token signs that somebody is that user, so that one user can have several connections.
func (f *fleet) token(user string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		claims := jwt.MapClaims{"sub": user, "name": user, "exp": time.Now().Add(tokenTime).Unix()}
		return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(f.key)
	}
}
