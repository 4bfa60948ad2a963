package auth

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"github.com/rs/zerolog"
)

// The algorithms that tokens may be signed with (RFC 7518 and RFC 8037).
const (
	algHS256 = "HS256"
	algRS256 = "RS256"
	algEdDSA = "EdDSA"
)

// Bounds of keys. RFC 7518 wants at least these of RS256 and HS256; larger RSA keys only cost time.
const (
	rsaBitsMin     = 2048
	rsaBitsMax     = 8192
	secretBytesMin = 32
)

// key is one that tokens may be signed with. Its algorithm comes from the key and never from a token.
type key struct {
	id  string // kid, empty for none
	alg string
	// for alg: []byte, *rsa.PublicKey or ed25519.PublicKey
	verify jwt.VerificationKey
}

// loadKeyFiles reads all files, or says what is wrong with each.
func loadKeyFiles(files []KeyFile, log zerolog.Logger) ([]key, error) {
	var keys []key
	var faults []error
	taken := map[[2]string]string{}
	for _, file := range files {
		loaded, err := loadKeyFile(file)
		if err != nil {
			faults = append(faults, fmt.Errorf("key file %s: %w", file.Path, err))
			continue
		}
		if other := taken[[2]string{loaded.id, loaded.alg}]; other != "" && loaded.id != "" {
			faults = append(faults, fmt.Errorf("key files %s and %s have the same kid %q: give each its own", other, file.Path, loaded.id))
			continue
		}
		taken[[2]string{loaded.id, loaded.alg}] = file.Path
		if loaded.alg == algHS256 {
			warnIfOpen(file.Path, log)
		}
		log.Info().Str("path", file.Path).Str("kid", loaded.id).Str("alg", loaded.alg).Msg("key for tokens loaded")
		keys = append(keys, loaded)
	}
	return keys, errors.Join(faults...)
}

func loadKeyFile(file KeyFile) (key, error) {
	raw, err := readKeyFile(file.Path)
	if err != nil {
		return key{}, err
	}
	if bytes.Contains(raw, []byte("-----BEGIN")) {
		return readPEM(file.ID, bytes.TrimPrefix(raw, byteOrderMark))
	}
	if kind := notASecret(raw); kind != "" {
		return key{}, fmt.Errorf("holds %s", kind)
	}
	secret := trimText(raw)
	switch strings.ToLower(filepath.Ext(file.Path)) {
	case ".b64", ".base64":
		if secret, err = decodeBase64(raw); err != nil {
			return key{}, errors.New("is not base64, as its name says")
		}
	}
	if len(secret) < secretBytesMin {
		return key{}, fmt.Errorf("is a secret of %d bytes, HS256 wants at least %d (RFC 7518): openssl rand -out FILE 64", len(secret), secretBytesMin)
	}
	if isOneByte(secret) {
		return key{}, errors.New("is a secret of the same byte all over, want a random one")
	}
	return key{id: file.ID, alg: algHS256, verify: secret}, nil
}

// byteOrderMark is what some editors begin UTF-8 text with.
var byteOrderMark = []byte("\uFEFF")

// readPEM reads a public key.
func readPEM(id string, raw []byte) (key, error) {
	block, rest := pem.Decode(raw)
	if block == nil {
		return key{}, errors.New("begins a PEM block, but does not hold a whole one")
	}
	if bytes.Contains(rest, []byte("-----BEGIN")) {
		return key{}, errors.New("holds more than one PEM block: want one key a file")
	}
	var public any
	var err error
	switch {
	case block.Type == "PUBLIC KEY":
		public, err = x509.ParsePKIXPublicKey(block.Bytes)
	case block.Type == "RSA PUBLIC KEY":
		public, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return key{}, errors.New("holds a private key, the server must have the public one alone: openssl pkey -in FILE -pubout")
	case block.Type == "CERTIFICATE":
		return key{}, errors.New("holds a certificate, want its public key: openssl x509 -in FILE -pubkey -noout")
	default:
		return key{}, fmt.Errorf("holds a PEM block %.40q, want PUBLIC KEY", block.Type)
	}
	if err != nil {
		return key{}, fmt.Errorf("holds no good public key: %w", err)
	}
	switch public := public.(type) {
	case *rsa.PublicKey:
		if err := checkRSA(public); err != nil {
			return key{}, err
		}
		return key{id: id, alg: algRS256, verify: public}, nil
	case ed25519.PublicKey:
		return key{id: id, alg: algEdDSA, verify: public}, nil
	}
	return key{}, fmt.Errorf("holds a %T, want an RSA or Ed25519 key", public)
}

func checkRSA(public *rsa.PublicKey) error {
	if bits := public.N.BitLen(); bits < rsaBitsMin || bits > rsaBitsMax {
		return fmt.Errorf("is an RSA key of %d bits, want %d to %d", bits, rsaBitsMin, rsaBitsMax)
	}
	if public.E < 3 || public.E%2 == 0 || public.E > math.MaxInt32 {
		return errors.New("is an RSA key with a public exponent that cannot be")
	}
	return nil
}

// notASecret says what a file holds whose content must not be taken for an HS256 secret, because others have it: a public
// key in some other form than PEM. It is empty for what may be a secret.
func notASecret(raw []byte) string {
	trimmed := bytes.TrimSpace(raw)
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}), bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		return "UTF-16 text, want UTF-8 or bytes"
	case bytes.HasPrefix(raw, byteOrderMark):
		return "text with a byte order mark, want it without"
	case bytes.Contains(raw, []byte("<RSAKeyValue>")):
		return "a key in XML, want PEM"
	case bytes.HasPrefix(trimmed, []byte("ssh-")), bytes.HasPrefix(trimmed, []byte("ecdsa-")), bytes.Contains(raw, []byte("---- BEGIN")):
		return "an SSH key, want PEM: ssh-keygen -e -m PKCS8 -f FILE"
	case bytes.HasPrefix(trimmed, []byte("{")) && json.Valid(trimmed):
		return "JSON; JSON Web Keys are read from a JWKS URL, want PEM or a secret here"
	case isDER(raw):
		return "a key in DER, want PEM: openssl pkey -inform DER -pubin -in FILE -out FILE.pem"
	}
	if decoded, err := decodeBase64(raw); err == nil && isDER(decoded) {
		return "a key in base64 of DER, want PEM: put the lines -----BEGIN PUBLIC KEY----- and -----END PUBLIC KEY----- around it"
	}
	return ""
}

// isDER looks at the first element alone: what is behind it, a newline perhaps, does not make it a secret.
func isDER(raw []byte) bool {
	var first asn1.RawValue
	if _, err := asn1.Unmarshal(raw, &first); err != nil {
		return false
	}
	raw = first.FullBytes
	_, pkix := x509.ParsePKIXPublicKey(raw)
	_, pkcs1 := x509.ParsePKCS1PublicKey(raw)
	_, certificate := x509.ParseCertificate(raw)
	_, private8 := x509.ParsePKCS8PrivateKey(raw)
	_, private1 := x509.ParsePKCS1PrivateKey(raw)
	return pkix == nil || pkcs1 == nil || certificate == nil || private8 == nil || private1 == nil
}

// trimText takes away the newline that editors and echo put at the end of a text. What has other bytes than printable
// ASCII is no text: a random secret may well end with the byte 0x0A.
func trimText(raw []byte) []byte {
	text := bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
	for _, b := range text {
		if b < ' ' || b > '~' {
			return raw
		}
	}
	return text
}
