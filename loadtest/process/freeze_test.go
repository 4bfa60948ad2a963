//go:build linux

package process

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"
)

// TestFrozen freezes a server that is asked all the time, again and again: from then on it uses no CPU and answers nothing, and
// what it was asked while it was frozen it answers when it is thawed.
func TestFrozen(t *testing.T) {
	config, _ := serving(t)
	p := start(t, config)
	for range 5 {
		busy, cancel := context.WithCancel(t.Context())
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			for busy.Err() == nil {
				_ = config.Ready(busy)
			}
		}()
		if err := p.Freeze(); err != nil {
			t.Fatal(err)
		}
		cancel()
		<-asked
		if still, err := stands(p.PID()); err != nil || !still {
			t.Fatalf("it does not stand still: %v", err)
		}
		before, err := p.CPU()
		if err != nil {
			t.Fatal(err)
		}
		answered := make(chan error, 1)
		go func() { answered <- config.Ready(t.Context()) }()
		select {
		case err := <-answered:
			t.Fatalf("a frozen server answers: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
		if after, err := p.CPU(); err != nil || after != before {
			t.Errorf("CPU %v, and %v before: %v", after, before, err)
		}
		if err := p.Thaw(); err != nil {
			t.Fatal(err)
		}
		if err := <-answered; err != nil {
			t.Errorf("thawed it does not answer: %v", err)
		}
	}
	if err := p.Thaw(); err != nil {
		t.Errorf("what is not frozen cannot be thawed: %v", err)
	}
}

// TestFrozenIsKilled kills a frozen process, and starts it again.
func TestFrozenIsKilled(t *testing.T) {
	config, _ := serving(t)
	p := start(t, config)
	if err := errors.Join(p.Freeze(), p.Kill()); err != nil || p.Running() {
		t.Fatalf("kill: %v, running %v", err, p.Running())
	}
	for what, err := range map[string]error{"freeze": p.Freeze(), "thaw": p.Thaw()} {
		if !errors.Is(err, ErrNotRunning) {
			t.Errorf("%s of what was killed: %v", what, err)
		}
	}
	if err := errors.Join(p.Launch(), p.WaitReady(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// TestFrozenIsTerminated kills what cannot hear that it is to end.
func TestFrozenIsTerminated(t *testing.T) {
	config, _ := serving(t)
	p := start(t, config)
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := p.Terminate(ctx); !errors.Is(err, context.DeadlineExceeded) || p.Running() {
		t.Errorf("terminate: %v, running %v", err, p.Running())
	}
}

// TestStands knows a process that runs, and none.
func TestStands(t *testing.T) {
	if still, err := stands(os.Getpid()); err != nil || still {
		t.Errorf("this process stands still: %v, %v", still, err)
	}
	if still, _ := stands(1 << 30); still {
		t.Error("a process that is not there stands still")
	}
}
