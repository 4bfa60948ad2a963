package auth

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of an Identity, in characters (Unicode code points).
const (
	IDCharsMax   = 128
	NameCharsMax = 64
)

// guestPrefix begins the ids of guests and of nobody else.
const guestPrefix = "guest-"

// Identity is somebody.
type Identity struct {
	// ID names the user: 1 to IDCharsMax printable characters. Two ids are the same if their bytes are. Those of guests
	// begin with "guest-", no others do.
	ID string
	// Name is to be shown: 1 to NameCharsMax printable characters. It is not unique and proves nothing.
	Name string
	// Guest says that nobody vouches for this user.
	Guest bool
	// Expires is when the identity stops being good here: the token's exp, and the leeway. Zero for never.
	Expires time.Time
}

// NewGuest makes up an identity that nobody had before and nobody can guess.
func NewGuest() Identity {
	var id [16]byte
	var number [8]byte
	_, _ = rand.Read(id[:]) // never fails: see crypto/rand.Read
	_, _ = rand.Read(number[:])
	return Identity{
		ID:    guestPrefix + base64.RawURLEncoding.EncodeToString(id[:]),
		Name:  fmt.Sprintf("Guest %d", 1000+binary.BigEndian.Uint64(number[:])%9000),
		Guest: true,
	}
}

// checkID says what is wrong with the id of a user who is not a guest.
func checkID(id string) error {
	switch chars := utf8.RuneCountInString(id); {
	case chars == 0:
		return errors.New("its sub is missing")
	case chars > IDCharsMax:
		return fmt.Errorf("its sub has more than %d characters", IDCharsMax)
	case strings.HasPrefix(id, guestPrefix):
		// A guest's id is no secret: the opponent sees it. Who could have it as a sub would be that guest.
		return fmt.Errorf("its sub begins with %q, as only guests may", guestPrefix)
	case strings.TrimSpace(id) != id:
		return errors.New("its sub begins or ends with a space")
	case strings.ContainsFunc(id, func(r rune) bool { return !isPrintable(r) }):
		return errors.New("its sub has characters that cannot be printed")
	}
	return nil
}

// isPrintable leaves out control characters, and also those that change how others are shown (writing direction, joiners).
func isPrintable(r rune) bool { return unicode.IsPrint(r) && r != utf8.RuneError }

// displayName is what can be shown of a name: printable characters, single spaces, NameCharsMax at the most. It is empty if
// nothing is left.
func displayName(name string) string {
	var shown strings.Builder
	chars, gap := 0, false
	for _, r := range name {
		if unicode.IsSpace(r) {
			gap = chars > 0
			continue
		}
		if !isPrintable(r) || isBlank(r) {
			continue
		}
		if gap && chars+2 > NameCharsMax || chars == NameCharsMax {
			break
		}
		if gap {
			shown.WriteByte(' ')
			chars, gap = chars+1, false
		}
		shown.WriteRune(r)
		chars++
	}
	return shown.String()
}

// isBlank tells letters and symbols that Unicode counts as printable although they show nothing.
func isBlank(r rune) bool {
	switch r {
	case '\u115F', '\u1160', '\u3164', '\uFFA0', '\u2800': // Hangul fillers, the empty braille pattern
		return true
	}
	return false
}
