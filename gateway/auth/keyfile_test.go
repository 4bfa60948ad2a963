package auth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/gateway/auth/authtest"
	"github.com/rs/zerolog"
)

// TestKeyFileKinds reads keys in every form that is taken.
func TestKeyFileKinds(t *testing.T) {
	secret := must[[]byte](t)(authtest.NewHS256("").Public())
	binary := append(bytes.Clone(secret[:63]), '\n') // a newline that is part of it
	text := []byte(strings.Repeat("correct horse battery ", 2))
	pkcs1 := x509.MarshalPKCS1PublicKey(must[any](t)(x509.ParsePKIXPublicKey(derOf(t, rsaMinter()))).(*rsa.PublicKey))
	ed := authtest.NewEdDSA("")
	edPEM := must[[]byte](t)(ed.Public())
	hs := func(secret []byte) *authtest.Minter { return must[*authtest.Minter](t)(authtest.New("", secret)) }
	std := base64.StdEncoding.EncodeToString(secret)

	tests := map[string]struct {
		name    string
		content []byte
		minter  *authtest.Minter
		alg     string
	}{
		"RSA, PKIX":                     {"k.pem", must[[]byte](t)(rsaMinter().Public()), rsaMinter(), "RS256"},
		"RSA, PKCS #1":                  {"k", pemOf("RSA PUBLIC KEY", pkcs1), rsaMinter(), "RS256"},
		"Ed25519":                       {"k", edPEM, ed, "EdDSA"},
		"Ed25519 in a file of secrets":  {"k.b64", edPEM, ed, "EdDSA"},
		"PEM behind words":              {"k", append([]byte("the key of 2026\n"), edPEM...), ed, "EdDSA"},
		"PEM behind a byte order mark":  {"k", append([]byte("\uFEFF"), edPEM...), ed, "EdDSA"},
		"PEM of Windows":                {"k", bytes.ReplaceAll(edPEM, []byte("\n"), []byte("\r\n")), ed, "EdDSA"},
		"secret, raw":                   {"k", secret, hs(secret), "HS256"},
		"secret, raw, ends in newline":  {"k", binary, hs(binary), "HS256"},
		"secret, raw, of 32 bytes":      {"k", secret[:32], hs(secret[:32]), "HS256"},
		"secret, text":                  {"k", text, hs(text), "HS256"},
		"secret, text and newline":      {"k", append(bytes.Clone(text), '\n'), hs(text), "HS256"},
		"secret, text, Windows newline": {"k", append(bytes.Clone(text), '\r', '\n'), hs(text), "HS256"},
		"secret, base64 not so named":   {"k", []byte(std), hs([]byte(std)), "HS256"},
		"secret, base64":                {"k.b64", []byte(std + "\n"), hs(secret), "HS256"},
		"secret, base64 in lines":       {"k.BASE64", []byte(std[:40] + "\n" + std[40:] + "\n"), hs(secret), "HS256"},
		"secret, base64url":             {"k.base64", []byte(base64.RawURLEncoding.EncodeToString(secret)), hs(secret), "HS256"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			config := config(newClock())
			config.Keys = []auth.KeyFile{{Path: file(t, test.name, test.content)}}
			a, log := openLogged(t, config)
			if _, err := a.Token(t.Context(), must[string](t)(test.minter.Mint("alice", "", start.Add(time.Hour)))); err != nil {
				t.Errorf("its token is refused: %v", err)
			}
			if !strings.Contains(log.String(), `"alg":"`+test.alg+`"`) {
				t.Errorf("the log does not say %s: %s", test.alg, log)
			}
			if test.alg == "HS256" {
				wantNoLeak(t, log.String(), string(test.content))
			}
		})
	}
}

type badKeyFile struct {
	name    string
	content []byte
	want    string // part of the message
}

