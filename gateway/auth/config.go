package auth

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"
)

// Config configures who is let in. Start from DefaultConfig.
type Config struct {
	Keys []KeyFile // keys that tokens may be signed with

	JWKSURL     string        // of a JSON Web Key Set (RFC 7517) with more such keys: https, or http to this machine itself
	JWKSRefresh time.Duration // between fetches of the key set
	JWKSUnknown time.Duration // the least between fetches that tokens with an unknown kid cause
	JWKSTimeout time.Duration // for one fetch

	Issuer        string        // the iss that tokens must have; empty: any
	Audiences     []string      // tokens must have one of these as aud; empty: any
	Leeway        time.Duration // by which the issuer's clock may differ from ours
	TokenBytesMax int           // a longer token is refused unread

	Guests bool // whether somebody without a token is let in

	// Keys of 32 bytes that seal resume tokens. The first of all seals, ResumeKeys before ResumeKeyFiles; the others open
	// what was sealed before a change of key. Nodes of one cluster share them.
	ResumeKeys        [][]byte
	ResumeKeyFiles    []string // see LoadOrCreateKey; the first is created when missing
	ResumeTTL         time.Duration
	ResumeSessionsMax int // sessions whose replaced tokens are remembered; one takes about 100 bytes

	Now func() time.Time // nil: time.Now
}

// KeyFile names a file with one key that tokens may be signed with. What it holds fixes the algorithm:
//
//   - PEM, a block PUBLIC KEY (PKIX) or RSA PUBLIC KEY (PKCS #1): RS256 or EdDSA (Ed25519), as the key is.
//   - Otherwise, in a file whose name ends in .b64 or .base64: a secret for HS256, in base64 of either alphabet.
//   - Otherwise: a secret for HS256, as it is; if all of it is printable ASCII, without the newline at its end.
//
// Private keys, certificates, and public keys in any other form than PEM are refused, so that no public key is ever taken
// for a secret. (32 raw bytes of an Ed25519 key cannot be told from a secret: use PEM.)
type KeyFile struct {
	Path string
	ID   string // the kid of tokens signed with it; empty: of tokens whose kid names no other key
}

// Bounds of what can be configured.
const (
	leewayMax         = 5 * time.Minute
	tokenBytesMin     = 512
	tokenBytesMost    = 64 << 10
	resumeTTLMin      = time.Minute
	resumeTTLMost     = 30 * 24 * time.Hour
	resumeKeysMost    = 8
	resumeKeyLen      = 32
	keyFilesMost      = 64
	sessionsMost      = 100_000_000
	jwksRefreshMin    = time.Second
	keyIDBytesMax     = 256
	jwksTimeoutMin    = 10 * time.Millisecond
	jwksTimeoutMost   = time.Minute
	jwksRefreshMost   = 7 * 24 * time.Hour
	audiencesMost     = 64
	issuerBytesMost   = 1024
	audienceBytesMost = 1024
)

// DefaultConfig lets guests in and takes no tokens.
func DefaultConfig() Config {
	return Config{
		JWKSRefresh: 15 * time.Minute, JWKSUnknown: 10 * time.Second, JWKSTimeout: 5 * time.Second,
		Leeway: 30 * time.Second, TokenBytesMax: 8 << 10,
		Guests:         true,
		ResumeKeyFiles: []string{"data/resume.key"}, ResumeTTL: 24 * time.Hour, ResumeSessionsMax: 200_000,
	}
}

// Validate reports every fault at once. It reads no file.
func (c Config) Validate() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	need(c.Guests || c.takesTokens(), "guests are off and there is no key for tokens: nobody could come in")
	c.validateTokens(need)
	if c.JWKSURL != "" {
		c.validateJWKS(need)
	}
	c.validateResume(need)
	return errors.Join(faults...)
}

func (c Config) takesTokens() bool { return len(c.Keys) > 0 || c.JWKSURL != "" }

