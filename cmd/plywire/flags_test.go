package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/plywire/plywire/shard/redisstore"
)

// parse reads a command line as main does.
func parse(t *testing.T, args ...string) (commandLine, error) {
	t.Helper()
	var line commandLine
	parser, err := kong.New(&line, options()...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	return line, err
}

func TestWhereFlagsComeFrom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plywire.json")
	text := `{"listen": ":1", "grace": "90s", "origin": ["https://a", "https://b"], "guests": false, "rate": 2.5, "data": "/file"}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PLYWIRE_GRACE", "80s")
	t.Setenv("PLYWIRE_DATA", "/environment")
	line, err := parse(t, "--config", file, "--data", "/line")
	if err != nil {
		t.Fatal(err)
	}
	s := line.Serve
	if s.Listen != ":1" || s.Guests || s.Rate != 2.5 || strings.Join(s.Origin, " ") != "https://a https://b" {
		t.Errorf("of the file came %+v", s)
	}
	if s.Grace != 80*time.Second {
		t.Errorf("grace is %v, want that of the environment", s.Grace)
	}
	if s.Data != "/line" {
		t.Errorf("data is %s, want that of the command line", s.Data)
	}
	if s.Heartbeat != 15*time.Second {
		t.Errorf("heartbeat is %v, want the default", s.Heartbeat)
	}
}

func TestWrongFlags(t *testing.T) {
	write := func(text string) string {
		file := filepath.Join(t.TempDir(), "plywire.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	tests := map[string]struct {
		args []string
		want string
	}{
		"unknown flag":         {[]string{"--lisen", ":80"}, "unknown flag --lisen"},
		"slip in the file":     {[]string{"--config", write(`{"lisen": ":80"}`)}, `"lisen"`},
		"file that is no JSON": {[]string{"--config", write(`listen=:80`)}, "not a JSON object"},
		"value of no kind":     {[]string{"--config", write(`{"listen": {"port": 80}}`)}, "listen"},
		"no such file":         {[]string{"--config", "/nowhere.json"}, "/nowhere.json"},
		"no duration":          {[]string{"--grace", "soon"}, "grace"},
		"no switch":            {[]string{"--limits", "maybe"}, "limits"},
		"replay of nothing":    {[]string{"replay"}, "file"},
		"unknown command":      {[]string{"serv"}, "serv"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := parse(t, test.args...); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v: %v, want something with %q", test.args, err, test.want)
			}
		})
	}
}

// TestCrashTestMindsItsOwn wants that what the environment says to a server says nothing to the crash test, which would else
// put its files among the server's.
func TestCrashTestMindsItsOwn(t *testing.T) {
	t.Setenv("PLYWIRE_DATA", "/served")
	t.Setenv("PLYWIRE_RATE", "3")
	line, err := parse(t, "crashtest", "--kills", "7")
	if err != nil {
		t.Fatal(err)
	}
	if c := line.Crash; c.Kills != 7 || c.Data != "" || c.Rate != 400 || c.Games != 100 {
		t.Errorf("it has become %+v", c)
	}
}

// TestEveryFlagReachesTheServer sets each flag of serve to something else and looks whether the configuration differs.
func TestEveryFlagReachesTheServer(t *testing.T) {
	base := func() *serveCommand {
		line, err := parse(t)
		if err != nil {
			t.Fatal(err)
		}
		return &line.Serve
	}
	c := base()
	c.Listen, c.Admin, c.PublicMetrics, c.Data, c.Shards, c.Node = ":1", "off", false, "/d", 7, "n"
	c.Origin, c.BehindProxy, c.Guests, c.JWTKey = []string{"https://o"}, true, false, []string{"kid=/k", "/l"}
	c.JWKSURL, c.JWTIssuer, c.JWTAudience, c.ResumeKey = "https://j", "i", []string{"a"}, []string{"/r"}
	c.Limits, c.Rate, c.Burst, c.Connections, c.ConnectionsPerIP = "off", 3, 9, 4, 5
	c.MessageBytes, c.OutboundBytes = 2048, 128<<10
	c.Heartbeat, c.Grace, c.Retention, c.DrainWithin = 2*time.Second, 3*time.Second, 4*time.Minute, 5*time.Second
	c.SnapshotEvents, c.SnapshotInterval, c.UpkeepInterval = 8, 9*time.Second, 10*time.Millisecond
	c.Redis, c.Cluster, c.Durability, c.RedisReplicas = "redis://h", "c", "fsync", 3
	c.URL, c.Link, c.LinkAdvertise, c.LinkCert, c.LinkKey, c.LinkCA = "https://n", ":2", "h:3", "/c", "/k", "/a"
	c.Lease, c.StickyCookie, c.AdminTokenFile = 6*time.Second, "node", "/t"
	c.SyncPace, c.DiskFreeMin, c.TestClock = 6*time.Millisecond, 7, true
	got, err := c.config()
	if err != nil {
		t.Fatal(err)
	}
	g, a := got.Gateway, got.Auth
	for name, ok := range map[string]bool{
		"listen": got.Listen == ":1", "admin": got.Admin == "", "admin token": got.AdminTokenFile == "/t", "metrics": !got.PublicMetrics, "shards": got.Store.Shards == 7 && got.Redis.Shards == 7, "redis": got.Redis.URL == "redis://h", "cluster": got.Redis.Name == "c", "replicas": got.Redis.Replicas == 3, "durability": got.Redis.Durability == redisstore.Fsync,
		"cookie": g.StickyCookie == "node",
		"url":    got.Cluster.URL == "https://n", "link": got.Link.Listen == ":2", "advertise": got.Link.Advertise == "h:3",
		"link files": got.Link.Cert == "/c" && got.Link.Key == "/k" && got.Link.CA == "/a",
		"lease":      got.Cluster.Lease == 6*time.Second && got.Cluster.Beat == time.Second && got.Cluster.HoldFor > got.Cluster.Lease,
		"data":       got.Store.Dir == "/d/store", "node": g.Node == "n", "origins": len(g.Origins) == 1, "proxy": g.BehindProxy,
		"guests": !a.Guests, "keys": len(a.Keys) == 2 && a.Keys[0].ID == "kid" && a.Keys[0].Path == "/k" && a.Keys[1].Path == "/l",
		"jwks": a.JWKSURL == "https://j", "issuer": a.Issuer == "i", "audience": len(a.Audiences) == 1,
		"resume key": a.ResumeKeyFiles[0] == "/r", "limits": !g.Limits, "rate": g.Rate == 3, "burst": g.Burst == 9,
		"connections": g.Connections == 4, "per address": g.ConnectionsPerIP == 5, "message": g.MessageBytes == 2048,
		"outbound": g.OutboundBytes == 128<<10, "heartbeat": g.Heartbeat == 2*time.Second, "grace": got.Table.Grace == 3*time.Second,
		"snapshot events": got.Shard.SnapshotEvents == 8, "snapshot interval": got.Shard.SnapshotInterval == 9*time.Second,
		"upkeep":    got.Shard.UpkeepInterval == 10*time.Millisecond,
		"retention": got.Table.Retention == 4*time.Minute, "drain": g.DrainWithin == 5*time.Second,
		"pace": got.Store.Pace == 6*time.Millisecond, "disk": got.Store.FreeBytesMin == 7, "test clock": got.Table.TestClock && g.AdvanceAllowed,
	} {
		if !ok {
			t.Errorf("%s does not reach the server", name)
		}
	}
}
