package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// versionMin is the oldest Redis whose scripts are refused as a whole when they may not write.
const versionMin = 7

// server is what Redis says of itself.
type server struct {
	info   map[string]string // of INFO
	config map[string]string // of CONFIG GET; nil: it is not allowed
}

// ask asks Redis about itself.
func (s *Store) ask(ctx context.Context) (server, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ReadTimeout)
	defer cancel()
	raw, err := s.reads.Info(ctx, "server", "replication", "persistence", "memory", "cluster").Result()
	if err != nil {
		return server{}, fmt.Errorf("ask Redis about itself: %w", refusal(err))
	}
	got := server{info: make(map[string]string)}
	for line := range strings.Lines(raw) {
		if key, value, is := strings.Cut(strings.TrimSpace(line), ":"); is {
			got.info[key] = value
		}
	}
	got.config, err = s.reads.ConfigGet(ctx, "append*").Result()
	var said redis.Error
	if err != nil && !errors.As(err, &said) {
		return server{}, fmt.Errorf("ask Redis for its settings: %w", err)
	}
	return got, nil
}

// faults are why what is acknowledged could not be kept here. There is no serving then.
func (v server) faults() error {
	var faults []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	major, _, _ := strings.Cut(v.info["redis_version"], ".")
	number, _ := strconv.Atoi(major)
	need(number >= versionMin, "Redis has version %s, want %d.0 or newer", v.info["redis_version"], versionMin)
	need(v.info["role"] == "master", "this Redis is a replica (of %s): name the primary", v.info["master_host"])
	need(v.info["cluster_enabled"] != "1", "this Redis is a node of a Redis Cluster: name a single server")
	need(v.info["loading"] == "0", "Redis is still loading its data: start again when it has")
	need(v.info["maxmemory_policy"] == "noeviction", "Redis throws keys away when memory runs out (maxmemory-policy %s): set it to noeviction", v.info["maxmemory_policy"])
	return errors.Join(faults...)
}

// warnings are what may cost acknowledged moves, or is about to. replicas is how many must have a batch.
func (v server) warnings(replicas int) []string {
	var all []string
	warn := func(is bool, what string) {
		if is {
			all = append(all, what)
		}
	}
	if v.config == nil {
		all = append(all, "CONFIG is not allowed to this user: how Redis syncs to disk cannot be seen")
	}
	warn(v.config["appendonly"] == "no", "appendonly is no: what was acknowledged since the last snapshot of Redis's own is lost when it crashes; set appendonly yes")
	warn(v.config["appendonly"] == "yes" && v.config["appendfsync"] != "always",
		"appendfsync is "+v.config["appendfsync"]+": a loss of power takes up to two seconds of acknowledged moves; a crash of Redis alone takes none")
	connected, _ := strconv.Atoi(v.info["connected_slaves"])
	warn(connected < replicas, fmt.Sprintf("Redis has %d replicas, and %d have to have a move before it is acknowledged: nobody can move", connected, replicas))
	warn(connected > replicas, fmt.Sprintf("Redis has %d replicas, of which %d have to have a move before it is acknowledged: if another one is promoted, acknowledged moves can be lost", connected, replicas))
	warn(v.info["maxmemory"] == "0", "maxmemory is 0: Redis takes memory until the machine has none; set it")
	warn(v.info["aof_last_write_status"] == "err", "Redis failed to write its log: look at its disk")
	warn(v.info["rdb_last_bgsave_status"] == "err", "Redis failed to save a snapshot of its own: look at its disk")
	used, _ := strconv.ParseFloat(v.info["used_memory"], 64)
	most, _ := strconv.ParseFloat(v.info["maxmemory"], 64)
	warn(most > 0 && used > 0.6*most, "Redis has used more than 60 % of maxmemory")
	return all
}

// inspect fails if the server is not fit, and warns of what may be wrong with it.
func (s *Store) inspect(ctx context.Context) error {
	v, err := s.ask(ctx)
	if err != nil {
		return err
	}
	if err := v.faults(); err != nil {
		return err
	}
	for _, what := range v.warnings(s.cfg.Replicas) {
		s.cfg.Logger.Warn().Msg(what)
	}
	return nil
}

// watchServer looks at the server's settings until the store is closed, and says what has changed.
func (s *Store) watchServer() {
	said := make(map[string]time.Time)
	s.every(s.cfg.CheckInterval, func(ctx context.Context) {
		v, err := s.ask(ctx)
		if err != nil {
			return // whoever commits says so
		}
		problems := v.warnings(s.cfg.Replicas)
		if err := v.faults(); err != nil {
			problems = append(problems, strings.Split(err.Error(), "\n")...)
		}
		if err := s.recognise(ctx); err != nil {
			problems = append(problems, err.Error())
		}
		for _, what := range problems {
			if time.Since(said[what]) >= repeatWarning {
				said[what] = time.Now()
				s.cfg.Logger.Warn().Msg(what)
			}
		}
	})
}

// repeatWarning is the time after which the same is said again.
const repeatWarning = 10 * time.Minute

// recognise wants that this is still the cluster that was opened.
func (s *Store) recognise(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ReadTimeout)
	defer cancel()
	name, err := s.reads.HGet(ctx, clusterKey(s.cfg.Name), "incarnation").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil // whoever commits says so
	}
	if id, err := uuid.Parse(name); err != nil || id != s.incarnation {
		return fmt.Errorf("Redis has lost the cluster %s (its incarnation is %q, and was %s): what was acknowledged is in its backup, or gone", s.cfg.Name, name, s.incarnation)
	}
	return nil
}
