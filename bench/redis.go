package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/plywire/plywire/loadtest/process"
)

// errNoRedis says that there is nothing to put a cluster on.
var errNoRedis = errors.New("redis-server is not in PATH: the parts of a cluster start one of their own; install Redis 7.0 or newer")

// redisSettings are those with which nothing acknowledged is lost: every write is synced to disk before it is answered.
var redisSettings = []string{"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory", "2gb", "--maxmemory-policy", "noeviction"}

// redis starts a redis-server on the loopback, with a folder of its own.
func (r *run) redis(ctx context.Context) (server *process.Process, url string, err error) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, "", errNoRedis
	}
	address, err := process.FreeAddress()
	if err != nil {
		return nil, "", err
	}
	folder, err := r.folder("redis")
	if err != nil {
		return nil, "", err
	}
	_, port, _ := net.SplitHostPort(address)
	args := append([]string{"--bind", "127.0.0.1", "--port", port, "--dir", folder, "--logfile", filepath.Join(folder, "log")}, redisSettings...)
	server, err = process.Start(ctx, process.Config{Binary: binary, Args: args, Ready: func(context.Context) error { return pingRedis(address) }})
	if err != nil {
		return nil, "", fmt.Errorf("redis-server: %w", err)
	}
	return server, "redis://" + address, nil
}

// pingRedis says whether a redis-server can be used.
func pingRedis(address string) error {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(answer, "+PONG") {
		err = fmt.Errorf("PING is answered with %q", answer)
	}
	return err
}
