package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a plywire server in a process of its own, which can be killed and started again on the same data and port.
type process struct {
	t      *testing.T
	binary string
	flags  []string
	url    string

	mu  sync.Mutex
	cmd *exec.Cmd
	log bytes.Buffer
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
func startProcess(t *testing.T, flags ...string) *process {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	// The port is free now, and is used again after each kill.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	p := &process{t: t, binary: binary, url: "http://" + address,
		flags: append([]string{"--listen", address, "--admin", "off", "--data", t.TempDir(), "--disk-free-min", "0"}, flags...)}
	p.start()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the server said:\n%s", p.log.String())
		}
	})
	return p
}

// start starts the process and waits until it is ready.
func (p *process) start() {
	p.t.Helper()
	cmd := exec.Command(p.binary, p.flags...)
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	p.cmd = cmd
	p.mu.Unlock()
	deadline := time.Now().Add(time.Minute)
	for tick := time.NewTicker(10 * time.Millisecond); ; <-tick.C {
		response, err := http.Get(p.url + "/readyz")
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("the server is not ready: %v\n%s", err, p.log.String())
		}
	}
}

// kill ends the process with SIGKILL and waits for it to be gone.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.cmd = nil
}

// terminate ends the process with SIGTERM and returns its exit status.
func (p *process) terminate() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := p.cmd.Wait()
	p.cmd = nil
	return err
}
