package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// SentinelName is what the sentinels call the primary.
const SentinelName = "plywire-test"

// Watched is a primary with replicas, and three sentinels that promote one when two of them miss the primary for half a
// second.
type Watched struct {
	Primary   *Server // when it was made
	Replicas  []*Server
	Sentinels []*Server
}

// StartWatched starts them and waits until the sentinels know of each other and of the replicas.
func StartWatched(t testing.TB, replicas int) *Watched {
	t.Helper()
	w := &Watched{Primary: Start(t)}
	w.Replicas = Replicas(t, w.Primary, replicas)
	host, port, _ := net.SplitHostPort(w.Primary.Address)
	for range 3 {
		address := freeAddress(t)
		_, own, _ := net.SplitHostPort(address)
		folder := t.TempDir()
		text := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %s\nlogfile %s/log\nsentinel monitor %s %s %s 2\n", own, folder, folder, SentinelName, host, port) +
			fmt.Sprintf("sentinel down-after-milliseconds %[1]s 500\nsentinel failover-timeout %[1]s 3000\nsentinel parallel-syncs %[1]s 4\n", SentinelName)
		file := filepath.Join(folder, "sentinel.conf") // the sentinel writes it anew
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w.Sentinels = append(w.Sentinels, launch(t, address, []string{file, "--sentinel"}))
	}
	for _, r := range w.Sentinels {
		client := redis.NewSentinelClient(&redis.Options{Addr: r.Address})
		Await(t, "the sentinels to find each other", func() error {
			got, err := client.Master(context.Background(), SentinelName).Result()
			if err == nil && (got["num-other-sentinels"] != "2" || got["num-slaves"] != fmt.Sprint(replicas) || got["flags"] != "master") {
				err = fmt.Errorf("%s knows %s others and %s replicas of a primary which is %s", r.Address, got["num-other-sentinels"], got["num-slaves"], got["flags"])
			}
			return err
		})
		client.Close()
	}
	return w
}

// URL is where the sentinels are.
func (w *Watched) URL() string {
	var all []string
	for _, r := range w.Sentinels {
		all = append(all, r.Address)
	}
	return "redis+sentinel://" + strings.Join(all, ",") + "/" + SentinelName
}
