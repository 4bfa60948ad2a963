package redisregistry

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plywire/plywire/cluster"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// deaf does not hear the answers to scripts while it is told so.
type deaf struct{ on atomic.Bool }

var errDeaf = errors.New("the answer was not heard")

func (d *deaf) DialHook(next redis.DialHook) redis.DialHook { return next }

func (d *deaf) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (d *deaf) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if err == nil && d.on.Load() && strings.HasPrefix(cmd.Name(), "eval") {
			cmd.SetErr(errDeaf)
			return errDeaf
		}
		return err
	}
}

// What was done, and nobody heard of it, is not done again: neither to the map nor to the version.
func TestAnswersAreLost(t *testing.T) {
	_, client := start(t)
	d := &deaf{}
	client.AddHook(d)
	for name := range calls(nil) {
		t.Run(name, func(t *testing.T) {
			r := prepared(t, client, timeout)
			call := calls(r)[name]
			d.on.Store(true)
			if err := call(t.Context()); !errors.Is(err, errDeaf) || !strings.Contains(err.Error(), "not known") {
				t.Errorf("with its answer lost it says %v", err)
			}
			d.on.Store(false)
			before := renew(t, r, "a", 0)
			if !done(before, name) {
				t.Errorf("it was not done: %+v", before)
			}
			if err := call(t.Context()); err != nil {
				t.Errorf("asked again it says %v", err)
			}
			after := renew(t, r, "a", before.Version)
			if after.Version != before.Version {
				t.Errorf("asked again it is done again: the version is %d, and was %d", after.Version, before.Version)
			}
		})
	}
}

func TestRedisIsKilled(t *testing.T) {
	server, client := start(t)
	r := prepared(t, client, timeout)
	before := renew(t, r, "a", 0)
	for range 2 {
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		for name, call := range calls(r) {
			if err := call(t.Context()); err == nil || !strings.Contains(err.Error(), "not known") ||
				errors.Is(err, cluster.ErrNoMember) || errors.Is(err, cluster.ErrNotHolder) {
				t.Errorf("%s of a Redis that is dead says %v", name, err)
			}
		}
		server.Again(t)
		insist(t, calls(r)["Withdraw"])
		after := renew(t, r, "b", before.Version)
		if after.Version != before.Version || len(after.Members) != 2 || after.Members[0].Left <= 0 {
			t.Errorf("after the crash there is %+v, and was %+v", after, before)
		}
	}
	for _, name := range order {
		if err := calls(r)[name](t.Context()); err != nil {
			t.Errorf("%s after the crash says %v", name, err)
		}
	}
}

// insist calls until it succeeds: after several failures in a row the client does not try to connect before a second is over.
func insist(t *testing.T, call func(ctx context.Context) error) {
	t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(time.Minute); ; <-ticker.C {
		err := call(t.Context())
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still %v", err)
		}
	}
}

// A Redis that hangs keeps nobody waiting for longer than the registry's time or the caller's, whichever is shorter. What it
// does when it goes on is done once.
func TestRedisHangs(t *testing.T) {
	for name, test := range map[string]struct{ ours, callers time.Duration }{
		"registry's time": {100 * time.Millisecond, time.Hour},
		"caller's time":   {time.Hour, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			client := connect(t, server.URL()) // with time-outs of its own that are much longer
			r := prepared(t, client, timeout)
			version := renew(t, r, "a", 0).Version
			r.timeout = test.ours
			if err := syscall.Kill(server.PID(), syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			for name, call := range calls(r) {
				ctx, cancel := context.WithTimeout(t.Context(), test.callers)
				begun := time.Now()
				err := call(ctx)
				cancel()
				if took := time.Since(begun); took >= timeout/2 {
					t.Errorf("%s of a Redis that hangs takes %v", name, took)
					break
				}
				if err == nil || !strings.Contains(err.Error(), "no answer from Redis in time") {
					t.Errorf("%s of a Redis that hangs says %v", name, err)
				}
			}
			if err := syscall.Kill(server.PID(), syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			r.timeout = timeout
			for range 2 {
				if _, err := r.Claim(t.Context(), "a", []int{5}); err != nil {
					t.Error(err)
				}
			}
			if view := renew(t, r, "a", 0); view.Version <= version || view.Holders[5] != "a" {
				t.Errorf("afterwards there is %+v", view)
			}
		})
	}
}

func TestScriptsAreFlushed(t *testing.T) {
	_, client := start(t)
	r := prepared(t, client, timeout)
	for range 3 {
		command(t, client, "SCRIPT", "FLUSH")
		renew(t, r, "a", 0)
		claim(t, r, "a", 1, 2)
	}
}

// What Redis refuses has not happened, not even in part; it is explained, and happens when the cause is gone.
func TestRedisRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		spoil, mend []any
		says        string
	}{
		"no memory":        {[]any{"CONFIG", "SET", "maxmemory", "1"}, []any{"CONFIG", "SET", "maxmemory", "256mb"}, "no memory left"},
		"replica":          {[]any{"REPLICAOF", "127.0.0.1", "1"}, []any{"REPLICAOF", "NO", "ONE"}, "a replica"},
		"too few replicas": {[]any{"CONFIG", "SET", "min-replicas-to-write", "1"}, []any{"CONFIG", "SET", "min-replicas-to-write", "0"}, "too few replicas"},
		"not allowed":      {[]any{"ACL", "SETUSER", "default", "-evalsha"}, []any{"ACL", "SETUSER", "default", "+evalsha"}, "may not run"},
	} {
		t.Run(name, func(t *testing.T) {
			_, client := start(t)
			r := prepared(t, client, timeout)
			dump := func() string {
				text := ""
				for _, key := range r.keys {
					text += key + client.Dump(t.Context(), key).Val()
				}
				return text
			}
			before := dump()
			command(t, client, test.spoil...)
			for name, call := range calls(r) {
				err := call(t.Context())
				if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "nothing was done") {
					t.Errorf("%s says %v, want %q", name, err, test.says)
				}
			}
			if after := dump(); after != before {
				t.Errorf("what was refused has been done:\n%q, and was\n%q", after, before)
			}
			command(t, client, test.mend...)
			for _, name := range order {
				if err := calls(r)[name](t.Context()); err != nil {
					t.Errorf("%s, with the cause gone, says %v", name, err)
				}
			}
		})
	}
}
