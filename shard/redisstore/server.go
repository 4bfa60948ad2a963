package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// versionMin is the oldest Redis whose scripts are refused as a whole when they may not write.
const versionMin = 7

// skewMax is by how much the clocks of Redis's machine and of this one may differ without a word.
const skewMax = 100 * time.Millisecond

// server is what a server says of itself.
type server struct {
	address  string
	info     map[string]string // of INFO
	config   map[string]string // of CONFIG GET; nil: it is not allowed
	raw      string            // INFO as it came
	replicas int               // that are connected, in whatever state
	waitAOF  bool              // it knows WAITAOF; only asked for Fsync
	skewed   bool              // its clock and ours differ by more than skewMax
}

// settings are those that are looked at.
var settings = []any{"config", "get", "*append*", "min-replicas-to-write", "stop-writes-on-bgsave-error"}

// ask asks a server about itself.
func ask(ctx context.Context, one *redis.Client) (server, error) {
	v := server{address: one.Options().Addr, info: make(map[string]string)}
	raw, err := one.Info(ctx, "server", "replication", "persistence", "memory", "cluster").Result()
	if err != nil {
		return v, err
	}
	for line := range strings.Lines(raw) {
		if key, value, is := strings.Cut(strings.TrimSpace(line), ":"); is {
			v.info[key] = value
		}
	}
	v.raw, v.replicas = raw, v.number("connected_slaves")
	var said redis.Error
	config := redis.NewMapStringStringCmd(ctx, settings...)
	if err := one.Process(ctx, config); err == nil {
		v.config = config.Val()
	} else if !errors.As(err, &said) {
		return v, fmt.Errorf("its settings: %w", err)
	}
	before := time.Now()
	if there, err := one.Time(ctx).Result(); err == nil {
		v.skewed = skewed(before, time.Now(), there)
	}
	return v, nil
}

// skewed tells whether a clock elsewhere, read between two moments, is wrong by more than skewMax, or ours is.
func skewed(before, after, there time.Time) bool {
	return there.Before(before.Add(-skewMax)) || there.After(after.Add(skewMax))
}

// knowsWaitAOF tells whether a server can say what is on its disk.
func knowsWaitAOF(ctx context.Context, one *redis.Client) (bool, error) {
	err := one.Do(ctx, "waitaof", 1, 0, 1).Err()
	var said redis.Error
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &said) && !strings.HasPrefix(said.Error(), "NOPERM "):
		// It has no such command, or no log to sync; of that the settings say more.
		return !strings.Contains(said.Error(), "unknown command"), nil
	}
	return false, err
}

// number is a number of INFO; 0 if it is none.
func (v server) number(key string) int {
	n, _ := strconv.Atoi(v.info[key])
	return n
}

// faults are why what is acknowledged could not be kept here. There is no serving then. cluster says that the server was
// reached as one of a Redis Cluster.
func (v server) faults(cluster bool) []string {
	var all []string
	need := func(ok bool, format string, args ...any) {
		if !ok {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	major, _, _ := strings.Cut(v.info["redis_version"], ".")
	number, _ := strconv.Atoi(major)
	need(number >= versionMin, "Redis has version %s, want %d.0 or newer", v.info["redis_version"], versionMin)
	need(v.info["role"] == "master", "this Redis is a replica (of %s): name the primary", v.info["master_host"])
	need(cluster || v.info["cluster_enabled"] != "1", "this Redis is a node of a Redis Cluster: say redis+cluster:// in the place of redis://")
	need(v.info["loading"] == "0", "Redis is still loading its data: start again when it has")
	need(v.info["maxmemory_policy"] == "noeviction", "Redis throws keys away when memory runs out (maxmemory-policy %s): set it to noeviction", v.info["maxmemory_policy"])
	return all
}

// unsynced is why a server that answers may not have the answer on its disk.
func (v server) unsynced(waitAOF bool) []string {
	if v.config == nil && waitAOF {
		return nil // it refuses WAITAOF if it has no log
	}
	var all []string
	if v.config["appendonly"] != "yes" {
		all = append(all, fmt.Sprintf("appendonly is %q, and everything has to be on the disk (durability fsync): set it to yes", v.config["appendonly"]))
	}
	if !waitAOF && v.config["appendfsync"] != "always" {
		all = append(all, fmt.Sprintf("Redis %s cannot say what is on its disk (WAITAOF, from 7.2 on), and appendfsync is %q: for durability fsync set it to always, or take a newer Redis",
			v.info["redis_version"], v.config["appendfsync"]))
	}
	return all
}

// warnings are what may cost acknowledged moves, or is about to.
func (v server) warnings(p *promise) []string {
	all := v.replicaWarnings(p)
	warn := func(is bool, what string) {
		if is {
			all = append(all, what)
		}
	}
	warn(v.config == nil, "CONFIG is not allowed to this user: how Redis syncs to disk cannot be seen")
	warn(v.config["appendonly"] == "no", "appendonly is no: what was acknowledged since the last snapshot of Redis's own is lost when it crashes; set appendonly yes")
	warn(v.config["appendonly"] == "yes" && v.config["appendfsync"] != "always" && !p.waitAOF,
		"appendfsync is "+v.config["appendfsync"]+": a loss of power takes up to two seconds of acknowledged moves; a crash of Redis alone takes none")
	warn(v.config["appendonly"] == "yes" && v.config["no-appendfsync-on-rewrite"] == "yes" && !p.waitAOF,
		"no-appendfsync-on-rewrite is yes: while Redis rewrites its log, a loss of power takes all that was acknowledged meanwhile; set it to no")
	warn(v.config["stop-writes-on-bgsave-error"] == "no", "stop-writes-on-bgsave-error is no: Redis goes on when it cannot write to its disk; set it to yes")
	warn(v.info["maxmemory"] == "0", "maxmemory is 0: Redis takes memory until the machine has none; set it")
	warn(v.info["aof_last_write_status"] == "err", "Redis failed to write its log: look at its disk")
	warn(v.info["rdb_last_bgsave_status"] == "err", "Redis failed to save a snapshot of its own: look at its disk")
	warn(v.skewed, "the clocks of Redis's machine and of this one differ by more than 100 ms: set them by NTP")
	used, _ := strconv.ParseFloat(v.info["used_memory"], 64)
	most, _ := strconv.ParseFloat(v.info["maxmemory"], 64)
	warn(most > 0 && used > 0.6*most, "Redis has used more than 60 % of maxmemory")
	return all
}

// replicaWarnings are those about who else has what was acknowledged.
func (v server) replicaWarnings(p *promise) []string {
	var all []string
	warn := func(is bool, format string, args ...any) {
		if is {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	waits, wanted := p.level != Primary, p.wanted(v.address)
	warn(waits && v.replicas < wanted, "Redis has %d replicas, and %d have to have a move before it is acknowledged: nobody can move. Bring the others back; if they are gone for good, start Plywire again, or say how many must be there", v.replicas, wanted)
	warn(waits && p.named && v.replicas > p.least, "Redis has %d replicas, of which %d must be there: what is acknowledged while one is gone can be lost if that one is promoted", v.replicas, p.least)
	warn(!waits && v.replicas > 0, "Redis has %d replicas, and none of them is waited for (durability primary): if one is promoted, acknowledged moves can be lost", v.replicas)
	warn(!waits && v.replicas > 0 && v.config["min-replicas-to-write"] == "0", "min-replicas-to-write is 0: a primary that is cut off goes on, and what it acknowledges is lost when a replica is promoted")
	return all
}
