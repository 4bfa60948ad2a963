package auth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/gateway/auth/authtest"
)

// claims are good ones at the start of a test, with some set or (nil) taken away.
func claims(changes authtest.Claims) authtest.Claims {
	all := authtest.Claims{
		"sub": "alice", "name": "Alice", "iss": "https://login.example", "aud": "plywire",
		"iat": start.Unix(), "nbf": start.Unix(), "exp": start.Add(time.Hour).Unix(),
	}
	for name, value := range changes {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

func TestTokenOfEachAlgorithm(t *testing.T) {
	minters := map[string]*authtest.Minter{
		"HS256": authtest.NewHS256(""), "EdDSA": authtest.NewEdDSA(""), "RS256": rsaMinter(),
		"HS256 with kid": authtest.NewHS256("a"), "EdDSA with kid": authtest.NewEdDSA("b"),
	}
	for name, minter := range minters {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			config := config(c)
			config.Keys = []auth.KeyFile{{Path: keyFile(t, minter, "key")}}
			config.Issuer, config.Audiences = "https://login.example", []string{"other", "plywire"}
			a := open(t, config)
			got, err := a.Token(t.Context(), must[string](t)(minter.Sign(claims(nil), nil)))
			want := auth.Identity{ID: "alice", Name: "Alice", Expires: start.Add(time.Hour + 30*time.Second)}
			if err != nil || got != want {
				t.Fatalf("%+v, %v, want %+v", got, err, want)
			}
			got, err = a.Token(t.Context(), must[string](t)(minter.Sign(claims(authtest.Claims{"aud": []string{"x", "plywire"}}), nil)))
			if err != nil || got != want {
				t.Fatalf("several audiences: %+v, %v", got, err)
			}
		})
	}
}

func TestTokenMinted(t *testing.T) {
	minter := authtest.NewEdDSA("k")
	config := config(newClock())
	config.Keys = []auth.KeyFile{{Path: keyFile(t, minter, "key"), ID: "k"}}
	a := open(t, config)
	got, err := a.Token(t.Context(), must[string](t)(minter.Mint("bob", "", start.Add(time.Minute))))
	if want := (auth.Identity{ID: "bob", Name: "bob", Expires: start.Add(90 * time.Second)}); err != nil || got != want {
		t.Fatalf("%+v, %v, want %+v", got, err, want)
	}
}

// at is a time as claims tell it.
func at(d time.Duration) int64 { return start.Add(d).Unix() }

