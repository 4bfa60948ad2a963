package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// timeMax is the end of the year 9999. A claim beyond it is an error of the issuer's (milliseconds, mostly).
const timeMax = 253402300799

// verifier checks JSON Web Tokens (RFC 7519).
type verifier struct {
	parser   *jwt.Parser
	bytesMax int
	leeway   time.Duration
	files    []key
	remote   *keySet // nil for none
}

func newVerifier(config Config, now func() time.Time, files []key, remote *keySet) *verifier {
	options := []jwt.ParserOption{
		jwt.WithValidMethods([]string{algHS256, algRS256, algEdDSA}),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(config.Leeway), jwt.WithTimeFunc(now),
		jwt.WithStrictDecoding(),
	}
	if config.Issuer != "" {
		options = append(options, jwt.WithIssuer(config.Issuer))
	}
	if len(config.Audiences) > 0 {
		options = append(options, jwt.WithAudience(config.Audiences...))
	}
	return &verifier{
		parser: jwt.NewParser(options...), bytesMax: config.TokenBytesMax, leeway: config.Leeway, files: files, remote: remote,
	}
}

// What the look for a key of a token ends with, besides keys.
var (
	errCritical = errors.New("header crit")
	errKid      = errors.New("header kid")
	errNoKey    = errors.New("no key")
)

func (v *verifier) verify(ctx context.Context, token string) (Identity, error) {
	if len(token) > v.bytesMax {
		return Identity{}, fmt.Errorf("%w: it has %d bytes, at most %d are read", ErrMalformed, len(token), v.bytesMax)
	}
	keysAway := false
	// Claims are a map: the fields of a struct would also take "SUB" for sub.
	parsed, err := v.parser.ParseWithClaims(token, jwt.MapClaims{}, func(parsed *jwt.Token) (any, error) {
		keys, away, err := v.candidates(ctx, parsed)
		keysAway = away
		return jwt.VerificationKeySet{Keys: keys}, err
	})
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && errors.Is(err, cause) {
			return Identity{}, cause
		}
		if errors.Is(err, jwt.ErrTokenInvalidClaims) {
			return Identity{}, claimsRefusal(parsed.Claims.(jwt.MapClaims), err)
		}
		return Identity{}, refusal(err, keysAway)
	}
	return identify(parsed.Claims.(jwt.MapClaims), v.leeway)
}

// candidates finds the keys that may have signed the token. All have the token's algorithm by their own nature, because
// the library takes a key for an algorithm only if it has the algorithm's type. away says that there might be more, if
// only the key set could be fetched.
func (v *verifier) candidates(ctx context.Context, token *jwt.Token) (keys []jwt.VerificationKey, away bool, err error) {
	// RFC 7515, section 4.1.11: who does not understand what is critical must refuse. We understand no extension.
	if _, critical := token.Header["crit"]; critical {
		return nil, false, errCritical
	}
	id, ok := token.Header["kid"].(string)
	if _, given := token.Header["kid"]; given && !ok {
		return nil, false, errKid
	}
	alg := token.Method.Alg()
	for _, each := range v.files {
		switch {
		case each.alg != alg:
		case id != "" && each.id == id:
			return []jwt.VerificationKey{each.verify}, false, nil
		case id == "" || each.id == "":
			keys = append(keys, each.verify)
		}
	}
	if v.remote != nil && alg != algHS256 { // of which a published key could not be one
		var more []jwt.VerificationKey
		if more, away, err = v.remote.candidates(ctx, token, id); err != nil {
			return nil, away, err
		}
		keys = append(keys, more...)
	}
	if len(keys) == 0 {
		return nil, away, errNoKey
	}
	return keys, away, nil
}

// refusal tells in our words what the library found, short of the claims. What it says itself may hold parts of the token.
func refusal(err error, keysAway bool) error {
	switch {
	case errors.Is(err, errCritical):
		return fmt.Errorf("%w: its header has crit, and no extension is understood", ErrMalformed)
	case errors.Is(err, errKid):
		return fmt.Errorf("%w: its kid is not a string", ErrMalformed)
	case errors.Is(err, jwt.ErrTokenMalformed):
		return fmt.Errorf("%w: a JSON Web Token has three parts in base64url, the first two of JSON objects", ErrMalformed)
	case keysAway:
		return ErrKeysAway
	case errors.Is(err, errNoKey):
		return fmt.Errorf("%w: no key known here has its kid and algorithm", ErrForged)
	}
	return fmt.Errorf("%w: it must be signed with RS256, EdDSA or HS256, by a key known here", ErrForged)
}

// claimsRefusal tells in our words what the library found in the claims: first what a newer token would not mend.
func claimsRefusal(claims jwt.MapClaims, err error) error {
	if err := checkTimes(claims); err != nil {
		return err
	}
	switch {
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return fmt.Errorf("%w: its iss is another", ErrNotForUs)
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return fmt.Errorf("%w: its aud is another", ErrNotForUs)
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return fmt.Errorf("%w: it must have an exp, and an iss and aud where this server demands them", ErrNotForUs)
	case errors.Is(err, jwt.ErrInvalidType):
		return fmt.Errorf("%w: a claim has the wrong type", ErrNotForUs)
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrExpired
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return fmt.Errorf("%w: its iat is in the future", ErrNotYet)
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return fmt.Errorf("%w: its nbf is in the future", ErrNotYet)
	}
	return ErrNotForUs
}

// checkTimes refuses numbers that the library may take for any time at all, because they are beyond what it converts to.
func checkTimes(claims jwt.MapClaims) error {
	for _, name := range []string{"exp", "nbf", "iat"} {
		if seconds, given := claims[name].(float64); given && (seconds < 0 || seconds > timeMax) {
			return fmt.Errorf("%w: its %s is not in seconds since 1970", ErrNotForUs, name)
		}
	}
	return nil
}

// identify reads the claims of a token that is good.
func identify(claims jwt.MapClaims, leeway time.Duration) (Identity, error) {
	if err := checkTimes(claims); err != nil {
		return Identity{}, err
	}
	expires, err := claims.GetExpirationTime()
	if err != nil || expires == nil {
		return Identity{}, fmt.Errorf("%w: it must have an exp", ErrNotForUs)
	}
	if issued, err := claims.GetIssuedAt(); err != nil || issued != nil && issued.After(expires.Time) {
		return Identity{}, fmt.Errorf("%w: its iat is after its exp", ErrNotForUs)
	}
	id, ok := claims["sub"].(string)
	if _, given := claims["sub"]; given && !ok {
		return Identity{}, fmt.Errorf("%w: its sub is not a string", ErrNotForUs)
	}
	if err := checkID(id); err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrNotForUs, err)
	}
	name, _ := claims["name"].(string)
	shown := displayName(name)
	if shown == "" {
		shown = displayName(id)
	}
	if shown == "" { // an id of nothing but characters that show nothing
		shown = "?"
	}
	return Identity{ID: id, Name: shown, Expires: expires.Add(leeway).UTC()}, nil
}
