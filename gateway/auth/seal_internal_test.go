package auth

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

var testKey = []byte("0123456789abcdefghijklmnopqrstuv")

// TestSealAsWritten opens a sealed text by the steps of RFC 5869 and plain AES-GCM, so that a change of the format does not
// go unseen: clients hold tokens over an upgrade.
func TestSealAsWritten(t *testing.T) {
	sealed := seal{testKey}.close([]byte("hello"))
	if len(sealed) != 1+16+5+16 || sealed[0] != 1 {
		t.Fatalf("%d bytes, version %d", len(sealed), sealed[0])
	}
	var derived, block []byte
	for i := byte(1); len(derived) < 44; i++ {
		mac := hmac.New(sha256.New, testKey)
		mac.Write(block)
		mac.Write([]byte("plywire resume token 1"))
		mac.Write(sealed[1:17])
		mac.Write([]byte{i})
		block = mac.Sum(nil)
		derived = append(derived, block...)
	}
	cipherBlock, err := aes.NewCipher(derived[:32])
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(cipherBlock)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gcm.Open(nil, derived[32:44], sealed[17:], []byte{1})
	if err != nil || string(plain) != "hello" {
		t.Errorf("%q, %v", plain, err)
	}
}

func TestSealIsNeverTheSame(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		sealed := seal{testKey}.close([]byte("hello"))
		if seen[string(sealed[:17])] {
			t.Fatal("the same salt twice")
		}
		seen[string(sealed[:17])] = true
	}
}

func samplePass() pass {
	return pass{
		session: SessionID{1, 2, 3}, generation: 7, identity: Identity{ID: "alice", Name: "Alice", Expires: time.UnixMilli(5).UTC()},
		expires: time.UnixMilli(1_700_000_000_123).UTC(),
	}
}

func TestPassAsWritten(t *testing.T) {
	want := "\x01\x02\x03" + string(make([]byte, 13)) + "\x00\x00\x00\x00\x00\x00\x00\x07" + "\x00" +
		"\x00\x00\x01\x8b\xcf\xe5\x68\x7b" + "\x00\x00\x00\x00\x00\x00\x00\x05" + "\x00\x05aliceAlice"
	if got := string(samplePass().bytes()); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	got, ok := readPass([]byte(want))
	if !ok || !reflect.DeepEqual(got, samplePass()) {
		t.Errorf("%+v, want %+v", got, samplePass())
	}
}

// TestPassOfAnotherVersion has plain texts that were sealed with our key, and yet make no sense.
func TestPassOfAnotherVersion(t *testing.T) {
	change := func(at int, to byte) []byte {
		plain := samplePass().bytes()
		plain[at] = to
		return plain
	}
	noExpiry := samplePass()
	noExpiry.expires = time.Time{}
	r := &resumer{
		now: func() time.Time { return time.UnixMilli(0) }, ttl: time.Hour, seals: []seal{{testKey}}, guests: true,
		used: newUsedTable(1, time.Hour, zerolog.Nop()),
	}
	for name, plain := range map[string][]byte{
		"empty":                   nil,
		"short":                   make([]byte, passBytesMin-1),
		"generation 0":            change(23, 0),
		"an unknown flag":         change(24, 2),
		"no expiry":               noExpiry.bytes(),
		"an expiry in the year ∞": change(25, 1),
		"an identity of the same": change(33, 0x80),
		"no id":                   change(42, 0),
		"an id beyond the end":    change(42, 11),
		"an id that is no text":   change(43, 0xff),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.resume(encoding.EncodeToString(seal{testKey}.close(plain)))
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("%v, want %v", err, ErrMalformed)
			}
		})
	}
}

// TestResumeTooLong has a good token that is longer than any that is issued.
func TestResumeTooLong(t *testing.T) {
	r := &resumer{
		now: time.Now, ttl: time.Hour, seals: []seal{{testKey}}, guests: true, used: newUsedTable(1, time.Hour, zerolog.Nop()),
	}
	token := r.issue(NewSession(Identity{ID: "alice", Name: strings.Repeat("x", resumeBytesMax)}))
	if _, err := r.resume(token); !errors.Is(err, ErrMalformed) {
		t.Errorf("%v, want %v", err, ErrMalformed)
	}
}

func FuzzResume(f *testing.F) {
	now := time.UnixMilli(1_700_000_000_000)
	keys := []seal{{testKey}, {bytes.Repeat([]byte{1, 2}, 16)}}
	r := &resumer{
		now: func() time.Time { return now }, ttl: time.Hour, seals: keys, guests: true,
		used: newUsedTable(10, time.Hour, zerolog.Nop()),
	}
	// Nothing is random: fuzzing runs in several processes, which must agree on what is good.
	issued := map[string]bool{}
	for i, identity := range []Identity{{ID: "alice", Name: "Alice"}, {ID: "guest-x", Guest: true}, {ID: "b", Expires: now.Add(time.Minute)}} {
		plain := pass{session: sessionOf(i), generation: 1, identity: identity, expires: now.Add(time.Minute)}.bytes()
		token := encoding.EncodeToString(keys[i%2].closeSalted([saltLen]byte{byte(i)}, plain))
		if _, err := r.resume(token); err != nil {
			f.Fatal(err)
		}
		issued[token] = true
		f.Add(token)
		f.Add(token[:len(token)-1])
		f.Add(token + "A")
	}
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, token string) {
		session, err := r.resume(token)
		switch {
		case err == nil && !issued[token]:
			t.Errorf("%q is taken, and was never issued", token)
		case err == nil && (session.Identity.ID == "" || session.generation == 0):
			t.Errorf("%q gives %+v", token, session)
		case err != nil && session != (Session{}):
			t.Errorf("%q is refused, and gives %+v", token, session)
		}
	})
}

// FuzzReadPass reads what could be sealed. Whatever is read must be written the same.
func FuzzReadPass(f *testing.F) {
	f.Add(samplePass().bytes())
	f.Add(pass{generation: 1, identity: NewGuest(), expires: time.UnixMilli(1)}.bytes())
	f.Add(binary.BigEndian.AppendUint64(nil, 1))
	f.Fuzz(func(t *testing.T, plain []byte) {
		if read, ok := readPass(plain); ok {
			if again := read.bytes(); !bytes.Equal(again, plain) {
				t.Errorf("%x is read as %+v and written as %x", plain, read, again)
			}
		}
	})
}
