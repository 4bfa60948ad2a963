package auth_test

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/gateway/auth/authtest"
)

// TestJWKSBadAnswers has a good set first, and then what must not replace it.
func TestJWKSBadAnswers(t *testing.T) {
	minter := authtest.NewEdDSA("k")
	write := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	jwk := string(must[[]byte](t)(json.Marshal(authtest.NewEdDSA("evil").JWK())))
	elsewhere := newIssuer(t, authtest.NewEdDSA("evil"))
	many := strings.Repeat(jwk+",", 64) + jwk
	tests := map[string]struct {
		answer http.HandlerFunc
		want   string // in the log
	}{
		"not found":        {write(404, `{"keys":[`+jwk+`]}`), "the answer is 404, want 200"},
		"redirected":       {http.RedirectHandler(elsewhere.URL, http.StatusFound).ServeHTTP, "redirects are not followed"},
		"not JSON":         {write(200, "<html>sign in</html>"), "not a JSON Web Key Set"},
		"cut short":        {write(200, `{"keys":[`+jwk), "not a JSON Web Key Set"},
		"keys of no list":  {write(200, `{"keys":{}}`), "not a JSON Web Key Set"},
		"an empty object":  {write(200, `{}`), "no key for RS256 or EdDSA among 0"},
		"no keys":          {write(200, `{"keys":[]}`), "no key for RS256 or EdDSA among 0"},
		"no key of use":    {write(200, `{"keys":[{"kty":"EC","crv":"P-256","kid":"evil"}]}`), "no key for RS256 or EdDSA among 1"},
		"too many keys":    {write(200, `{"keys":[`+many+`]}`), "65 keys"},
		"too large":        {write(200, `{"keys":[`+jwk+`],"x":"`+strings.Repeat("x", 513<<10)+`"}`), "more than 524288 bytes"},
		"broken off":       {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"broken off later": {breakOff, "read the answer"},
		"no answer in time": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			"no whole answer within 1s"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			i, c := newIssuer(t, minter), newClock()
			config := jwksConfig(c, i.URL)
			config.JWKSTimeout = time.Second
			a, log := openLogged(t, config)
			i.respond(test.answer)
			c.pass(10 * time.Second)
			wantToken(t, a, mint(t, authtest.NewEdDSA("evil"), nil), auth.ErrKeysAway)
			wantToken(t, a, mint(t, minter, nil), nil)
			if !strings.Contains(log.String(), test.want) {
				t.Errorf("%q is not said in: %s", test.want, log)
			}
		})
	}
	if got := elsewhere.fetches.Load(); got != 0 {
		t.Errorf("a redirect was followed")
	}
}

// TestJWKSOverTLS has a server whose certificate nobody vouches for.
func TestJWKSOverTLS(t *testing.T) {
	minter := authtest.NewEdDSA("k")
	set := must[[]byte](t)(authtest.KeySet(minter.JWK()))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	a, logged := openLogged(t, jwksConfig(newClock(), server.URL))
	wantToken(t, a, mint(t, minter, nil), auth.ErrKeysAway)
	if !strings.Contains(logged.String(), "certificate") {
		t.Errorf("the log does not say why: %s", logged)
	}
}

func breakOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(`{"keys":[`))
	if err := http.NewResponseController(w).Flush(); err != nil {
		panic(err)
	}
	panic(http.ErrAbortHandler)
}

// TestJWKSKeysSkipped has a set with one good key among others, as real sets are.
func TestJWKSKeysSkipped(t *testing.T) {
	good := authtest.NewEdDSA("good")
	with := func(m *authtest.Minter, changes map[string]any) map[string]any {
		jwk := m.JWK()
		for name, value := range changes {
			if jwk[name] = value; value == nil {
				delete(jwk, name)
			}
		}
		return jwk
	}
	ed := func(changes map[string]any) map[string]any { return with(authtest.NewEdDSA("x"), changes) }
	rs := func(changes map[string]any) map[string]any { return with(rsaMinter(), changes) }
	tests := map[string]struct {
		jwk  map[string]any
		want string // in the log; empty: used
	}{
		"no use and alg":              {ed(map[string]any{"use": nil, "alg": nil}), ""},
		"key_ops":                     {ed(map[string]any{"use": nil, "key_ops": []string{"sign", "verify"}}), ""},
		"certificates not looked at":  {rs(map[string]any{"x5c": []string{"not base64"}, "x5t": "!", "x5u": "https://login.example/x5u"}), ""},
		"members that are not known":  {ed(map[string]any{"issuer": "https://login.example"}), ""},
		"for encryption":              {rs(map[string]any{"use": "enc"}), "not for signatures"},
		"operations without verify":   {ed(map[string]any{"key_ops": []string{"wrapKey"}}), "not for signatures"},
		"another algorithm":           {rs(map[string]any{"alg": "RS512"}), `for \"RS512\", want RS256`},
		"a secret":                    {map[string]any{"kty": "oct", "k": strings.Repeat("A", 86), "kid": "x", "alg": "HS256"}, "has a secret"},
		"a private part":              {ed(map[string]any{"d": strings.Repeat("A", 43)}), "has a secret"},
		"an EC key":                   {map[string]any{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "x"}, `of kty \"EC\"`},
		"a curve that is not signed":  {ed(map[string]any{"crv": "X25519"}), `of kty \"OKP\"`},
		"a kty not known":             {map[string]any{"kty": "post-quantum", "kid": "x"}, `of kty \"post-quantum\"`},
		"no kty":                      {map[string]any{"kid": "x"}, `of kty \"\"`},
		"a kid that is a number":      {ed(map[string]any{"kid": 5}), "is not a JSON Web Key"},
		"a long kid":                  {ed(map[string]any{"kid": strings.Repeat("k", 257)}), "kid of 257 bytes"},
		"the kid of the good one":     {ed(map[string]any{"kid": "good"}), "has the kid of an earlier one"},
		"a short Ed25519 key":         {ed(map[string]any{"x": "AAAA"}), "parameters that make no key"},
		"an RSA key of nothing":       {rs(map[string]any{"n": ""}), "parameters that make no key"},
		"an RSA key that is no text":  {rs(map[string]any{"n": "!!!"}), "parameters that make no key"},
		"an RSA key of 1024 bits":     {rsaWeak().JWK(), "1024 bits"},
		"an RSA key of an even e":     {rs(map[string]any{"e": "AQAA"}), "exponent"},
		"an RSA key of an e too long": {rs(map[string]any{"e": "AQAAAAAAAQAB"}), "parameters that make no key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			i.text(string(must[[]byte](t)(authtest.KeySet(good.JWK(), test.jwk))))
			a, log := openLogged(t, jwksConfig(newClock(), i.URL))
			wantToken(t, a, mint(t, good, nil), nil)
			skipped := strings.Contains(log.String(), "keys that are not used")
			if skipped != (test.want != "") || !strings.Contains(log.String(), test.want) {
				t.Errorf("want %q in: %s", test.want, log)
			}
		})
	}
}

func TestJWKSNotJWKs(t *testing.T) {
	good := authtest.NewEdDSA("good")
	i := newIssuer(t)
	i.text(`{"keys":[5,null,"x",` + string(must[[]byte](t)(json.Marshal(good.JWK()))) + `]}`)
	wantToken(t, open(t, jwksConfig(newClock(), i.URL)), mint(t, good, nil), nil)
}
