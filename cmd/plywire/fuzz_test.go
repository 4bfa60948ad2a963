package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// FuzzFlagFile reads any text as a file of flags. What is taken is one JSON object and nothing behind it, and does what the
// same flags do on the command line; what is not is refused in words that say that it is the file.
func FuzzFlagFile(f *testing.F) {
	for _, text := range []string{
		`{"listen": ":1", "grace": "90s", "origin": ["https://a", "https://b"], "guests": false, "rate": 2.5, "data": "/file"}`,
		`{"listen":":1"} {"listen":":2"}`, `{"shards":1e3}`, `{"shards":"x"}`, `null`, `[]`, ``, `{"":1}`, `{"config":"other.json"}`, `{"help":true}`, `{"lisen":":1"}`,
		`{"listen":null}`, `{"listen":{"a":1}}`, `{"origin":[["a"],[]]}`, `{"limits":"off","public-metrics":true,"test-clock":"maybe"}`, `{"rate":1e999}`, "{\"node\":\"\\u0000\"}",
	} {
		f.Add([]byte(text))
	}
	for _, variable := range os.Environ() {
		if strings.HasPrefix(variable, "PLYWIRE_") {
			f.Skip("the environment has " + variable)
		}
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(folder, "flags.json")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := parseQuietly(t, "--config", path)
		var flags map[string]any
		whole := json.Valid(text)
		if whole {
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.UseNumber()
			whole = decoder.Decode(&flags) == nil && flags != nil
		}
		switch {
		case err == nil && !whole:
			t.Fatalf("%q is taken", text)
		case !whole:
			return
		}
		args, plain := arguments(flags)
		if !plain {
			return
		}
		want, wantErr := parseQuietly(t, args...)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v; as %q: %v", text, err, args, wantErr)
		}
		got.Config, want.Config = "", ""
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q gives\n%+v, and %q\n%+v", text, got, args, want)
		}
	})
}

// parseQuietly parses without letting a flag end the process.
func parseQuietly(t *testing.T, args ...string) (line commandLine, err error) {
	t.Helper()
	parser, err := kong.New(&line, append(options(), kong.Exit(func(int) { t.Fatalf("%q ends the process", args) }))...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	return line, err
}

// arguments are the flags as the command line has them. It says false where a file can mean what a command line cannot, or
// the other way round.
func arguments(flags map[string]any) (args []string, plain bool) {
	for name, value := range flags {
		text, is := value.(string)
		if number, isNumber := value.(json.Number); isNumber {
			text, is = number.String(), true
		}
		if !is || !serveFlags[name] {
			return nil, false
		}
		args = append(args, "--"+name+"="+text)
	}
	sort.Strings(args)
	return args, true
}

// serveFlags are those flags of serve that take a value of their own.
var serveFlags = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range strings.Fields("listen admin data shards node limits rate burst connections message-bytes outbound-bytes heartbeat grace retention sync-pace log-level jwt-issuer jwks-url") {
		names[name] = true
	}
	return names
}()
