package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/plywire/plywire/loadtest/process"
)

// testServer is a plywire server in a process of its own, which can be killed and started again on the same data and port.
type testServer struct {
	*process.Process
	t   *testing.T
	url string
	log *process.Tail
}

// build makes the binary, once for all tests.
var build = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "plywire-test-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(folder, "plywire")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return binary, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if binary, err := build(); err == nil {
		_ = os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

// startProcess starts a server on a free port with data of its own.
func startProcess(t *testing.T, flags ...string) *testServer {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	address, err := process.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	s := &testServer{t: t, url: "http://" + address, log: new(process.Tail)}
	config := process.Config{Binary: binary, Log: s.log, Ready: process.ReadyAt(s.url),
		Args: append([]string{"--listen", address, "--admin", "off", "--data", t.TempDir(), "--disk-free-min", "0"}, flags...)}
	if s.Process, err = process.New(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("the server said:\n%s", s.log)
		}
	})
	s.start()
	return s
}

// start starts the process, for the first time or again, and waits until it is ready.
func (s *testServer) start() {
	s.t.Helper()
	if err := s.Launch(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.WaitReady(s.t.Context()); err != nil {
		s.t.Fatalf("%v\n%s", err, s.log)
	}
}

// kill ends the process with SIGKILL and waits for it to be gone.
func (s *testServer) kill() {
	s.t.Helper()
	if err := s.Kill(); err != nil {
		s.t.Fatal(err)
	}
}

// terminate ends the process with SIGTERM and returns how it ended.
func (s *testServer) terminate() error { return s.Terminate(s.t.Context()) }