// claimsTests are what a well-signed token may say.
var claimsTests = map[string]struct {
	changes authtest.Claims
	want    error // nil: good
}{
	"as they should be":             {nil, nil},
	"no name, iat, nbf":             {authtest.Claims{"name": nil, "iat": nil, "nbf": nil}, nil},
	"expired within the leeway":     {authtest.Claims{"exp": at(-29 * time.Second), "iat": at(-time.Hour), "nbf": nil}, nil},
	"expired at the leeway":         {authtest.Claims{"exp": at(-30 * time.Second), "iat": at(-time.Hour), "nbf": nil}, auth.ErrExpired},
	"expired long ago":              {authtest.Claims{"exp": 1, "iat": nil, "nbf": nil}, auth.ErrExpired},
	"expires before 1970":           {authtest.Claims{"exp": -5, "iat": nil, "nbf": nil}, auth.ErrNotForUs},
	"no exp":                        {authtest.Claims{"exp": nil}, auth.ErrNotForUs},
	"exp of 0":                      {authtest.Claims{"exp": 0}, auth.ErrNotForUs},
	"exp in words":                  {authtest.Claims{"exp": "tomorrow"}, auth.ErrNotForUs},
	"exp of null":                   {authtest.Claims{"exp": json.RawMessage("null")}, auth.ErrNotForUs},
	"exp in milliseconds":           {authtest.Claims{"exp": start.Add(time.Hour).UnixMilli()}, auth.ErrNotForUs},
	"exp beyond an int64":           {authtest.Claims{"exp": json.RawMessage("1e300"), "nbf": nil, "iat": nil}, auth.ErrNotForUs},
	"nbf within the leeway":         {authtest.Claims{"nbf": at(30 * time.Second)}, nil},
	"nbf beyond the leeway":         {authtest.Claims{"nbf": at(31 * time.Second)}, auth.ErrNotYet},
	"nbf before 1970":               {authtest.Claims{"nbf": -1}, auth.ErrNotForUs},
	"nbf in words":                  {authtest.Claims{"nbf": "now"}, auth.ErrNotForUs},
	"iat within the leeway":         {authtest.Claims{"iat": at(30 * time.Second)}, nil},
	"iat beyond the leeway":         {authtest.Claims{"iat": at(31 * time.Second)}, auth.ErrNotYet},
	"iat before 1970":               {authtest.Claims{"iat": -1}, auth.ErrNotForUs},
	"iat after exp":                 {authtest.Claims{"iat": at(20 * time.Second), "exp": at(10 * time.Second)}, auth.ErrNotForUs},
	"iat in words":                  {authtest.Claims{"iat": "now"}, auth.ErrNotForUs},
	"another issuer":                {authtest.Claims{"iss": "https://login.example.evil"}, auth.ErrNotForUs},
	"no issuer":                     {authtest.Claims{"iss": nil}, auth.ErrNotForUs},
	"another audience":              {authtest.Claims{"aud": "someone"}, auth.ErrNotForUs},
	"other audiences":               {authtest.Claims{"aud": []string{"a", "b"}}, auth.ErrNotForUs},
	"no audience":                   {authtest.Claims{"aud": nil}, auth.ErrNotForUs},
	"an audience of numbers":        {authtest.Claims{"aud": []int{1}}, auth.ErrNotForUs},
	"another issuer, and expired":   {authtest.Claims{"iss": "x", "exp": 1}, auth.ErrNotForUs},
	"no sub":                        {authtest.Claims{"sub": nil}, auth.ErrNotForUs},
	"an empty sub":                  {authtest.Claims{"sub": ""}, auth.ErrNotForUs},
	"a sub that is a number":        {authtest.Claims{"sub": 7}, auth.ErrNotForUs},
	"a sub of another case":         {authtest.Claims{"sub": nil, "SUB": "alice"}, auth.ErrNotForUs},
	"a sub of 128 characters":       {authtest.Claims{"sub": strings.Repeat("é", 128)}, nil},
	"a sub of 129 characters":       {authtest.Claims{"sub": strings.Repeat("e", 129)}, auth.ErrNotForUs},
	"a sub with a newline":          {authtest.Claims{"sub": "al\nice"}, auth.ErrNotForUs},
	"a sub with a NUL":              {authtest.Claims{"sub": "alice\x00"}, auth.ErrNotForUs},
	"a sub that turns text around":  {authtest.Claims{"sub": "ali\u202Ece"}, auth.ErrNotForUs},
	"a sub that is no text":         {authtest.Claims{"sub": json.RawMessage(`"\ud800"`)}, auth.ErrNotForUs},
	"a sub with spaces around":      {authtest.Claims{"sub": " alice"}, auth.ErrNotForUs},
	"a sub with a space inside":     {authtest.Claims{"sub": "alice b"}, nil},
	"the sub of a guest":            {authtest.Claims{"sub": auth.NewGuest().ID}, auth.ErrNotForUs},
	"a name that is a number":       {authtest.Claims{"name": 7}, nil},
	"a sub that shows nothing":      {authtest.Claims{"sub": "\u3164", "name": nil}, nil},
	"claims that mean nothing here": {authtest.Claims{"admin": true, "Sub": "bob", "SUB": "bob"}, nil},
}

func TestTokenClaims(t *testing.T) {
	minter := authtest.NewEdDSA("")
	for name, test := range claimsTests {
		t.Run(name, func(t *testing.T) {
			config := config(newClock())
			config.Keys = []auth.KeyFile{{Path: keyFile(t, minter, "key")}}
			config.Issuer, config.Audiences = "https://login.example", []string{"plywire"}
			given := claims(test.changes)
			token := must[string](t)(minter.Sign(given, nil))
			got, err := open(t, config).Token(t.Context(), token)
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Fatalf("%+v, %v, want %v", got, err, test.want)
			}
			if err != nil {
				wantNoLeak(t, err.Error(), token)
				if got != (auth.Identity{}) {
					t.Fatalf("refused, and yet %+v", got)
				}
			} else if got.ID != given["sub"] || got.Name == "" {
				t.Fatalf("%+v from %v", got, given)
			}
		})
	}
}

