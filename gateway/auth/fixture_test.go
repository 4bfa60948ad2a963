package auth_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/gateway/auth/authtest"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is when all tests with a clock of their own begin.
var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// clock is a time that a test moves. It is safe for concurrent use.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: start} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// logged collects what is logged. It is safe for concurrent use.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// nop logs nothing.
var nop = zerolog.Nop()

var resumeKey = []byte("0123456789abcdefghijklmnopqrstuv")

// config is the default with a given resume key and clock.
func config(c *clock) auth.Config {
	config := auth.DefaultConfig()
	config.Now = c.now
	config.ResumeKeyFiles, config.ResumeKeys = nil, [][]byte{resumeKey}
	return config
}

func open(t *testing.T, config auth.Config) *auth.Authenticator {
	t.Helper()
	a, _ := openLogged(t, config)
	return a
}

func openLogged(t *testing.T, config auth.Config) (*auth.Authenticator, *logged) {
	t.Helper()
	log := &logged{}
	a, err := auth.New(t.Context(), config, zerolog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a, log
}

func must[T any](t *testing.T) func(value T, err error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// keyFile writes the minter's key to a file with that name.
func keyFile(t *testing.T, m *authtest.Minter, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := m.WriteKey(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func file(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// RSA keys take a while to make: all tests share these.
var (
	rsaMinter = sync.OnceValue(func() *authtest.Minter { return mustRSA(2048) })
	rsaOther  = sync.OnceValue(func() *authtest.Minter { return mustRSA(2048) })
	rsaWeak   = sync.OnceValue(func() *authtest.Minter { return mustRSA(1024) })
)

func mustRSA(bits int) *authtest.Minter {
	m, err := authtest.NewRS256("rsa", bits)
	if err != nil {
		panic(err)
	}
	return m
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// derOf is the PKIX form of the minter's public key.
func derOf(t *testing.T, m *authtest.Minter) []byte {
	t.Helper()
	block, _ := pem.Decode(must[[]byte](t)(m.Public()))
	return block.Bytes
}

func ed25519PrivatePEM(t *testing.T) []byte {
	t.Helper()
	der := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))))
	return pemOf("PRIVATE KEY", der)
}

// wantNoLeak fails if the text holds any piece of the secret that is long enough to be no chance.
func wantNoLeak(t *testing.T, text, secret string) {
	t.Helper()
	const piece = 12
	for i := 0; i+piece <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+piece]) {
			t.Fatalf("%q is part of a secret and of %q", secret[i:i+piece], text)
		}
	}
}
