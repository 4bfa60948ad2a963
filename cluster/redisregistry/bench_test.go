package redisregistry

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/cluster"
)

// BenchmarkRenew is what a node asks of Redis every second or so: three members, 256 shards. Beside the time that it takes the
// node there is the time for which Redis does nothing else. The disk is left out: a renewal needs none.
func BenchmarkRenew(b *testing.B) {
	_, client := start(b, "--appendonly", "no")
	r, err := New(client, "bench", 256, timeout)
	if err != nil {
		b.Fatal(err)
	}
	me := cluster.Member{Name: "node-1", Link: "10.0.0.1:7000", URL: "https://node-1.example", Since: time.Now()}
	for i := range 3 {
		me.ID = fmt.Sprint("01890a5d-ac96-774b-bcce-b302099a805", i)
		renew(b, r, me.ID, 0)
		for shard := i; shard < 256; shard += 3 {
			claim(b, r, me.ID, shard)
		}
	}
	version := renew(b, r, me.ID, 0).Version
	for _, bench := range []struct {
		name  string
		known uint64
		told  int
	}{{"known", version, 0}, {"unknown", 0, 256}} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			command(b, client, "CONFIG", "RESETSTAT")
			for b.Loop() {
				view, err := r.Renew(b.Context(), me, long, bench.known)
				if err != nil || len(view.Holders) != bench.told || len(view.Members) != 3 {
					b.Fatalf("%d members, %d holders, %v", len(view.Members), len(view.Holders), err)
				}
			}
			_, rest, _ := strings.Cut(client.Info(b.Context(), "commandstats").Val(), "cmdstat_evalsha:")
			_, rest, _ = strings.Cut(rest, "usec_per_call=")
			text, _, _ := strings.Cut(rest, ",")
			each, err := strconv.ParseFloat(text, 64)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(each, "redis-us/op")
		})
	}
}
