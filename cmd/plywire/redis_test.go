package main

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/plywire/plywire/loadtest/crashtest"
	"github.com/plywire/plywire/loadtest/process"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// together is a server and the Redis under it, which die in turns: the server alone, then both in one moment.
type together struct {
	*process.Process
	redis  *redistest.Server
	deaths int
	both   int
}

func (d *together) Kill() error {
	d.deaths++
	if d.deaths%2 == 1 {
		return d.Process.Kill()
	}
	d.both++
	return errors.Join(d.redis.Kill(), d.Process.Kill())
}

func (d *together) Launch() error {
	if d.redis.Running() {
		return d.Process.Launch()
	}
	return errors.Join(d.redis.Launch(), d.redis.WaitReady(context.Background()), d.Process.Launch())
}

// TestCrashesInRedis kills a server whose games are in Redis, and every other time Redis with it.
func TestCrashesInRedis(t *testing.T) {
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	r := redistest.Start(t)
	d := &together{redis: r}
	config := crashtest.DefaultConfig()
	config.Folder, config.Kills, config.Games, config.Seed = t.TempDir(), 10, 20, 7
	config.Again, config.Timeout = 0.5, 3*time.Minute
	var log process.Tail
	config.Server = func(key string) (crashtest.Server, string, error) {
		address, err := process.FreeAddress()
		if err != nil {
			return nil, "", err
		}
		url := "http://" + address
		d.Process, err = process.New(process.Config{Binary: binary, Log: &log, Ready: process.ReadyAt(url), Args: []string{
			"serve", "--listen", address, "--admin", "off", "--data", filepath.Join(config.Folder, "served"), "--jwt-key", key,
			"--limits", "off", "--drain-within", "0s", "--redis", r.URL(), "--shards", "16", "--link", "127.0.0.1:0",
			"--snapshot-events", "4", "--snapshot-interval", "200ms", "--upkeep-interval", "50ms"}})
		return d, url, err
	}
	report, err := crashtest.Run(t.Context(), config)
	t.Logf("\n%s", report)
	if err := errors.Join(err, report.Err()); err != nil {
		t.Fatalf("%v\nthe server said\n%s", err, &log)
	}
	if report.Kills != config.Kills || report.FlyingMin < config.Games/2 || d.both == 0 {
		t.Errorf("the kills were not felt, %d of both: %+v", d.both, report)
	}
}
