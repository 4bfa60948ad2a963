// Package mutation puts faults into the product's source, one at a time, and looks whether the tests find them: tests that
// find nothing wrong with a mutant prove nothing by their silence. The source itself is never touched.
package mutation

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Make returns the text of a source file with another text in the place of old, which has to be there once: the code may have
// changed, and then so must the mutant.
func Make(t testing.TB, path, old, instead string) string {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), old); n != 1 {
		t.Fatalf("%s has %q %d times, want once: the code has changed, so must the mutant", path, old, n)
	}
	return strings.Replace(string(source), old, instead, 1)
}

// Test runs the tests of the package that the calling test is in, with a text in the place of a source file, and tells whether
// they fail. arguments are those of go test, such as "-run=^TestSeeds$".
func Test(t testing.TB, path, mutated string, arguments ...string) (output string, found bool) {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	replacement, overlay := filepath.Join(folder, filepath.Base(path)), filepath.Join(folder, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{path: replacement}})
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string][]byte{replacement: []byte(mutated), overlay: text} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.CommandContext(t.Context(), "go", append([]string{"test", "-count=1", "-vet=off", "-overlay=" + overlay, "."}, arguments...)...)
	b, err := run.CombinedOutput()
	if strings.Contains(string(b), "[build failed]") || strings.Contains(string(b), "[setup failed]") {
		t.Fatalf("the mutant cannot be built:\n%s", b)
	}
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "--- FAIL") || strings.Contains(line, "panic:") || strings.Contains(line, "fatal error:") || strings.Contains(line, ": seed ") {
			t.Log(strings.TrimSpace(line))
			break
		}
	}
	return string(b), err != nil
}
