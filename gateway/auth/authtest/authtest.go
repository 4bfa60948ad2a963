// Package authtest makes keys and signs tokens (JWTs) with them, as an issuer would: for tests, and for tools that play
// against a server whose key they were given.
//
// It must not be used by the server, which has no business with private keys.
package authtest

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims are the claims of a token by name, as RFC 7519 has them: times are numbers of seconds since 1970.
type Claims = map[string]any

// Minter signs tokens with one key. It does not change, and is safe for concurrent use.
type Minter struct {
	id     string
	method jwt.SigningMethod
	key    any
}

// New makes a Minter with a given key: a []byte for HS256, an *rsa.PrivateKey for RS256, or an ed25519.PrivateKey for
// EdDSA. Its tokens have id as kid, or none if it is empty.
func New(id string, key any) (*Minter, error) {
	m := &Minter{id: id, key: key}
	switch key.(type) {
	case []byte:
		m.method = jwt.SigningMethodHS256
	case *rsa.PrivateKey:
		m.method = jwt.SigningMethodRS256
	case ed25519.PrivateKey:
		m.method = jwt.SigningMethodEdDSA
	default:
		return nil, fmt.Errorf("key is a %T, want []byte, *rsa.PrivateKey or ed25519.PrivateKey", key)
	}
	return m, nil
}

// NewHS256 makes a Minter with a random secret of 64 bytes.
func NewHS256(id string) *Minter {
	secret := make([]byte, 64)
	_, _ = rand.Read(secret) // never fails: see crypto/rand.Read
	return &Minter{id: id, method: jwt.SigningMethodHS256, key: secret}
}

// NewEdDSA makes a Minter with a random Ed25519 key.
func NewEdDSA(id string) *Minter {
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails: see crypto/rand.Read
	return &Minter{id: id, method: jwt.SigningMethodEdDSA, key: ed25519.NewKeyFromSeed(seed)}
}

// NewRS256 makes a Minter with a random RSA key. It fails if there can be no key of so many bits. It takes a while.
func NewRS256(id string, bits int) (*Minter, error) {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, err
	}
	return &Minter{id: id, method: jwt.SigningMethodRS256, key: key}, nil
}

// Mint signs a token for the user that is good until then; name may be empty.
func (m *Minter) Mint(user, name string, until time.Time) (string, error) {
	claims := Claims{"sub": user, "exp": until.Unix()}
	if name != "" {
		claims["name"] = name
	}
	return m.Sign(claims, nil)
}

// Sign signs any claims. header adds to the header of the token or replaces parts of it, alg and kid too; nil takes a part
// away.
func (m *Minter) Sign(claims, header map[string]any) (string, error) {
	token := jwt.NewWithClaims(m.method, jwt.MapClaims(claims))
	if m.id != "" {
		token.Header["kid"] = m.id
	}
	for name, value := range header {
		if token.Header[name] = value; value == nil {
			delete(token.Header, name)
		}
	}
	return token.SignedString(m.key)
}

// Public is what a server needs to check the tokens: PEM of the public key, or the secret itself.
func (m *Minter) Public() ([]byte, error) {
	if secret, ok := m.key.([]byte); ok {
		return secret, nil
	}
	der, err := x509.MarshalPKIXPublicKey(m.key.(crypto.Signer).Public())
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// WriteKey writes Public to a file that auth.KeyFile can name, for its owner alone.
func (m *Minter) WriteKey(path string) error {
	public, err := m.Public()
	if err != nil {
		return err
	}
	return os.WriteFile(path, public, 0o600)
}

// JWK is the key as a member of a JSON Web Key Set (RFC 7517), without its private part. A secret has none and gives nil.
func (m *Minter) JWK() map[string]any {
	jwk := map[string]any{"use": "sig", "alg": m.method.Alg()}
	if m.id != "" {
		jwk["kid"] = m.id
	}
	encode := base64.RawURLEncoding.EncodeToString
	switch key := m.key.(type) {
	case *rsa.PrivateKey:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", encode(key.N.Bytes()), encode(big.NewInt(int64(key.E)).Bytes())
	case ed25519.PrivateKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", encode(key.Public().(ed25519.PublicKey))
	default:
		return nil
	}
	return jwk
}

// KeySet is a JSON Web Key Set of JWKs.
func KeySet(jwks ...map[string]any) ([]byte, error) {
	if jwks == nil {
		jwks = []map[string]any{}
	}
	return json.Marshal(map[string]any{"keys": jwks})
}
