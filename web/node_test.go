package web

import (
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// nodeLeast is the oldest major version of Node whose test runner the tests use.
const nodeLeast = 20

// The page's logic has tests of its own, for Node's test runner.
func TestPageLogic(t *testing.T) {
	version, err := exec.Command("node", "--version").Output()
	if err != nil {
		t.Skipf("node is not there (on Debian: apt-get install nodejs): the page's logic is not tested: %v", err)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(version)), "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < nodeLeast {
		t.Skipf("node is %s, want %d or newer: the page's logic is not tested", strings.TrimSpace(string(version)), nodeLeast)
	}
	tests, err := filepath.Glob("nodetest/*.test.js")
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests in nodetest: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	output, err := exec.CommandContext(ctx, "node", append([]string{"--test", "--test-reporter=tap"}, tests...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	if !strings.Contains(string(output), "\n# pass ") || strings.Contains(string(output), "\n# pass 0\n") {
		t.Errorf("no test has run:\n%s", output)
	}
}
