package auth_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/gateway/auth/authtest"
)

// alice is as a token would tell her, good for an hour from the start.
var alice = auth.Identity{ID: "alice", Name: "Älice ☃", Expires: start.Add(time.Hour)}

func resumed(t *testing.T, a *auth.Authenticator, token string) auth.Session {
	t.Helper()
	session, err := a.Resume(token)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func wantRefused(t *testing.T, a *auth.Authenticator, token string, want error) {
	t.Helper()
	session, err := a.Resume(token)
	if !errors.Is(err, want) || session != (auth.Session{}) {
		t.Fatalf("%+v, %v, want %v", session, err, want)
	}
	wantNoLeak(t, err.Error(), token)
}

func TestResume(t *testing.T) {
	for name, identity := range map[string]auth.Identity{"a user": alice, "a guest": auth.NewGuest()} {
		t.Run(name, func(t *testing.T) {
			a := open(t, config(newClock()))
			session := auth.NewSession(identity)
			token := a.Issue(session)
			wantNoLeak(t, token, base64.RawURLEncoding.EncodeToString([]byte(identity.ID+"            ")))
			for range 5 {
				got := resumed(t, a, token)
				if got.ID != session.ID || got.Identity != identity {
					t.Fatalf("%+v, want %+v", got, session)
				}
				replacement := a.Issue(got)
				if replacement == token {
					t.Fatal("the token is not replaced")
				}
				resumed(t, a, replacement)
				wantRefused(t, a, token, auth.ErrReplaced)
				token = replacement
			}
		})
	}
}

func TestSessionIDs(t *testing.T) {
	first, second := auth.NewSession(alice), auth.NewSession(alice)
	if first.ID == second.ID || first.ID == (auth.SessionID{}) {
		t.Errorf("%v and %v, want two ids", first.ID, second.ID)
	}
	if id := (auth.SessionID{0xab, 15: 0x01}).String(); id != "ab000000000000000000000000000001" {
		t.Errorf("an id is written %s", id)
	}
}

// TestLostWelcome has a client whose connection broke before the welcome with its new token reached it, twice.
func TestLostWelcome(t *testing.T) {
	for name, arrives := range map[string]int{"the last arrives": 2, "the first arrives, late": 0} {
		t.Run(name, func(t *testing.T) {
			a := open(t, config(newClock()))
			token := a.Issue(auth.NewSession(alice))
			var sent []string
			for range 3 {
				sent = append(sent, a.Issue(resumed(t, a, token)))
			}
			resumed(t, a, token) // still good: nobody has used what replaces it

			next := a.Issue(resumed(t, a, sent[arrives]))
			wantRefused(t, a, token, auth.ErrReplaced)
			for i, lost := range sent {
				if i != arrives { // somebody else has it, or nobody
					wantRefused(t, a, lost, auth.ErrReplaced)
				}
			}
			resumed(t, a, sent[arrives]) // its own welcome may be lost in turn
			resumed(t, a, next)
			wantRefused(t, a, sent[arrives], auth.ErrReplaced)
		})
	}
}

// TestStolenToken has two who hold the same token: they cannot both go on.
func TestStolenToken(t *testing.T) {
	a := open(t, config(newClock()))
	token := a.Issue(auth.NewSession(alice))
	thief, owner := a.Issue(resumed(t, a, token)), a.Issue(resumed(t, a, token))
	owner = a.Issue(resumed(t, a, owner))
	wantRefused(t, a, thief, auth.ErrReplaced)
	resumed(t, a, owner)
}

func TestResumeExpires(t *testing.T) {
	c := newClock()
	config := config(c)
	config.ResumeTTL = 10 * time.Hour
	a := open(t, config)
	guest := auth.NewSession(auth.NewGuest())
	token := a.Issue(guest)
	for range 5 { // it goes on as long as it is used
		c.pass(10*time.Hour - time.Millisecond)
		token = a.Issue(resumed(t, a, token))
	}
	c.pass(10 * time.Hour)
	wantRefused(t, a, token, auth.ErrExpired)
}

func TestResumeEndsWithTheIdentity(t *testing.T) {
	c := newClock()
	a := open(t, config(c))
	token := a.Issue(auth.NewSession(alice))
	c.pass(time.Hour - time.Millisecond)
	session := resumed(t, a, token)
	fresh := a.Issue(session)
	c.pass(time.Millisecond)
	wantRefused(t, a, token, auth.ErrExpired)
	wantRefused(t, a, fresh, auth.ErrExpired)
	wantRefused(t, a, a.Issue(session), auth.ErrExpired)

	session.Identity.Expires = c.now().Add(time.Minute) // the same user came with a newer token
	if got := resumed(t, a, a.Issue(session)); got.ID != session.ID || got.Identity != session.Identity {
		t.Errorf("%+v, want %+v", got, session)
	}
}

// TestResumeOfATokensIdentity goes the whole way from a JWT.
func TestResumeOfATokensIdentity(t *testing.T) {
	c := newClock()
	config := config(c)
	minter := authtest.NewEdDSA("")
	config.Keys = []auth.KeyFile{{Path: keyFile(t, minter, "key")}}
	a := open(t, config)
	identity, err := a.Token(t.Context(), must[string](t)(minter.Mint("bob", "Bob", start.Add(time.Hour))))
	if err != nil {
		t.Fatal(err)
	}
	token := a.Issue(auth.NewSession(identity))
	if got := resumed(t, a, token); got.Identity != identity {
		t.Errorf("%+v, want %+v", got.Identity, identity)
	}
	c.pass(time.Hour + 30*time.Second)
	wantRefused(t, a, token, auth.ErrExpired)
}

// TestLongestIdentity has one of the greatest length in bytes.
func TestLongestIdentity(t *testing.T) {
	minter := authtest.NewEdDSA("")
	config := config(newClock())
	config.Keys = []auth.KeyFile{{Path: keyFile(t, minter, "key")}}
	a := open(t, config)
	long := strings.Repeat("\U0001F600", 128)
	identity, err := a.Token(t.Context(), must[string](t)(minter.Mint(long, long, start.Add(time.Hour))))
	if err != nil || len(identity.ID) != 512 || len(identity.Name) != 256 {
		t.Fatalf("%+v, %v", identity, err)
	}
	token := a.Issue(auth.NewSession(identity))
	if got := resumed(t, a, token); got.Identity != identity {
		t.Errorf("%+v, want %+v", got.Identity, identity)
	}
	if len(token) > 1200 {
		t.Errorf("the longest resume token has %d bytes, want at most 1200", len(token))
	}
}

func TestResumeKeyRotation(t *testing.T) {
	older, newer := bytes.Repeat([]byte("ab"), 16), bytes.Repeat([]byte("cd"), 16)
	with := func(keys ...[]byte) *auth.Authenticator {
		config := config(newClock())
		config.ResumeKeys = keys
		return open(t, config)
	}
	token := with(older).Issue(auth.NewSession(alice))
	both := with(newer, older)
	fresh := both.Issue(resumed(t, both, token))
	wantRefused(t, with(newer), token, auth.ErrForged)
	wantRefused(t, with(older), fresh, auth.ErrForged)
	resumed(t, with(newer), fresh)

	// The caller may overwrite the keys that it handed in.
	key := bytes.Clone(newer)
	own := with(key)
	clear(key)
	resumed(t, own, fresh)
}

func TestResumeKeysOfFiles(t *testing.T) {
	path := t.TempDir() + "/resume.key"
	with := func(files []string, keys ...[]byte) *auth.Authenticator {
		config := config(newClock())
		config.ResumeKeyFiles, config.ResumeKeys = files, keys
		return open(t, config)
	}
	token := with([]string{path}).Issue(auth.NewSession(alice))
	resumed(t, with([]string{path}), token) // the file was created, and kept

	old := file(t, "old.key", resumeKey)
	both := with([]string{path, old})
	resumed(t, both, token)
	resumed(t, both, with(nil, resumeKey).Issue(auth.NewSession(alice)))
	resumed(t, with([]string{path}), both.Issue(auth.NewSession(alice)))

	given := with([]string{path}, resumeKey) // the given one is the first
	resumed(t, with(nil, resumeKey), given.Issue(auth.NewSession(alice)))
}

// TestRestart: a token works after the server was killed. What was replaced before that is good again, until the server
// sees what replaced it.
func TestRestart(t *testing.T) {
	c := newClock()
	before := open(t, config(c))
	first := before.Issue(auth.NewSession(alice))
	second := before.Issue(resumed(t, before, first))
	third := before.Issue(resumed(t, before, second))
	wantRefused(t, before, first, auth.ErrReplaced)

	after := open(t, config(c))
	resumed(t, after, first)
	resumed(t, after, third)
	wantRefused(t, after, first, auth.ErrReplaced)
	wantRefused(t, after, second, auth.ErrReplaced)

	c.pass(24 * time.Hour)
	wantRefused(t, open(t, config(c)), third, auth.ErrExpired)
}

// TestTwoNodes share the key, and a client goes to and fro between them while welcomes are lost.
func TestTwoNodes(t *testing.T) {
	c := newClock()
	a, b := open(t, config(c)), open(t, config(c))
	token := a.Issue(auth.NewSession(alice))
	for range 4 {
		for range 3 {
			a.Issue(resumed(t, a, token))
		}
		fromB := b.Issue(resumed(t, b, token))
		b.Issue(resumed(t, b, fromB))
		fromA := a.Issue(resumed(t, a, fromB)) // although a has issued others meanwhile
		wantRefused(t, a, token, auth.ErrReplaced)
		resumed(t, b, fromA)
		wantRefused(t, b, fromB, auth.ErrReplaced)
		token = fromA
	}
}

func TestGuestsAreNotResumedWhenOff(t *testing.T) {
	c := newClock()
	guest := open(t, config(c)).Issue(auth.NewSession(auth.NewGuest()))
	user := open(t, config(c)).Issue(auth.NewSession(alice))
	off := config(c)
	off.Guests = false
	off.Keys = []auth.KeyFile{{Path: keyFile(t, authtest.NewEdDSA(""), "key")}}
	a := open(t, off)
	wantRefused(t, a, guest, auth.ErrGuestsOff)
	resumed(t, a, user)
}

// TestResumeAtOnce has the same token used by many, while it is replaced.
func TestResumeAtOnce(t *testing.T) {
	config := config(newClock())
	config.ResumeSessionsMax = 8
	a := open(t, config)
	session := auth.NewSession(alice)
	token := a.Issue(session)
	next := a.Issue(resumed(t, a, token))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if _, err := a.Resume(token); err != nil && !errors.Is(err, auth.ErrReplaced) {
					t.Error(err)
				}
				if got, err := a.Resume(next); err != nil || got.ID != session.ID {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	wantRefused(t, a, token, auth.ErrReplaced)
}

func BenchmarkResume(b *testing.B) {
	config := config(newClock())
	a, err := auth.New(b.Context(), config, nop)
	if err != nil {
		b.Fatal(err)
	}
	token := a.Issue(auth.NewSession(alice))
	b.ReportAllocs()
	for b.Loop() {
		session, err := a.Resume(token)
		if err != nil {
			b.Fatal(err)
		}
		token = a.Issue(session)
	}
}
