package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// flagFile gives flags the values of a JSON file: one object of flag names and values, {"listen": ":80", "origin": ["a", "b"]}.
// A name that is no flag's is an error: a slip would otherwise go unnoticed.
type flagFile map[string]any

// readFlags reads such a file.
func readFlags(r io.Reader) (kong.Resolver, error) {
	decoder := json.NewDecoder(r)
	decoder.UseNumber()
	var file flagFile
	switch err := decoder.Decode(&file); {
	case err != nil:
		return nil, fmt.Errorf("the file of flags is not a JSON object: %w", err)
	case file == nil:
		return nil, errors.New("the file of flags is null, and not a JSON object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object in the file of flags")
	}
	return file, nil
}

// Validate finds names that no flag has, and values that no flag can have.
func (f flagFile) Validate(app *kong.Application) error {
	known := map[string]bool{}
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, is := node.(*kong.Flag); is {
			known[flag.Name] = true
		}
		return next(nil)
	})
	delete(known, "config") // what these do is done before the file is read
	delete(known, "help")
	for name, value := range f {
		if !known[name] {
			return fmt.Errorf("the file of flags has %q, which is no flag", name)
		}
		if _, err := flagText(value); err != nil {
			return fmt.Errorf("the file of flags: %s: %w", name, err)
		}
	}
	return nil
}

// Resolve is the value of a flag; nil if the file has none.
func (f flagFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	value, has := f[flag.Name]
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil // the environment goes before the file
		}
	}
	if !has {
		return nil, nil
	}
	return flagText(value)
}

// flagText is a value as the command line has it.
func flagText(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return fmt.Sprint(v), nil
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			part, err := flagText(v[i])
			if err != nil {
				return "", err
			}
			parts[i] = part
		}
		return strings.Join(parts, ","), nil
	}
	return "", fmt.Errorf("want a string, a number, true, false, or a list of those, not %T", value)
}
