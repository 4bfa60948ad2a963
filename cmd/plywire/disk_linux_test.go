package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plywire/plywire/loadtest"
	"github.com/plywire/plywire/loadtest/process"
)

// smallDisk mounts a disk of 64 MiB, in memory, which needs the rights for it. A log of the store takes 18 MiB from the start.
func smallDisk(t *testing.T) string {
	t.Helper()
	at := t.TempDir()
	if err := syscall.Mount("tmpfs", at, "tmpfs", 0, "size=64m"); err != nil {
		t.Skip("a small disk cannot be mounted here: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return at
}

// fill writes a file until no more is free than that.
func fill(disk string, leave uint64) (ballast string, err error) {
	ballast = filepath.Join(disk, "ballast")
	file, err := os.Create(ballast)
	if err != nil {
		return "", err
	}
	defer file.Close()
	block := make([]byte, 64<<10)
	for {
		var free syscall.Statfs_t
		if err := syscall.Statfs(disk, &free); err != nil || free.Bavail*uint64(free.Bsize) <= leave {
			return ballast, err
		}
		if _, err := file.Write(block); err != nil && !errors.Is(err, syscall.ENOSPC) {
			return "", err
		}
	}
}

// onSmallDisk plays games on a server whose data are on a small disk, and calls full in the middle of them, when the disk has
// been filled but for so much. All games have to come to their end.
func onSmallDisk(t *testing.T, freeMin string, leave uint64, full func(s *testServer, ballast string)) {
	const concurrency = 20
	files, games := realGames(t, concurrency)
	disk := smallDisk(t)
	s := startProcess(t, "--limits", "off", "--test-clock", "--data", filepath.Join(disk, "kept"), "--disk-free-min", freeMin)
	config := loadtest.DefaultConfig()
	config.Server, config.Files, config.Games, config.Concurrency = s.url, files, games, concurrency
	config.Rate = 200
	mark, done := make(chan struct{}), make(chan struct{})
	config.Moved = func(total int64) {
		if total == 200 {
			close(mark)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	go func() {
		defer close(done)
		select {
		case <-mark:
			ballast, err := fill(disk, leave)
			if err == nil {
				full(s, ballast)
			}
			if err != nil || t.Failed() {
				t.Error(err)
				cancel()
			}
		case <-ctx.Done():
		}
	}()
	report, err := loadtest.Run(ctx, config)
	<-done
	t.Logf("\n%s", report)
	if err := errors.Join(err, report.Err()); err != nil || report.Games != games || report.Lost != 0 || report.Doubled != 0 {
		t.Fatal(err)
	}
}

// TestDiskFull fills the disk while games are played: the server ends by itself, and says why; when there is room and it is
// started again, the games go on, and nothing that was acknowledged is lost.
func TestDiskFull(t *testing.T) {
	onSmallDisk(t, "0", 0, func(s *testServer, ballast string) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := s.Wait(ctx); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("on a full disk the server ended with %v, want exit status 1", err)
		}
		if text := s.log.String(); !strings.Contains(text, "plywire: the store in") || !strings.Contains(text, "no space left on device") {
			t.Errorf("it does not say why:\n%s", text)
		}
		if err := os.Remove(ballast); err != nil {
			t.Error(err)
		}
		s.start()
	})
}

// TestDiskNearlyFull does the same to a server that keeps some of the disk free: it waits until there is room, and goes on.
func TestDiskNearlyFull(t *testing.T) {
	onSmallDisk(t, "16777216", 8<<20, func(s *testServer, ballast string) {
		pid := s.PID()
		says(t, s.log, "the disk is nearly full")
		if err := os.Remove(ballast); err != nil {
			t.Error(err)
		}
		says(t, s.log, "there is free space again")
		if s.PID() != pid {
			t.Error("the server has ended")
		}
	})
}

// says waits until the log has some words.
func says(t *testing.T, log *process.Tail, words string) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for tick := time.NewTicker(10 * time.Millisecond); !strings.Contains(log.String(), words); {
		select {
		case <-tick.C:
		case <-limit:
			t.Errorf("the server does not say %q", words)
			return
		}
	}
}
