package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/gateway/auth/authtest"
)

// refusals are all that a token can be refused with.
var refusals = []error{auth.ErrNoToken, auth.ErrMalformed, auth.ErrForged, auth.ErrNotForUs, auth.ErrNotYet, auth.ErrExpired}

// fuzzMinter signs with a secret that is the same in every process of a fuzz run.
func fuzzMinter(tb testing.TB) *authtest.Minter {
	tb.Helper()
	minter, err := authtest.New("", []byte("a secret that is known to the tests and nobody else"))
	if err != nil {
		tb.Fatal(err)
	}
	return minter
}

func fuzzAuthenticator(tb testing.TB, minter *authtest.Minter) *auth.Authenticator {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "key")
	if err := minter.WriteKey(path); err != nil {
		tb.Fatal(err)
	}
	config := config(newClock())
	config.Keys, config.Issuer, config.Audiences = []auth.KeyFile{{Path: path}}, "https://login.example", []string{"plywire"}
	a, err := auth.New(tb.Context(), config, nop)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(a.Close)
	return a
}

// FuzzTokenText reads any text as a token: it is refused for a reason that is documented and that tells nothing of it.
func FuzzTokenText(f *testing.F) {
	minter := fuzzMinter(f)
	a := fuzzAuthenticator(f, minter)
	good, err := minter.Sign(claims(nil), nil)
	if err != nil {
		f.Fatal(err)
	}
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for _, token := range []string{good, good + "=", good + ".", strings.Replace(good, ".", "..", 1), head + "." + strings.SplitN(good, ".", 3)[1] + ".", "a.b.c", "", "..", "\xff.\xff.\xff"} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		identity, err := a.Token(t.Context(), token)
		switch {
		case err == nil && token != good:
			t.Errorf("%q is taken for %+v", token, identity)
		case err != nil:
			checkRefused(t, identity, err, token)
		}
	})
}

// FuzzTokenClaims signs any header and claims with the right key. Whoever is let in is somebody by the rules of Identity
// whom the claims name, and for no longer than they say.
func FuzzTokenClaims(f *testing.F) {
	minter := fuzzMinter(f)
	a := fuzzAuthenticator(f, minter)
	for name, test := range claimsTests {
		if text, err := json.Marshal(claims(test.changes)); err == nil {
			f.Add(`{"typ":"JWT"}`, string(text))
		} else {
			f.Logf("%s: %v", name, err)
		}
	}
	f.Add(`{"crit":[]}`, `{}`)
	f.Add(`{"kid":7}`, `{"sub":"alice"}`)
	f.Add(`{"kid":"x"}`, `{"sub":"a\u202eb","exp":1e300,"aud":["plywire",7]}`)
	f.Fuzz(func(t *testing.T, header, text string) {
		var head map[string]any
		var said authtest.Claims
		if json.Unmarshal([]byte(header), &head) != nil || json.Unmarshal([]byte(text), &said) != nil {
			return
		}
		token, err := minter.Sign(said, head)
		if err != nil {
			return
		}
		identity, err := a.Token(t.Context(), token)
		if err != nil {
			checkRefused(t, identity, err, token)
			return
		}
		end, _ := said["exp"].(float64)
		switch {
		case identity.ID == "" || identity.ID != said["sub"] || identity.Guest || strings.HasPrefix(identity.ID, "guest-"),
			utf8.RuneCountInString(identity.ID) > auth.IDCharsMax, !utf8.ValidString(identity.ID):
			t.Errorf("%s is let in as %+v", text, identity)
		case identity.Name == "" || utf8.RuneCountInString(identity.Name) > auth.NameCharsMax || strings.TrimSpace(identity.Name) != identity.Name:
			t.Errorf("%s is named %q", text, identity.Name)
		case !identity.Expires.After(start) || identity.Expires.After(time.Unix(int64(end)+31, 0)):
			t.Errorf("%s is good until %v", text, identity.Expires)
		case said["iss"] != "https://login.example" || !strings.Contains(text, "aud"):
			t.Errorf("%s was for somebody else", text)
		}
		if _, critical := head["crit"]; critical {
			t.Errorf("%s is taken, with the header %s", text, header)
		}
	})
}

func checkRefused(t *testing.T, identity auth.Identity, err error, token string) {
	t.Helper()
	known := false
	for _, each := range refusals {
		known = known || errors.Is(err, each)
	}
	if !known || identity != (auth.Identity{}) {
		t.Errorf("%q: %+v, %v", token, identity, err)
	}
	wantNoLeak(t, err.Error(), token)
}

// FuzzKeyFile reads any file as a key for tokens and as one for resume tokens: it is refused in words that tell nothing of
// what is in it, or it is a key with which tokens are checked.
func FuzzKeyFile(f *testing.F) {
	for _, minter := range []*authtest.Minter{fuzzMinter(f), authtest.NewEdDSA(""), rsaMinter(), rsaWeak()} {
		public, err := minter.Public()
		if err != nil {
			f.Fatal(err)
		}
		f.Add("key", public)
		f.Add("key.b64", []byte(base64.StdEncoding.EncodeToString(public)))
	}
	f.Add("key.pem", []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Add("key", []byte(`{"kty":"oct","k":"AAAA"}`))
	f.Add("key.base64", make([]byte, 64))
	f.Add("key", []byte{})
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		path := filepath.Join(folder, "key")
		if strings.HasSuffix(name, ".b64") {
			path += ".b64"
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		config := config(newClock())
		config.Keys = []auth.KeyFile{{Path: path, ID: "k"}}
		if a, err := auth.New(t.Context(), config, nop); err == nil {
			if _, err := a.Token(t.Context(), "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsifQ.e30.AAAA"); !errors.Is(err, auth.ErrForged) {
				t.Errorf("a token of nobody's: %v", err)
			}
			a.Close()
		} else {
			checkFault(t, err, path, content)
		}
		key, err := auth.LoadOrCreateKey(path)
		switch {
		case err != nil:
			checkFault(t, err, path, content)
		case len(key) != 32:
			t.Errorf("a resume key of %d bytes", len(key))
		}
	})
}

func checkFault(t *testing.T, err error, path string, content []byte) {
	t.Helper()
	if !strings.Contains(err.Error(), path) {
		t.Errorf("the fault does not name the file: %v", err)
	}
	wantNoLeak(t, strings.ReplaceAll(err.Error(), path, ""), strings.TrimPrefix(string(content), "-----BEGIN "))
}
