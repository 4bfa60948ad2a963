package auth

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
)

// keyFileBytesMax is far more than any key needs.
const keyFileBytesMax = 64 << 10

// LoadOrCreateKey reads a key of 32 bytes for resume tokens: a file of 32 raw bytes, or their base64. If there is no such
// file it creates one with a random key, readable by its owner alone, and the folder if need be. The file appears whole or
// not at all; of several processes that create it at once, all get the key of the first. It blocks on the disk.
func LoadOrCreateKey(path string) ([]byte, error) {
	key, err := loadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := createKey(path, os.Link); err != nil {
		return nil, fmt.Errorf("create resume key %s: %w", path, err)
	}
	return loadKey(path)
}

func loadKey(path string) ([]byte, error) {
	raw, err := readKeyFile(path)
	if err != nil {
		return nil, fmt.Errorf("resume key: %w", err)
	}
	key := raw
	if len(raw) != resumeKeyLen {
		if key, err = decodeBase64(raw); err != nil {
			return nil, fmt.Errorf("resume key %s: holds neither %d raw bytes nor base64", path, resumeKeyLen)
		}
	}
	if err := checkResumeKey(key); err != nil {
		return nil, fmt.Errorf("resume key %s: %w", path, err)
	}
	return key, nil
}

func checkResumeKey(key []byte) error {
	if len(key) != resumeKeyLen {
		return fmt.Errorf("has %d bytes, want %d", len(key), resumeKeyLen)
	}
	if isOneByte(key) {
		return errors.New("is the same byte all over, want a random key")
	}
	return nil
}

// isOneByte tells a placeholder from a key.
func isOneByte(key []byte) bool { return bytes.Count(key, key[:1]) == len(key) }

// createKey writes a new key beside path and gives it its name by link, which fails where somebody was quicker: that key
// stands. Where the file system has no hard links it is renamed, and the last of several processes wins.
func createKey(path string, link func(from, to string) error) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	var key [resumeKeyLen]byte
	_, _ = rand.Read(key[:]) // never fails: see crypto/rand.Read
	temporary, err := os.CreateTemp(folder, filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone already after a rename
	_, err = temporary.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err == nil {
		err = temporary.Sync()
	}
	if err := errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if err := link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		if err := os.Rename(temporary.Name(), path); err != nil {
			return err
		}
	}
	return syncFolder(folder)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// readKeyFile reads a regular file of bounded size.
func readKeyFile(path string) ([]byte, error) {
	// Looked at before it is opened: to open a pipe would wait for a writer.
	if stat, err := os.Stat(path); err != nil {
		return nil, err
	} else if !stat.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(file, keyFileBytesMax+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	if len(raw) > keyFileBytesMax {
		return nil, fmt.Errorf("%s has more than %d bytes, which is no key", path, keyFileBytesMax)
	}
	return raw, nil
}

// decodeBase64 takes either alphabet, padded or not, and white space anywhere.
func decodeBase64(text []byte) ([]byte, error) {
	text = bytes.Join(bytes.Fields(text), nil)
	text = bytes.TrimRight(text, "=")
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("-"), []byte("+")), []byte("_"), []byte("/"))
	return base64.RawStdEncoding.AppendDecode(nil, text)
}

// loadSeals reads the keys for resume tokens, in the order in which Config tells them.
func loadSeals(config Config, log zerolog.Logger) ([]seal, error) {
	var seals []seal
	for _, key := range config.ResumeKeys {
		seals = append(seals, seal{bytes.Clone(key)})
	}
	var faults []error
	for i, path := range config.ResumeKeyFiles {
		load := loadKey
		if i == 0 {
			load = LoadOrCreateKey
		}
		key, err := load(path)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		warnIfOpen(path, log)
		seals = append(seals, seal{key})
	}
	return seals, errors.Join(faults...)
}

// warnIfOpen says that others on this machine can read a secret. It is not refused: secrets that an orchestrator mounts
// often are like that.
func warnIfOpen(path string, log zerolog.Logger) {
	if stat, err := os.Stat(path); err == nil && stat.Mode().Perm()&0o077 != 0 {
		log.Warn().Str("path", path).Stringer("mode", stat.Mode().Perm()).Msg("secret key is not its owner's alone: take the others' permissions away")
	}
}
