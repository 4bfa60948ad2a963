package redisstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

// The mark is a file of the node's own that names the incarnation that it has served. Redis alone cannot tell that it was
// emptied from that it is new; with the mark, an emptied one is not taken for a new world without games.

// readMark returns the incarnation of the mark, or the zero ID if there is no mark.
func readMark(path string) (uuid.UUID, error) {
	if path == "" {
		return uuid.UUID{}, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return uuid.UUID{}, nil
	}
	if err != nil {
		return uuid.UUID{}, err
	}
	id, err := uuid.Parse(strings.TrimSpace(string(text)))
	if err != nil {
		return uuid.UUID{}, fmt.Errorf("%s does not name an incarnation: %w", path, err)
	}
	return id, nil
}

// writeMark makes the mark, unless it is there.
func writeMark(path string, known, incarnation uuid.UUID) error {
	if path == "" || known == incarnation {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(incarnation.String()+"\n"), 0o600)
}
