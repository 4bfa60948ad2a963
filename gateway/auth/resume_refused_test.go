package auth_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/gateway/auth/authtest"
)

func TestResumeForged(t *testing.T) {
	a := open(t, config(newClock()))
	token := a.Issue(auth.NewSession(alice))
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			want := auth.ErrForged
			if i == 0 {
				want = auth.ErrMalformed // the version
			}
			wantRefused(t, a, base64.RawURLEncoding.EncodeToString(changed), want)
		}
	}
	for i := range sealed {
		want := auth.ErrForged
		if i < 33 {
			want = auth.ErrMalformed
		}
		if i == 0 {
			want = auth.ErrNoToken
		}
		wantRefused(t, a, base64.RawURLEncoding.EncodeToString(sealed[:i]), want)
	}
	wantRefused(t, a, base64.RawURLEncoding.EncodeToString(append(sealed, 0)), auth.ErrForged)
	resumed(t, a, token)
}

func TestResumeMalformed(t *testing.T) {
	a := open(t, config(newClock()))
	token := a.Issue(auth.NewSession(auth.Identity{ID: "bobby", Name: "b"})) // 49+17+16 bytes: the last character has bits to spare
	if len(token)%4 == 0 {
		t.Fatal("the token's last character has no bits to spare: give the identity another length")
	}
	for name, test := range map[string]struct {
		token string
		want  error
	}{
		"empty":            {"", auth.ErrNoToken},
		"garbage":          {"hello", auth.ErrMalformed},
		"not base64url":    {token[:20] + "+/" + token[22:], auth.ErrMalformed},
		"padded":           {token + "==", auth.ErrMalformed},
		"a line break":     {token[:20] + "\n" + token[20:], auth.ErrMalformed},
		"a return":         {token + "\r", auth.ErrMalformed},
		"bits to spare":    {token[:len(token)-1] + nextInAlphabet(token[len(token)-1]), auth.ErrMalformed},
		"a JWT":            {must[string](t)(authtest.NewHS256("").Mint("alice", "", start)), auth.ErrMalformed},
		"zeros":            {base64.RawURLEncoding.EncodeToString(make([]byte, 100)), auth.ErrMalformed},
		"long":             {strings.Repeat("A", 2049), auth.ErrMalformed},
		"bytes not a text": {"\xff\xfe", auth.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) { wantRefused(t, a, test.token, test.want) })
	}
	resumed(t, a, token)
}

func TestTooManySessions(t *testing.T) {
	c := newClock()
	config := config(c)
	config.ResumeSessionsMax = 3
	a, log := openLogged(t, config)
	var replaced, used []string
	resume := func() {
		token := a.Issue(auth.NewSession(auth.NewGuest()))
		next := a.Issue(resumed(t, a, token))
		resumed(t, a, next)
		replaced, used = append(replaced, token), append(used, next)
	}
	for range 3 {
		resume()
	}
	resumed(t, a, used[0]) // so that the second is the oldest
	if log.String() != "" {
		t.Fatalf("logged before it is full: %s", log)
	}
	resume()
	for _, i := range []int{0, 2, 3} {
		wantRefused(t, a, replaced[i], auth.ErrReplaced)
	}
	resumed(t, a, replaced[1])
	if warnings := strings.Count(log.String(), "more sessions are resumed than are remembered"); warnings != 1 {
		t.Errorf("%d warnings, want 1: %s", warnings, log)
	}
	for _, want := range []int{1, 2} { // one an hour
		c.pass(40 * time.Minute)
		resume()
		if warnings := strings.Count(log.String(), "\n"); warnings != want {
			t.Errorf("%d warnings, want %d", warnings, want)
		}
	}
}

func TestNothingSecretIsLogged(t *testing.T) {
	secret := must[[]byte](t)(authtest.NewHS256("").Public())
	text := []byte(base64.StdEncoding.EncodeToString(secret))
	config := config(newClock())
	config.ResumeKeys = nil
	path := t.TempDir() + "/resume.key"
	config.ResumeKeyFiles = []string{path}
	config.Keys = []auth.KeyFile{{Path: file(t, "secret.b64", text)}}
	config.ResumeSessionsMax = 1
	a, log := openLogged(t, config)
	jwt := must[string](t)(must[*authtest.Minter](t)(authtest.New("", secret)).Mint("alice", "", start.Add(time.Hour)))
	identity, err := a.Token(t.Context(), jwt)
	if err != nil {
		t.Fatal(err)
	}
	tokens := []string{a.Issue(auth.NewSession(identity)), a.Issue(auth.NewSession(identity))}
	for _, token := range tokens {
		resumed(t, a, token)
	}
	key, err := auth.LoadOrCreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "more sessions") {
		t.Fatalf("the log is not whole: %s", log)
	}
	for _, never := range append(tokens, jwt, string(text), string(secret), base64.StdEncoding.EncodeToString(key)) {
		wantNoLeak(t, log.String(), never)
	}
}
