package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
)

// seal keeps bytes secret and unchanged, with AES-256-GCM under a key and a nonce of their own: both are derived from the
// resume key and a random salt by HKDF-Expand (RFC 5869; the resume key is uniformly random, so that Extract is not
// needed). A sealed text is a version byte, the salt, and what AES-GCM gives.
//
// AES-GCM with the resume key itself and random nonces was rejected: NIST SP 800-38D allows 2³² such messages a key, which
// a cluster whose keys are kept for years can reach. With a salt of 128 bits there is no such bound in practice.
type seal struct {
	key []byte
}

const (
	sealVersion    = 1
	sealPurpose    = "plywire resume token 1"
	saltLen        = 16
	aesKeyLen      = 32
	gcmNonceLen    = 12
	gcmTagLen      = 16
	sealedBytesMin = 1 + saltLen + gcmTagLen
)

func (s seal) close(plain []byte) []byte {
	var salt [saltLen]byte
	_, _ = rand.Read(salt[:]) // never fails: see crypto/rand.Read
	return s.closeSalted(salt, plain)
}

// closeSalted requires that no other text was sealed with that salt.
func (s seal) closeSalted(salt [saltLen]byte, plain []byte) []byte {
	sealed := make([]byte, 1+saltLen, sealedBytesMin+len(plain))
	sealed[0] = sealVersion
	copy(sealed[1:], salt[:])
	aead, nonce := s.derive(sealed[1:])
	return aead.Seal(sealed, nonce, plain, sealed[:1])
}

// open requires that sealed has at least sealedBytesMin bytes.
func (s seal) open(sealed []byte) (plain []byte, ok bool) {
	aead, nonce := s.derive(sealed[1 : 1+saltLen])
	plain, err := aead.Open(nil, nonce, sealed[1+saltLen:], sealed[:1])
	return plain, err == nil
}

func (s seal) derive(salt []byte) (cipher.AEAD, []byte) {
	derived, err := hkdf.Expand(sha256.New, s.key, sealPurpose+string(salt), aesKeyLen+gcmNonceLen)
	if err != nil {
		panic("auth: derive the key of a resume token: " + err.Error()) // only for more bytes than HKDF can give
	}
	block, err := aes.NewCipher(derived[:aesKeyLen])
	if err != nil {
		panic("auth: key of a resume token: " + err.Error()) // only for another length of key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("auth: seal of a resume token: " + err.Error()) // only for another size of block
	}
	return aead, derived[aesKeyLen:]
}

// serialOf is a number that no other sealed text has, but by a chance of 1 in 2⁶⁴.
func serialOf(sealed []byte) uint64 { return binary.BigEndian.Uint64(sealed[1:]) }