// badKeyFiles must not be taken for keys, and above all no public key for a secret.
func badKeyFiles(t *testing.T) map[string]badKeyFile {
	t.Helper()
	rsaDER, edDER := derOf(t, rsaMinter()), derOf(t, authtest.NewEdDSA(""))
	rsaKey := must[any](t)(x509.ParsePKIXPublicKey(rsaDER)).(*rsa.PublicKey)
	pkcs1 := x509.MarshalPKCS1PublicKey(rsaKey)
	rsaPrivate := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 1024))
	ecPrivate := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ecDER := must[[]byte](t)(x509.MarshalPKIXPublicKey(ecPrivate.Public()))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: start}
	edPrivate := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32))
	certificate := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, edPrivate.Public(), edPrivate))
	edPEM := pemOf("PUBLIC KEY", edDER)
	evenExponent := x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: rsaKey.N, E: 65536})
	large := x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 8192), E: 65537})
	utf16 := []byte{0xff, 0xfe}
	for _, b := range edPEM {
		utf16 = append(utf16, b, 0)
	}
	lines := func(der []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(der) + "\n") }

	return map[string]badKeyFile{
		"empty":                           {"k", nil, "secret of 0 bytes"},
		"a secret of 31 bytes":            {"k", must[[]byte](t)(authtest.NewHS256("").Public())[:31], "secret of 31 bytes"},
		"a secret of 31 characters":       {"k", []byte("abcdefghijklmnopqrstuvwxyz01234\n"), "secret of 31 bytes"},
		"a short secret in base64":        {"k.b64", lines(bytes.Repeat([]byte("ab"), 15)), "secret of 30 bytes"},
		"a placeholder":                   {"k", bytes.Repeat([]byte("x"), 64), "same byte all over"},
		"zeros":                           {"k", make([]byte, 64), "same byte all over"},
		"no base64 under that name":       {"k.b64", []byte("correct horse battery staple, again!"), "not base64"},
		"an RSA key of 1024 bits":         {"k", must[[]byte](t)(rsaWeak().Public()), "1024 bits, want 2048 to 8192"},
		"an RSA key of 8193 bits":         {"k", pemOf("RSA PUBLIC KEY", large), "8193 bits, want 2048 to 8192"},
		"an RSA key of an even exponent":  {"k", pemOf("RSA PUBLIC KEY", evenExponent), "exponent"},
		"an EC key":                       {"k", pemOf("PUBLIC KEY", ecDER), "want an RSA or Ed25519 key"},
		"a private key":                   {"k", ed25519PrivatePEM(t), "openssl pkey"},
		"a private RSA key":               {"k", pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaPrivate)), "openssl pkey"},
		"a certificate":                   {"k", pemOf("CERTIFICATE", certificate), "openssl x509"},
		"another PEM block":               {"k", pemOf("PARAMETERS", []byte("x")), `"PARAMETERS", want PUBLIC KEY`},
		"two keys":                        {"k", append(bytes.Clone(edPEM), edPEM...), "more than one PEM block"},
		"half a PEM block":                {"k", edPEM[:40], "does not hold a whole one"},
		"PEM of no key":                   {"k", pemOf("PUBLIC KEY", []byte("hello")), "no good public key"},
		"PEM of half a PKCS #1 key":       {"k", pemOf("RSA PUBLIC KEY", pkcs1[:50]), "no good public key"},
		"RSA, PKIX in DER":                {"k", rsaDER, "DER, want PEM"},
		"RSA, PKIX in DER and a newline":  {"k", append(bytes.Clone(rsaDER), '\n'), "DER, want PEM"},
		"RSA, PKCS #1 in DER":             {"k.der", pkcs1, "DER, want PEM"},
		"Ed25519 in DER":                  {"k", edDER, "DER, want PEM"},
		"a private key in DER":            {"k", x509.MarshalPKCS1PrivateKey(rsaPrivate), "DER, want PEM"},
		"a certificate in DER":            {"k", certificate, "DER, want PEM"},
		"RSA without the lines of PEM":    {"k", lines(rsaDER), "-----BEGIN PUBLIC KEY-----"},
		"the same under .b64":             {"k.b64", lines(rsaDER), "-----BEGIN PUBLIC KEY-----"},
		"Ed25519 without the lines":       {"k", lines(edDER), "-----BEGIN PUBLIC KEY-----"},
		"PEM in UTF-16":                   {"k", utf16, "UTF-16"},
		"UTF-16 the other way round":      {"k", append([]byte{0xfe, 0xff}, utf16...), "UTF-16"},
		"a secret with a byte order mark": {"k", []byte("\uFEFFcorrect horse battery staple, again!"), "byte order mark"},
		"an SSH key":                      {"k", []byte("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 alice@example"), "SSH"},
		"an SSH key of RFC 4716":          {"k", []byte("---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAADAQABAAABgQC7"), "SSH"},
		"a key in XML":                    {"k", []byte("<RSAKeyValue><Modulus>xA7SEU+e0yQH5rm9kbCDN9o3aPIo7HbP7tX6WOocLZAt</Modulus></RSAKeyValue>"), "XML"},
		"a JWK":                           {"k", []byte(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`), "JSON"},
		"far too much":                    {"k", bytes.Repeat([]byte("ab"), 40<<10), "more than 65536 bytes"},
	}
}

func TestKeyFileRefused(t *testing.T) {
	for name, test := range badKeyFiles(t) {
		t.Run(name, func(t *testing.T) {
			config := config(newClock())
			path := file(t, test.name, test.content)
			config.Keys = []auth.KeyFile{{Path: path}}
			_, err := auth.New(t.Context(), config, zerolog.Nop())
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Fatalf("%v, want one with %q and the path", err, test.want)
			}
			wantNoLeak(t, err.Error(), hex.EncodeToString(test.content))
		})
	}
}

func TestKeyFilesAllFaults(t *testing.T) {
	good := keyFile(t, authtest.NewEdDSA(""), "good")
	folder := t.TempDir()
	config := config(newClock())
	config.ResumeKeyFiles = []string{file(t, "resume", []byte("short"))}
	config.Keys = []auth.KeyFile{
		{Path: good, ID: "a"}, {Path: keyFile(t, authtest.NewEdDSA(""), "same"), ID: "a"},
		{Path: filepath.Join(folder, "missing")}, {Path: folder}, {Path: file(t, "short", []byte("short"))},
	}
	_, err := auth.New(t.Context(), config, zerolog.Nop())
	if err == nil {
		t.Fatal("no fault found")
	}
	for _, want := range []string{`the same kid "a"`, "no such file", "not a regular file", "secret of 5 bytes", "resume key"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said in: %v", want, err)
		}
	}
}

func TestWarnsOfOpenSecret(t *testing.T) {
	secret := keyFile(t, authtest.NewHS256(""), "secret")
	resume := filepath.Join(t.TempDir(), "resume")
	public := keyFile(t, authtest.NewEdDSA(""), "public")
	config := config(newClock())
	config.Keys, config.ResumeKeyFiles = []auth.KeyFile{{Path: secret}, {Path: public}}, []string{resume}
	if _, log := openLogged(t, config); strings.Contains(log.String(), "not its owner's alone") {
		t.Errorf("a warning in %s", log)
	}
	for _, path := range []string{secret, resume, public} {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, log := openLogged(t, config)
	if got := strings.Count(log.String(), "not its owner's alone"); got != 2 {
		t.Errorf("%d warnings, want 2, of the secrets and not of the public key: %s", got, log)
	}
}