// segment is a part of a token.
func segment(t *testing.T, value any) string {
	t.Helper()
	return base64.RawURLEncoding.EncodeToString(must[[]byte](t)(json.Marshal(value)))
}

// hmacToken signs with any bytes as the secret, as one would who has only the public key.
func hmacToken(t *testing.T, header, payload any, secret []byte) string {
	t.Helper()
	text := segment(t, header) + "." + segment(t, payload)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

type refusedToken struct {
	token string
	want  error
}

// forgedTokens are such as none of three keys signed: hs, ed, and rs with the kid "rsa".
func forgedTokens(t *testing.T, hs, ed, rs *authtest.Minter) map[string]refusedToken {
	t.Helper()
	sign := func(m *authtest.Minter, claims, header map[string]any) string {
		return must[string](t)(m.Sign(claims, header))
	}
	good := sign(ed, claims(nil), nil)
	parts := strings.Split(good, ".")
	header := func(alg string, kid any) map[string]any { return map[string]any{"typ": "JWT", "alg": alg, "kid": kid} }
	mallory := segment(t, claims(authtest.Claims{"sub": "mallory"}))
	rsaPEM := must[[]byte](t)(rs.Public())
	rsaDER, _ := pem.Decode(rsaPEM)
	edPEM := must[[]byte](t)(ed.Public())
	flipped := parts[2][:10] + nextInAlphabet(parts[2][10]) + parts[2][11:]

	return map[string]refusedToken{
		"another HS256 key":                       {sign(authtest.NewHS256("hs"), claims(nil), nil), auth.ErrForged},
		"another EdDSA key":                       {sign(authtest.NewEdDSA("ed"), claims(nil), nil), auth.ErrForged},
		"another RS256 key":                       {sign(rsaOther(), claims(nil), nil), auth.ErrForged},
		"another key, no kid":                     {sign(authtest.NewEdDSA(""), claims(nil), nil), auth.ErrForged},
		"another key that also expired":           {sign(authtest.NewEdDSA("ed"), claims(authtest.Claims{"exp": 1}), nil), auth.ErrForged},
		"a kid that is not known":                 {sign(ed, claims(nil), map[string]any{"kid": "x"}), auth.ErrForged},
		"the kid of another key":                  {sign(ed, claims(nil), map[string]any{"kid": "hs"}), auth.ErrForged},
		"alg none, no signature":                  {segment(t, header("none", nil)) + "." + parts[1] + ".", auth.ErrForged},
		"alg none, a signature":                   {segment(t, header("none", "ed")) + "." + parts[1] + "." + parts[2], auth.ErrForged},
		"alg None":                                {segment(t, header("None", nil)) + "." + parts[1] + ".", auth.ErrForged},
		"no alg":                                  {segment(t, map[string]any{"kid": "ed"}) + "." + parts[1] + "." + parts[2], auth.ErrForged},
		"alg a number":                            {segment(t, map[string]any{"alg": 5}) + "." + parts[1] + "." + parts[2], auth.ErrForged},
		"HS256 with the RSA key's PEM":            {hmacToken(t, header("HS256", "rsa"), claims(nil), rsaPEM), auth.ErrForged},
		"HS256 with the RSA key's PEM, no kid":    {hmacToken(t, map[string]any{"alg": "HS256"}, claims(nil), rsaPEM), auth.ErrForged},
		"HS256 with the RSA key's DER":            {hmacToken(t, header("HS256", "rsa"), claims(nil), rsaDER.Bytes), auth.ErrForged},
		"HS256 with the Ed25519 key's PEM":        {hmacToken(t, header("HS256", "ed"), claims(nil), edPEM), auth.ErrForged},
		"HS256 with an empty secret":              {hmacToken(t, header("HS256", "ed"), claims(nil), nil), auth.ErrForged},
		"HS384, which is not taken":               {hmacToken(t, header("HS384", "hs"), claims(nil), nil), auth.ErrForged},
		"EdDSA signature under RS256":             {sign(ed, claims(nil), map[string]any{"alg": "RS256"}), auth.ErrForged},
		"RSA signature under PS256":               {sign(rs, claims(nil), map[string]any{"alg": "PS256"}), auth.ErrForged},
		"another user under a good signature":     {parts[0] + "." + mallory + "." + parts[2], auth.ErrForged},
		"another header under a good signature":   {segment(t, map[string]any{"alg": "EdDSA"}) + "." + parts[1] + "." + parts[2], auth.ErrForged},
		"a signature with a bit flipped":          {parts[0] + "." + parts[1] + "." + flipped, auth.ErrForged},
		"a signature cut short":                   {parts[0] + "." + parts[1] + "." + parts[2][:40], auth.ErrForged},
		"no signature":                            {parts[0] + "." + parts[1] + ".", auth.ErrForged},
		"a key of its own in the header":          {sign(authtest.NewEdDSA(""), claims(nil), map[string]any{"jwk": ed.JWK(), "jku": "https://evil.example"}), auth.ErrForged},
		"an extension that must be understood":    {sign(ed, claims(nil), map[string]any{"crit": []string{"b64"}, "b64": false}), auth.ErrMalformed},
		"a kid that is a number":                  {sign(ed, claims(nil), map[string]any{"kid": 5}), auth.ErrMalformed},
		"a kid that is null":                      {segment(t, header("EdDSA", nil)) + "." + parts[1] + "." + parts[2], auth.ErrMalformed},
		"empty":                                   {"", auth.ErrNoToken},
		"garbage":                                 {"hello", auth.ErrMalformed},
		"two parts":                               {parts[0] + "." + parts[1], auth.ErrMalformed},
		"four parts":                              {good + ".", auth.ErrMalformed},
		"five parts, as of an encrypted token":    {strings.Repeat(parts[0]+".", 4) + parts[0], auth.ErrMalformed},
		"dots":                                    {"..", auth.ErrMalformed},
		"a header that is not base64":             {"!" + good, auth.ErrMalformed},
		"a header that is not JSON":               {"aGVsbG8." + parts[1] + "." + parts[2], auth.ErrMalformed},
		"claims that are not base64":              {parts[0] + ".!." + parts[2], auth.ErrMalformed},
		"claims that are not an object":           {parts[0] + "." + segment(t, "hello") + "." + parts[2], auth.ErrMalformed},
		"a signature that is not base64":          {parts[0] + "." + parts[1] + ".!", auth.ErrMalformed},
		"a signature in base64 that is not clean": {good[:len(good)-1] + nextInAlphabet(good[len(good)-1]), auth.ErrMalformed},
		"huge":                   {sign(ed, claims(authtest.Claims{"x": strings.Repeat("x", 8<<10)}), nil), auth.ErrMalformed},
		"huge garbage":           {strings.Repeat("a.", 50_000), auth.ErrMalformed},
		"bytes that are no text": {"\xff\xfe\x00", auth.ErrMalformed},
	}
}

// TestTokenForged has a server with one key of each algorithm.
func TestTokenForged(t *testing.T) {
	hs, ed, rs := authtest.NewHS256("hs"), authtest.NewEdDSA("ed"), rsaMinter()
	config := config(newClock())
	config.Keys = []auth.KeyFile{
		{Path: keyFile(t, hs, "hs"), ID: "hs"}, {Path: keyFile(t, ed, "ed"), ID: "ed"}, {Path: keyFile(t, rs, "rs"), ID: "rsa"},
	}
	a, log := openLogged(t, config)
	before := log.String()
	for name, test := range forgedTokens(t, hs, ed, rs) {
		t.Run(name, func(t *testing.T) {
			got, err := a.Token(t.Context(), test.token)
			if !errors.Is(err, test.want) || got != (auth.Identity{}) {
				t.Fatalf("%+v, %v, want %v", got, err, test.want)
			}
			wantNoLeak(t, err.Error(), test.token)
		})
	}
	if after := log.String(); after != before {
		t.Errorf("refusals were logged: %s", after[len(before):])
	}
	for name, minter := range map[string]*authtest.Minter{"HS256": hs, "EdDSA": ed, "RS256": rs} {
		if got, err := a.Token(t.Context(), must[string](t)(minter.Sign(claims(nil), nil))); err != nil || got.ID != "alice" {
			t.Errorf("%s: the good one is refused: %v", name, err)
		}
	}
}

// nextInAlphabet differs from a base64url character in the last of its six bits, which in the last character of an Ed25519
// signature is not used.
func nextInAlphabet(char byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, char)^1])
}

