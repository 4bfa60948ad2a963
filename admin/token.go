package admin

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// tokenMin is the length of the shortest token, in bytes: one that is drawn has 43.
	tokenMin = 16
	// tokenMax is the length of the longest file of a token, in bytes.
	tokenMax = 4 << 10
)

// ReadToken reads the token in a file. It blocks on the disk.
func ReadToken(path string) (string, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("the operators' token: %w", err)
	}
	if !stat.Mode().IsRegular() || stat.Size() > tokenMax {
		return "", fmt.Errorf("the operators' token: %s is not a regular file of at most %d bytes", path, tokenMax)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("the operators' token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if err := CheckToken(token); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return token, nil
}

// CheckToken says what is wrong with a token.
func CheckToken(token string) error {
	if len(token) < tokenMin {
		return fmt.Errorf("the operators' token has %d characters, want %d or more: remove its file, and the server draws one at its next start", len(token), tokenMin)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the operators' token has a space in it, or something else than ASCII")
	}
	return nil
}

// LoadToken reads the token in a file. If there is no such file it makes one with a token that it draws, which only its owner
// can read, and the folder if need be. The file is there whole or not at all. It blocks on the disk.
func LoadToken(path string) (string, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := createToken(path); err != nil {
			return "", fmt.Errorf("make the operators' token: %w", err)
		}
	}
	return ReadToken(path)
}

func createToken(path string) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	var drawn [32]byte
	_, _ = rand.Read(drawn[:])                                            // never fails: see crypto/rand.Read
	temporary, err := os.CreateTemp(folder, filepath.Base(path)+".*.new") // which only its owner can read
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone already after a rename
	_, err = temporary.WriteString(base64.RawURLEncoding.EncodeToString(drawn[:]) + "\n")
	if err == nil {
		err = temporary.Sync()
	}
	if err := errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	// Where somebody was quicker his file stands; where there are no hard links the last one's does.
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return os.Rename(temporary.Name(), path)
	}
	return nil
}
