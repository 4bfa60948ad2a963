package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the server that is run.
func TestMain(m *testing.M) {
	switch os.Getenv("PROCESS_TEST") {
	case "serve":
		serve()
	case "parent":
		parent()
	case "environment":
		fmt.Printf("%q %q %q\n", os.Getenv("PLYWIRE_LISTEN"), os.Getenv("PLYWIRE_DATA"), os.Getenv("PROCESS_TEST_READY"))
	case "fail":
		fmt.Println("no such luck")
		os.Exit(3)
	default:
		os.Exit(m.Run())
	}
}

// serve is ready at once, until it is told to stop; or never, where it is told so.
func serve() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	status := http.StatusOK
	if os.Getenv("PROCESS_TEST_READY") == "never" {
		status = http.StatusServiceUnavailable
	}
	go func() {
		err := http.ListenAndServe(os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		fmt.Println(err)
		os.Exit(1)
	}()
	fmt.Println("serving")
	<-ctx.Done()
	if os.Getenv("PROCESS_TEST_STOP") == "never" {
		select {}
	}
}

// parent starts a server, tells its number, and dies without ending it.
func parent() {
	p, err := Start(context.Background(), Config{Args: os.Args[1:], Env: []string{"PROCESS_TEST=serve"}, Ready: ReadyAt("http://" + os.Args[1])})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(p.PID())
	kill(os.Getpid())
}

func kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

func serving(t *testing.T, env ...string) (Config, *Tail) {
	t.Helper()
	address, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	log := new(Tail)
	return Config{Args: []string{address}, Env: append(env, "PROCESS_TEST=serve"), Log: log, Ready: ReadyAt("http://" + address)}, log
}

func start(t *testing.T, config Config) *Process {
	t.Helper()
	p, err := Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// TestKilledAndStartedAgain does so on the same port, again and again.
func TestKilledAndStartedAgain(t *testing.T) {
	config, log := serving(t)
	p := start(t, config)
	pids := map[int]bool{p.PID(): true}
	if err := p.Launch(); err == nil {
		t.Error("it was started while it ran")
	}
	for range 3 {
		if err := p.Kill(); err != nil || p.Running() || p.PID() != 0 {
			t.Fatalf("kill: %v, running %v", err, p.Running())
		}
		if err := config.Ready(t.Context()); err == nil {
			t.Fatal("what was killed answers")
		}
		if err := errors.Join(p.Launch(), p.WaitReady(t.Context())); err != nil {
			t.Fatal(err)
		}
		pids[p.PID()] = true
	}
	if len(pids) != 4 || strings.Count(log.String(), "serving") != 4 {
		t.Errorf("%d processes, the log says %q", len(pids), log.String())
	}
	if err := errors.Join(p.Kill(), p.Kill()); err != nil {
		t.Error("what does not run cannot be killed:", err)
	}
}

func TestTerminate(t *testing.T) {
	config, _ := serving(t)
	p := start(t, config)
	if err := p.Terminate(t.Context()); err != nil || p.Running() {
		t.Errorf("terminate: %v, running %v", err, p.Running())
	}
	if err := p.Terminate(t.Context()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("a second time: %v", err)
	}
	if err := p.Wait(t.Context()); err != nil {
		t.Errorf("wait: %v", err)
	}
}

// TestTerminateBounded kills what does not stop when it is told to.
func TestTerminateBounded(t *testing.T) {
	config, _ := serving(t, "PROCESS_TEST_STOP=never")
	p := start(t, config)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Terminate(ctx); !errors.Is(err, context.DeadlineExceeded) || p.Running() {
		t.Errorf("terminate: %v, running %v", err, p.Running())
	}
}

func TestStartFails(t *testing.T) {
	never, _ := serving(t, "PROCESS_TEST_READY=never")
	failing, log := serving(t)
	failing.Env = []string{"PROCESS_TEST=fail"}
	for name, test := range map[string]struct {
		config Config
		want   string
	}{
		"no such program": {Config{Binary: "no/such/program"}, "no such"},
		"never ready":     {never, "503"},
		"ends":            {failing, "exit status 3"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		p, err := Start(ctx, test.config)
		cancel()
		if err == nil || p != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one that says %q", name, err, test.want)
		}
	}
	if !strings.Contains(log.String(), "no such luck") {
		t.Errorf("the log says %q", log.String())
	}
	if never.Ready(t.Context()) == nil {
		t.Error("what never was ready runs still, and is")
	}
}

func TestMachine(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells of a process that runs")
	}
	config, _ := serving(t)
	p := start(t, config)
	rss, err := p.RSS()
	if err != nil || rss < 1<<20 || rss > 1<<30 {
		t.Errorf("%d bytes of memory: %v", rss, err)
	}
	deadline := time.Now().Add(30 * time.Second)
	cpu, err := p.CPU()
	for ; err == nil && cpu < 20*time.Millisecond && time.Now().Before(deadline); cpu, err = p.CPU() {
		_ = config.Ready(t.Context()) // which costs it something
	}
	if err != nil || cpu < 20*time.Millisecond {
		t.Errorf("CPU %v: %v", cpu, err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if after, err := p.CPU(); err != nil || after < cpu-10*time.Millisecond {
		t.Errorf("CPU %v after the end, %v before: %v", after, cpu, err)
	}
	if _, err := p.RSS(); !errors.Is(err, ErrNotRunning) {
		t.Errorf("memory after the end: %v", err)
	}
}

// TestDiesWithItsParent kills a process that has started a server: the server is gone, too.
func TestDiesWithItsParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux does it")
	}
	config, _ := serving(t)
	cmd := exec.Command(os.Args[0], config.Args...)
	cmd.Env = append(os.Environ(), "PROCESS_TEST=parent")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(out)
	_ = cmd.Wait()
	var pid int
	if _, err := fmt.Fscan(bytes.NewReader(text), &pid); err != nil {
		t.Fatalf("the parent said %q", text)
	}
	deadline := time.Now().Add(30 * time.Second)
	for config.Ready(t.Context()) == nil {
		if time.Now().After(deadline) {
			kill(pid)
			t.Fatal("the server outlives its parent")
		}
	}
}

func TestFreeAddress(t *testing.T) {
	address, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	port := netip.MustParseAddrPort(address).Port()
	l, err := net.Listen("tcp", address)
	if err != nil || port < portMin || port >= portEnd {
		t.Fatalf("%s: %v", address, err)
	}
	_ = l.Close()
}

// TestEnvironment keeps from the server what the flags of this process come from.
func TestEnvironment(t *testing.T) {
	t.Setenv("PLYWIRE_LISTEN", "inherited")
	t.Setenv("PROCESS_TEST_READY", "inherited")
	config, log := serving(t)
	config.Env, config.Ready = []string{"PROCESS_TEST=environment", "PLYWIRE_DATA=given"}, nil
	p := start(t, config)
	if err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := `"" "given" "inherited"`; strings.TrimSpace(log.String()) != want {
		t.Errorf("the environment is %s, want %s", log, want)
	}
}

func TestTailIsBounded(t *testing.T) {
	tail := new(Tail)
	for i := range 100 {
		fmt.Fprintf(tail, "%d%s", i, strings.Repeat(".", 10<<10))
	}
	if n := len(tail.String()); n > tailBytesMax || !strings.Contains(tail.String(), "99.") {
		t.Errorf("%d bytes are kept", n)
	}
}
