package game

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ReadOptions reads the options that Rules.Setup was given into the struct that into points to. Its fields have json tags
// and hold the defaults; empty options leave all of them as they are. Anything but one JSON object of known fields is an
// error; the rules add to it what they would have understood, and check the ranges themselves.
func ReadOptions(options []byte, into any) error {
	if len(options) == 0 {
		return nil
	}
	if trimmed := bytes.TrimLeft(options, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("the options are not a JSON object")
	}
	decoder := json.NewDecoder(bytes.NewReader(options))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read the options: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object of the options")
	}
	return nil
}