func (c Config) validateTokens(need func(ok bool, format string, args ...any)) {
	need(len(c.Keys) <= keyFilesMost, "there are %d key files, at most %d are read", len(c.Keys), keyFilesMost)
	paths := map[string]bool{}
	for _, file := range c.Keys {
		need(file.Path != "", "a key file has no path")
		need(!paths[file.Path] || file.Path == "", "key file %s is named twice", file.Path)
		need(len(file.ID) <= keyIDBytesMax, "the kid of key file %s has %d bytes, at most %d are read", file.Path, len(file.ID), keyIDBytesMax)
		paths[file.Path] = true
	}
	need(c.takesTokens() || c.Issuer == "" && len(c.Audiences) == 0,
		"an issuer or audience is demanded of tokens, but there is no key to check tokens with")
	need(len(c.Issuer) <= issuerBytesMost, "the issuer has %d bytes, want at most %d", len(c.Issuer), issuerBytesMost)
	need(len(c.Audiences) <= audiencesMost, "there are %d audiences, want at most %d", len(c.Audiences), audiencesMost)
	for _, audience := range c.Audiences {
		need(audience != "" && len(audience) <= audienceBytesMost, "an audience has %d bytes, want 1 to %d", len(audience), audienceBytesMost)
	}
	need(c.Leeway >= 0 && c.Leeway <= leewayMax, "leeway is %v, want 0s to %v", c.Leeway, leewayMax)
	need(c.TokenBytesMax >= tokenBytesMin && c.TokenBytesMax <= tokenBytesMost, "bytes of a token are at most %d, want %d to %d",
		c.TokenBytesMax, tokenBytesMin, tokenBytesMost)
}

func (c Config) validateJWKS(need func(ok bool, format string, args ...any)) {
	if err := checkJWKSURL(c.JWKSURL); err != nil {
		need(false, "JWKS URL: %w", err)
	}
	need(c.JWKSTimeout >= jwksTimeoutMin && c.JWKSTimeout <= jwksTimeoutMost, "JWKS timeout is %v, want %v to %v",
		c.JWKSTimeout, jwksTimeoutMin, jwksTimeoutMost)
	need(c.JWKSRefresh >= jwksRefreshMin && c.JWKSRefresh <= jwksRefreshMost, "JWKS refresh is %v, want %v to %v",
		c.JWKSRefresh, jwksRefreshMin, jwksRefreshMost)
	need(c.JWKSRefresh > c.JWKSTimeout, "JWKS refresh %v is not longer than the JWKS timeout %v", c.JWKSRefresh, c.JWKSTimeout)
	need(c.JWKSUnknown > 0 && c.JWKSUnknown <= c.JWKSRefresh, "JWKS fetches for an unknown kid are %v apart, want more than 0s and at most the JWKS refresh %v",
		c.JWKSUnknown, c.JWKSRefresh)
}

func (c Config) validateResume(need func(ok bool, format string, args ...any)) {
	keys := len(c.ResumeKeys) + len(c.ResumeKeyFiles)
	need(keys > 0, "there is no key for resume tokens")
	need(keys <= resumeKeysMost, "there are %d keys for resume tokens, at most %d are taken", keys, resumeKeysMost)
	for i, key := range c.ResumeKeys {
		if err := checkResumeKey(key); err != nil {
			need(false, "resume key %d: %w", i+1, err)
		}
	}
	for _, path := range c.ResumeKeyFiles {
		need(path != "", "a resume key file has no path")
	}
	need(c.ResumeTTL >= resumeTTLMin && c.ResumeTTL <= resumeTTLMost, "resume tokens are good for %v, want %v to %v",
		c.ResumeTTL, resumeTTLMin, resumeTTLMost)
	need(c.ResumeSessionsMax > 0 && c.ResumeSessionsMax <= sessionsMost, "sessions remembered are %d, want 1 to %d",
		c.ResumeSessionsMax, sessionsMost)
}

// checkJWKSURL takes https, and http only where nobody can sit in between. Its errors do not repeat the URL, which may
// hold a password.
func checkJWKSURL(text string) error {
	address, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("is not a URL")
	case address.Hostname() == "":
		return errors.New("names no host")
	case address.User != nil:
		return errors.New("holds a user name: key sets are public, leave it out")
	case address.Scheme == "https":
		return nil
	case address.Scheme != "http":
		return fmt.Errorf("begins with %.20q, want https", address.Scheme+":")
	case !isLoopback(address.Hostname()):
		return errors.New("is http to another machine, where keys could be exchanged on the way: use https")
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
