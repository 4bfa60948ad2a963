package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/plywire/plywire/client"
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
			"--limits", "off", "--drain-within", "0s", "--redis", r.URL(), "--shards", "16",
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

// A node that is frozen while another takes over, and wakes with a move in its hands, acknowledges nothing and ends; the game
// goes on where it was.
func TestFrozenOwnerIsFenced(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	secret := strings.Repeat("0123456789abcdef", 4)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	connect := func(s *testServer, user string) *client.Client {
		t.Helper()
		cfg := client.DefaultConfig(s.url)
		cfg.Token = func(context.Context) (string, error) {
			claims := jwt.MapClaims{"sub": user, "exp": time.Now().Add(time.Hour).Unix()}
			return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
		}
		c, err := client.Connect(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	r := redistest.Start(t)
	flags := []string{"--redis", r.URL(), "--jwt-key", key, "--shards", "16", "--upkeep-interval", "200ms"}
	frozen := startProcess(t, flags...)
	white, black := connect(frozen, "white"), connect(frozen, "black")
	id, err := white.Create(t.Context(), client.Terms{Rules: "chess", Seat: "white"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := black.Join(t.Context(), id, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := white.Move(t.Context(), id, 0, "e2e4"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(frozen.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	awaited, give := context.WithCancel(t.Context())
	defer give()
	answer := make(chan error, 1)
	go func() {
		_, err := black.Move(awaited, id, 1, "e7e5") // waits in the frozen node's socket
		answer <- err
	}()
	owner := startProcess(t, flags...)
	if _, err := connect(owner, "black").Move(t.Context(), id, 1, "c7c5"); err != nil {
		t.Errorf("the new owner does not go on: %v", err)
	}
	if err := syscall.Kill(frozen.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := frozen.Wait(ctx); err == nil || !strings.Contains(frozen.log.String(), "fenced") {
		t.Errorf("the frozen node ends with %v, and says\n%s", err, frozen.log)
	}
	give()
	if err := <-answer; err == nil {
		t.Error("the frozen node has acknowledged a move")
	}
	if _, err := connect(owner, "white").Move(t.Context(), id, 2, "g1f3"); err != nil {
		t.Errorf("the game does not go on: %v", err)
	}
}
