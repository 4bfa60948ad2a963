package auth

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/rs/zerolog"
)

// jwksKeysMax bounds the work for a token that names no key.
const jwksKeysMax = 64

// publishedKeys is a key set (RFC 7517) as it was fetched. It does not change.
type publishedKeys struct {
	pick    keyfunc.Keyfunc
	unnamed []jwt.VerificationKey // those without a kid
	names   []string              // algorithm, kid and beginning of each, for logs
	skipped []string              // why others are not used, for logs
}

// find is the key with that kid if its algorithm is the token's, else the keys without a kid; all keys if the token has no
// kid.
func (k *publishedKeys) find(token *jwt.Token, id string) []jwt.VerificationKey {
	if id == "" {
		all, err := k.pick.VerificationKeySet(context.Background())
		if err != nil {
			return nil
		}
		return all.Keys
	}
	if named, err := k.pick.Keyfunc(token); err == nil {
		return []jwt.VerificationKey{named}
	}
	return k.unnamed
}

func (k *publishedKeys) same(other *publishedKeys) bool {
	return slices.Equal(k.names, other.names) && slices.Equal(k.skipped, other.skipped)
}

func (k *publishedKeys) log(log zerolog.Logger) {
	log.Info().Strs("keys", k.names).Msg("key set fetched")
	if len(k.skipped) > 0 {
		log.Warn().Strs("keys", k.skipped).Msg("key set has keys that are not used")
	}
}

// readKeySet reads a key set. Keys that cannot be used here are skipped, as RFC 7517, section 5, wants. A set in which no
// key can be used is an error: sooner a mistake of the issuer's than the wish that nobody comes in.
func readKeySet(raw []byte) (*publishedKeys, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, errors.New("the answer is not a JSON Web Key Set")
	}
	if len(set.Keys) > jwksKeysMax {
		return nil, fmt.Errorf("the key set has %d keys, at most %d are taken", len(set.Keys), jwksKeysMax)
	}
	read := &publishedKeys{}
	storage := jwkset.NewMemoryStorage()
	seen := map[string]bool{}
	for i, each := range set.Keys {
		jwk, err := readJWK(each)
		id := jwk.Marshal().KID
		if err == nil && id != "" && seen[id] {
			err = errors.New("has the kid of an earlier one")
		}
		if err != nil {
			read.skipped = append(read.skipped, fmt.Sprintf("key %d %v", i+1, err))
			continue
		}
		seen[id] = true
		if id == "" {
			read.unnamed = append(read.unnamed, jwk.Key())
		}
		marshal := jwk.Marshal()
		read.names = append(read.names, fmt.Sprintf("%s %.40q %.12s", marshal.ALG, id, marshal.X+marshal.N))
		if err := storage.KeyWrite(context.Background(), jwk); err != nil {
			return nil, fmt.Errorf("keep key %d: %w", i+1, err)
		}
	}
	if len(read.names) == 0 {
		return nil, fmt.Errorf("the key set has no key for RS256 or EdDSA among %d: %q", len(set.Keys), read.skipped)
	}
	var err error
	if read.pick, err = keyfunc.New(keyfunc.Options{Storage: storage}); err != nil {
		return nil, fmt.Errorf("use key set: %w", err)
	}
	return read, nil
}

// readJWK reads a public key and fixes its algorithm. It keeps nothing else of the JWK: certificates are not looked at, and
// an x5u would be fetched.
func readJWK(raw []byte) (jwkset.JWK, error) {
	var given jwkset.JWKMarshal
	if err := json.Unmarshal(raw, &given); err != nil {
		return jwkset.JWK{}, errors.New("is not a JSON Web Key")
	}
	kept := jwkset.JWKMarshal{KTY: given.KTY, KID: given.KID}
	switch {
	case given.K != "" || given.D != "":
		return jwkset.JWK{}, errors.New("is or has a secret, which everybody can read here")
	case given.USE != "" && given.USE != jwkset.UseSig,
		len(given.KEYOPS) > 0 && !slices.Contains(given.KEYOPS, jwkset.KeyOpsVerify):
		return jwkset.JWK{}, errors.New("is not for signatures")
	case len(given.KID) > keyIDBytesMax:
		return jwkset.JWK{}, fmt.Errorf("has a kid of %d bytes, at most %d are taken", len(given.KID), keyIDBytesMax)
	case given.KTY == jwkset.KtyRSA:
		kept.ALG, kept.N, kept.E = jwkset.AlgRS256, given.N, given.E
	case given.KTY == jwkset.KtyOKP && given.CRV == jwkset.CrvEd25519:
		kept.ALG, kept.CRV, kept.X = jwkset.AlgEdDSA, given.CRV, given.X
	default:
		return jwkset.JWK{}, fmt.Errorf("is of kty %.20q, want RSA, or OKP with crv Ed25519", given.KTY)
	}
	if given.ALG != "" && given.ALG != kept.ALG {
		return jwkset.JWK{}, fmt.Errorf("is for %.20q, want %s", given.ALG, kept.ALG)
	}
	jwk, err := jwkset.NewJWKFromMarshal(kept, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
	if err != nil {
		return jwkset.JWK{}, errors.New("has parameters that make no key")
	}
	if public, ok := jwk.Key().(*rsa.PublicKey); ok {
		if err := checkRSA(public); err != nil {
			return jwkset.JWK{}, err
		}
	}
	return jwk, nil
}