func TestTokenLength(t *testing.T) {
	minter := authtest.NewEdDSA("")
	config := config(newClock())
	config.Keys = []auth.KeyFile{{Path: keyFile(t, minter, "key")}}
	fits := must[string](t)(minter.Sign(claims(authtest.Claims{"x": strings.Repeat("x", 600)}), nil))
	config.TokenBytesMax = len(fits)
	a := open(t, config)
	if _, err := a.Token(t.Context(), fits); err != nil {
		t.Errorf("a token of the greatest length: %v", err)
	}
	longer := must[string](t)(minter.Sign(claims(authtest.Claims{"x": strings.Repeat("x", 603)}), nil))
	if _, err := a.Token(t.Context(), longer); !errors.Is(err, auth.ErrMalformed) {
		t.Errorf("a longer token: %v", err)
	}
}

func TestTokenWithoutKeys(t *testing.T) {
	a := open(t, config(newClock()))
	if _, err := a.Token(t.Context(), "x.y.z"); !errors.Is(err, auth.ErrTokensOff) {
		t.Errorf("%v, want %v", err, auth.ErrTokensOff)
	}
	if _, err := a.Token(t.Context(), ""); !errors.Is(err, auth.ErrNoToken) {
		t.Errorf("%v, want %v", err, auth.ErrNoToken)
	}
}

