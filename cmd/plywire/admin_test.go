package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/admin"
	"github.com/plywire/plywire/loadtest/process"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// TestAdminMindsItsOwn wants that what the environment says to a server is not taken for where its operators are.
func TestAdminMindsItsOwn(t *testing.T) {
	t.Setenv("PLYWIRE_URL", "https://clients.example.com")
	t.Setenv("PLYWIRE_JSON", "true")
	t.Setenv("PLYWIRE_ADMIN_TOKEN", "the token")
	line, err := parse(t, "admin", "move", "3", "n2")
	if err != nil {
		t.Fatal(err)
	}
	if a := line.Admin; a.URL != "http://127.0.0.1:9090" || a.JSON || a.Token != "the token" || filepath.Base(a.TokenFile) != "admin.token" || a.Move.Shard != 3 || a.Move.Node != "n2" {
		t.Errorf("it has become %+v", a)
	}
	if s := line.Serve; s.AdminTokenFile != "" {
		t.Errorf("the server's token is in %q", s.AdminTokenFile)
	}
}

// TestAdminOfACluster runs every command on two nodes.
func TestAdminOfACluster(t *testing.T) {
	r := redistest.Start(t)
	file := filepath.Join(t.TempDir(), "token")
	var operators []string
	for _, name := range []string{"n1", "n2"} {
		address, err := process.FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		startProcess(t, "--redis", r.URL(), "--shards", "8", "--node", name, "--link", "127.0.0.1:0", "--admin", address, "--admin-token-file", file)
		operators = append(operators, "http://"+address)
	}
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, error) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), binary, append([]string{"admin", "--url", operators[0], "--token-file", file}, args...)...).CombinedOutput()
		return string(out), err
	}
	says := func(want string, args ...string) string {
		t.Helper()
		out, err := run(args...)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v says %q, %v; want something with %q", args, out, err, want)
		}
		return out
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		out, err := run("nodes")
		if err == nil && strings.Contains(out, "\nn2 ") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the first node does not see the second after 30s: %v\n%s", err, out)
		}
	}
	for index := range 4 { // whatever of them is at home where
		says(fmt.Sprintf("shard %d is served by n%d, to which it is pinned", index, index%2+1), "move", fmt.Sprint(index), fmt.Sprintf("n%d", index%2+1))
	}
	var c admin.Cluster
	if out := says("", "shards", "--json"); json.Unmarshal([]byte(out), &c) != nil || len(c.Shards) != 8 || c.Shards[3].Node != "n2" || c.Shards[3].Pin != "n2" {
		t.Errorf("as JSON the shards are %s", out)
	}
	says("n2    served", "shards")
	says("shard 7 is pinned to n1", "pin", "7", "n1")
	says("shard 7 is pinned to nobody", "unpin", "7")
	says("n2 has no shard any more", "drain", "n2")
	says("draining", "nodes")
	says("shards come to n2 again", "undrain", "n2")
	says("4 pins have ended", "rebalance")
	says("n1 has no shard any more", "drain") // the one that is asked
	says("shards come to n1 again", "undrain")
	var done admin.Done
	if out := says("", "rebalance", "--json"); json.Unmarshal([]byte(out), &done) != nil || done.Pins == nil || *done.Pins != 0 {
		t.Errorf("as JSON that is %s", out)
	}

	fails := func(want string, args ...string) {
		t.Helper()
		if out, err := run(args...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%v says %q, %v; want a failure with %q", args, out, err, want)
		}
	}
	fails("n1, n2", "move", "1", "n3")
	fails("there are 8", "unpin", "8")
	fails("nowhere", "nodes", "--token-file", "/nowhere")
	fails("token", "nodes", "--token", "0123456789abcdefg")
	token, err := admin.ReadToken(file)
	if err != nil {
		t.Fatal(err)
	}
	if stat, err := os.Stat(file); err != nil || stat.Mode() != 0o600 {
		t.Errorf("the token's file is %v, %v", stat, err)
	}
	t.Setenv("PLYWIRE_ADMIN_TOKEN", token)
	says("n1", "nodes", "--token-file", "/nowhere", "--url", operators[1])
}
