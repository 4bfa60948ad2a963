package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/rs/zerolog"
)

func TestDefaultConfigIsValid(t *testing.T) {
	if err := auth.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}

func withURL(url string) func(*auth.Config) { return func(c *auth.Config) { c.JWKSURL = url } }

func withJWKS(change func(*auth.Config)) func(*auth.Config) {
	return func(c *auth.Config) { c.JWKSURL = "https://login.example/jwks"; change(c) }
}

var configTests = map[string]struct {
	change func(*auth.Config)
	want   string // part of the message; empty: valid
}{
	"https":                      {withURL("https://login.example/jwks?tenant=7"), ""},
	"http to localhost":          {withURL("http://localhost:8080/jwks"), ""},
	"http to 127.0.0.1":          {withURL("http://127.0.0.1:8080/jwks"), ""},
	"http to another of 127/8":   {withURL("http://127.8.8.8/jwks"), ""},
	"http to ::1":                {withURL("http://[::1]:8080/jwks"), ""},
	"http to another machine":    {withURL("http://login.example/jwks"), "use https"},
	"http to a private address":  {withURL("http://10.0.0.1/jwks"), "use https"},
	"http to a lookalike":        {withURL("http://localhost.example/jwks"), "use https"},
	"http to 127 as a name":      {withURL("http://127.0.0.1.example/jwks"), "use https"},
	"a file":                     {withURL("file:///etc/keys"), "names no host"},
	"another scheme":             {withURL("ftp://login.example/jwks"), `"ftp:", want https`},
	"no scheme":                  {withURL("login.example/jwks"), "names no host"},
	"no URL":                     {withURL("https://%zz"), "is not a URL"},
	"a password":                 {withURL("https://alice:sesame@login.example/jwks"), "user name"},
	"guests off, no keys":        {func(c *auth.Config) { c.Guests = false }, "nobody could come in"},
	"guests off, a key":          {func(c *auth.Config) { c.Guests = false; c.Keys = []auth.KeyFile{{Path: "k"}} }, ""},
	"a key without a path":       {func(c *auth.Config) { c.Keys = []auth.KeyFile{{}} }, "no path"},
	"a key file twice":           {func(c *auth.Config) { c.Keys = []auth.KeyFile{{Path: "k"}, {Path: "k", ID: "a"}} }, "k is named twice"},
	"a long kid":                 {func(c *auth.Config) { c.Keys = []auth.KeyFile{{Path: "k", ID: strings.Repeat("a", 257)}} }, "257 bytes"},
	"many key files":             {func(c *auth.Config) { c.Keys = make([]auth.KeyFile, 65) }, "65 key files"},
	"an issuer without keys":     {func(c *auth.Config) { c.Issuer = "x" }, "no key to check tokens with"},
	"an audience without keys":   {func(c *auth.Config) { c.Audiences = []string{"x"} }, "no key to check tokens with"},
	"a long issuer":              {withJWKS(func(c *auth.Config) { c.Issuer = strings.Repeat("a", 1025) }), "1025 bytes"},
	"an empty audience":          {withJWKS(func(c *auth.Config) { c.Audiences = []string{""} }), "0 bytes, want 1 to 1024"},
	"many audiences":             {withJWKS(func(c *auth.Config) { c.Audiences = strings.Split(strings.Repeat("a ", 64)+"a", " ") }), "65 audiences"},
	"a negative leeway":          {func(c *auth.Config) { c.Leeway = -1 }, "leeway is -1ns"},
	"a long leeway":              {func(c *auth.Config) { c.Leeway = 6 * time.Minute }, "leeway is 6m0s"},
	"no leeway":                  {func(c *auth.Config) { c.Leeway = 0 }, ""},
	"tokens of nothing":          {func(c *auth.Config) { c.TokenBytesMax = 511 }, "at most 511, want 512"},
	"tokens without end":         {func(c *auth.Config) { c.TokenBytesMax = 1 << 20 }, "want 512 to 65536"},
	"no timeout":                 {withJWKS(func(c *auth.Config) { c.JWKSTimeout = 0 }), "JWKS timeout is 0s"},
	"a long timeout":             {withJWKS(func(c *auth.Config) { c.JWKSTimeout = 2 * time.Minute }), "JWKS timeout is 2m0s"},
	"no refresh":                 {withJWKS(func(c *auth.Config) { c.JWKSRefresh = 0 }), "JWKS refresh is 0s"},
	"a late refresh":             {withJWKS(func(c *auth.Config) { c.JWKSRefresh = 8 * 24 * time.Hour }), "JWKS refresh is 192h0m0s"},
	"a refresh within a fetch":   {withJWKS(func(c *auth.Config) { c.JWKSRefresh, c.JWKSUnknown = 5*time.Second, time.Second }), "not longer than the JWKS timeout 5s"},
	"unknown kids without bound": {withJWKS(func(c *auth.Config) { c.JWKSUnknown = 0 }), "unknown kid are 0s apart"},
	"unknown kids too rarely":    {withJWKS(func(c *auth.Config) { c.JWKSUnknown = time.Hour }), "at most the JWKS refresh 15m0s"},
	"no resume key":              {func(c *auth.Config) { c.ResumeKeyFiles = nil }, "no key for resume tokens"},
	"many resume keys":           {func(c *auth.Config) { c.ResumeKeyFiles = strings.Split("abcdefghi", "") }, "9 keys for resume tokens"},
	"a short resume key":         {func(c *auth.Config) { c.ResumeKeys = [][]byte{resumeKey, resumeKey[:31]} }, "resume key 2: has 31 bytes, want 32"},
	"a resume key of zeros":      {func(c *auth.Config) { c.ResumeKeys = [][]byte{make([]byte, 32)} }, "resume key 1: is the same byte"},
	"a resume file not named":    {func(c *auth.Config) { c.ResumeKeyFiles = []string{""} }, "no path"},
	"a short life":               {func(c *auth.Config) { c.ResumeTTL = time.Second }, "good for 1s"},
	"a long life":                {func(c *auth.Config) { c.ResumeTTL = 31 * 24 * time.Hour }, "good for 744h0m0s"},
	"no session remembered":      {func(c *auth.Config) { c.ResumeSessionsMax = 0 }, "sessions remembered are 0"},
	"sessions without end":       {func(c *auth.Config) { c.ResumeSessionsMax = 1 << 40 }, "want 1 to 100000000"},
}

func TestConfigFaults(t *testing.T) {
	for name, test := range configTests {
		t.Run(name, func(t *testing.T) {
			config := auth.DefaultConfig()
			test.change(&config)
			err := config.Validate()
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("%v, want one with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "sesame") {
				t.Error("the password is said")
			}
		})
	}
}

func TestConfigSaysAllFaults(t *testing.T) {
	_, err := auth.New(t.Context(), auth.Config{JWKSURL: "ftp://x"}, zerolog.Nop())
	if err == nil {
		t.Fatal("the zero value is valid")
	}
	for _, want := range []string{"bytes of a token", "JWKS URL", "JWKS timeout", "JWKS refresh", "unknown kid", "no key for resume", "resume tokens are good", "sessions remembered"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in: %v", want, err)
		}
	}
}