// TestTokenKid has several keys, with and without a kid.
func TestTokenKid(t *testing.T) {
	first, second, unnamed := authtest.NewEdDSA("first"), authtest.NewEdDSA("second"), authtest.NewEdDSA("")
	secret := authtest.NewHS256("first") // the same kid, for another algorithm
	tests := map[string]struct {
		minter *authtest.Minter
		header map[string]any
		want   error
	}{
		"the first":                               {first, nil, nil},
		"the second":                              {second, nil, nil},
		"the secret":                              {secret, nil, nil},
		"the first without its kid":               {first, map[string]any{"kid": nil}, nil},
		"the second with an empty kid":            {second, map[string]any{"kid": ""}, nil},
		"the first under the second's kid":        {first, map[string]any{"kid": "second"}, auth.ErrForged},
		"the first under a kid not known":         {first, map[string]any{"kid": "third"}, auth.ErrForged},
		"the unnamed":                             {unnamed, nil, nil},
		"the unnamed under a kid not known":       {unnamed, map[string]any{"kid": "third"}, nil},
		"the unnamed under the kid of the second": {unnamed, map[string]any{"kid": "second"}, auth.ErrForged},
	}
	config := config(newClock())
	config.Keys = []auth.KeyFile{
		{Path: keyFile(t, unnamed, "unnamed")}, {Path: keyFile(t, first, "first"), ID: "first"},
		{Path: keyFile(t, second, "second"), ID: "second"}, {Path: keyFile(t, secret, "secret"), ID: "first"},
	}
	a := open(t, config)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := a.Token(t.Context(), must[string](t)(test.minter.Sign(claims(nil), test.header)))
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Fatalf("%v, want %v", err, test.want)
			}
		})
	}
}

// TestTokenOfSeveralUnnamedKeys has two keys without a kid, as while an issuer changes its key.
func TestTokenOfSeveralUnnamedKeys(t *testing.T) {
	config := config(newClock())
	minters := []*authtest.Minter{authtest.NewEdDSA(""), authtest.NewEdDSA("")}
	for _, minter := range minters {
		config.Keys = append(config.Keys, auth.KeyFile{Path: keyFile(t, minter, "key")})
	}
	a := open(t, config)
	for _, minter := range minters {
		wantToken(t, a, mint(t, minter, nil), nil)
		wantToken(t, a, mint(t, minter, map[string]any{"kid": "x"}), nil)
	}
	wantToken(t, a, mint(t, authtest.NewEdDSA(""), nil), auth.ErrForged)
}

func TestWarnsOfAnyAudience(t *testing.T) {
	config := config(newClock())
	config.Keys = []auth.KeyFile{{Path: keyFile(t, authtest.NewEdDSA(""), "key")}}
	if _, log := openLogged(t, config); !strings.Contains(log.String(), "whatever audience") {
		t.Errorf("no warning in %s", log)
	}
	config.Audiences = []string{"plywire"}
	if _, log := openLogged(t, config); strings.Contains(log.String(), "audience") {
		t.Errorf("a warning in %s", log)
	}
}
