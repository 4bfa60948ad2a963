package authtest_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/gateway/auth/authtest"
)

// TestMintAsWritten checks a token by RFC 7515 and RFC 8037 alone, without the library that makes it.
func TestMintAsWritten(t *testing.T) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	minter, err := authtest.New("k", private)
	if err != nil {
		t.Fatal(err)
	}
	token, err := minter.Mint("alice", "Alice", time.Unix(1_700_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts", len(parts))
	}
	for i, want := range []string{
		`{"alg":"EdDSA","kid":"k","typ":"JWT"}`, `{"exp":1700000000,"name":"Alice","sub":"alice"}`,
	} {
		if got, err := base64.RawURLEncoding.DecodeString(parts[i]); err != nil || string(got) != want {
			t.Errorf("part %d is %s, %v, want %s", i+1, got, err, want)
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !ed25519.Verify(private.Public().(ed25519.PublicKey), []byte(parts[0]+"."+parts[1]), signature) {
		t.Errorf("the signature is not of the key: %v", err)
	}
}

func TestKeys(t *testing.T) {
	rsaMinter, err := authtest.NewRS256("r", 1024)
	if err != nil {
		t.Fatal(err)
	}
	secret := bytes.Repeat([]byte("s"), 32)
	hs, err := authtest.New("", secret)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := hs.WriteKey(path); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("the file holds %q, %v", got, err)
	}
	if jwk := hs.JWK(); jwk != nil {
		t.Errorf("a secret is published as %v", jwk)
	}
	public, err := rsaMinter.Public()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(public)
	read, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	jwk := rsaMinter.JWK()
	n, err := base64.RawURLEncoding.DecodeString(jwk["n"].(string))
	if err != nil || read.(*rsa.PublicKey).N.Cmp(new(big.Int).SetBytes(n)) != 0 || jwk["e"] != "AQAB" || jwk["kid"] != "r" {
		t.Errorf("the JWK is %v, %v", jwk, err)
	}
}

func TestKeySet(t *testing.T) {
	none, err := authtest.KeySet()
	if err != nil || string(none) != `{"keys":[]}` {
		t.Errorf("%s, %v", none, err)
	}
	raw, err := authtest.KeySet(authtest.NewEdDSA("a").JWK(), authtest.NewEdDSA("").JWK())
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(raw, &set); err != nil || len(set.Keys) != 2 {
		t.Fatalf("%s, %v", raw, err)
	}
	if _, named := set.Keys[1]["kid"]; set.Keys[0]["kid"] != "a" || named || set.Keys[0]["d"] != "" {
		t.Errorf("%s", raw)
	}
}

func TestBadKeys(t *testing.T) {
	if _, err := authtest.New("k", "a string"); err == nil {
		t.Error("a string is taken for a key")
	}
	if _, err := authtest.NewRS256("k", 8); err == nil {
		t.Error("an RSA key of 8 bits is made")
	}
	minter := authtest.NewEdDSA("k")
	if err := minter.WriteKey(filepath.Join(t.TempDir(), "nowhere", "key")); err == nil {
		t.Error("a key is written where there is no folder")
	}
	if _, err := minter.Sign(authtest.Claims{"x": func() {}}, nil); err == nil {
		t.Error("a claim that is no JSON is signed")
	}
}
