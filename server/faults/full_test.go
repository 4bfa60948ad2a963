package faults

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/plywire/plywire/server"
	"github.com/plywire/plywire/wire"
)

// stopMax is how long a server may take to end after its disk has failed, beside what it gives to its clients.
const stopMax = 5 * time.Second

// TestServerEndsWhenItsDiskFails looks at what a server does whose disk has failed: it acknowledges nothing more, is ready no
// more, tells its clients to go, and ends soon, with what has to be done. On another disk all that was acknowledged is there.
func TestServerEndsWhenItsDiskFails(t *testing.T) {
	for name, fault := range map[string]struct {
		cause error
		fail  func(d *drive)
	}{
		"sync fails": {syscall.EIO, func(d *drive) { d.fail(syscall.EIO) }},
		"full":       {syscall.ENOSPC, func(d *drive) { d.fill(100) }},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, 1)
			m.change = func(c *server.Config) { c.Gateway.DrainWithin = 2 * time.Second }
			launch(t, m)
			g := sitDown(t, m.cable.url())
			g.moves(5)
			acknowledged := g.last()
			l := m.present()
			fault.fail(m.drive)
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			err := g.move(ctx)
			cancel()
			if err == nil {
				t.Error("a move is acknowledged on a disk that has failed")
			}
			refused := false
			for ; m.Running(); refused = refused || status(l.url+"/readyz") == http.StatusServiceUnavailable {
				if time.Since(began) > stopMax {
					t.Fatalf("the server has not ended after %v:\n%s", stopMax, m.log)
				}
			}
			if !refused {
				t.Error("the server was ready until its end")
			}
			text := l.err.Error()
			if !errors.Is(l.err, fault.cause) || !strings.Contains(text, "store") || strings.Count(text, "repair or free the disk, then start again") != 1 {
				t.Errorf("the server ended with %q", text)
			}
			if err := m.Kill(); err != nil {
				t.Fatal(err)
			}
			launch(t, m)
			history := g.history(m.cable.url())
			for seq, move := range g.acks {
				if seq > acknowledged {
					t.Errorf("event %d was acknowledged after the fault", seq)
				} else if uint64(len(history)) < seq || *history[seq-1].Move != move {
					t.Errorf("event %d, %s, was acknowledged and is lost", seq, move)
				}
			}
			g.ply = plies(history) // the move without an answer may have been made
			g.moves(2)
		})
	}
}

// TestDiskNearlyFull has the disk come near to its end: nothing new is acknowledged or seen by anybody, what has nothing on
// its way can be read, nothing ends, and when there is room again, the same command is carried out, once.
func TestDiskNearlyFull(t *testing.T) {
	const least = 1 << 20
	m := newMachine(t, 1)
	m.change = func(c *server.Config) {
		c.Store.FreeBytesMin = least
		c.Shard.StallAfter = 10 * time.Minute // a busy machine that stands still would put clocks right, which is something on its way
	}
	free := func(bytes uint64, says string) {
		already := strings.Count(m.log.String(), says)
		m.drive.memory.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: bytes, TotalBytes: 1 << 40})
		await(t, says, func() bool { return strings.Count(m.log.String(), says) > already })
	}
	m.drive.memory.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: least, TotalBytes: 1 << 40})
	launch(t, m)
	g, other := sitDown(t, m.cable.url()), sitDown(t, m.cable.url())
	g.moves(3)
	other.moves(3)

	free(least-1, "the disk is nearly full")
	move, ply := next(g.ply), g.ply
	request := wire.Request{Type: wire.TypeMove, ID: uuid.NewString(), Game: g.id, Ply: &ply, Move: &move}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := g.players[ply%2].Do(ctx, request); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a move on a disk that is nearly full: %v, want no answer", err)
	}
	if history := other.history(m.cable.url()); plies(history) != other.ply {
		t.Errorf("another game has %d plies, want %d", plies(history), other.ply)
	}

	free(least, "there is free space again")
	answer, err := g.players[ply%2].Do(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	g.ply++
	g.acks[answer.Seq] = move
	g.moves(3)
	other.moves(3)
	if history := g.history(m.cable.url()); plies(history) != g.ply || *history[answer.Seq-1].Move != move {
		t.Errorf("the game has %d plies, want %d", plies(history), g.ply)
	}

	stop(t, m)
	m.drive.memory.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: least - 1, TotalBytes: 1 << 40})
	if err := m.Launch(); err != nil {
		t.Fatal(err)
	}
	if err := m.present().ended(); err == nil || !strings.Contains(err.Error(), "1 MiB free") {
		t.Errorf("a server on a disk that is nearly full: %v", err)
	}
}

// await waits for a condition.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for tick := time.NewTicker(10 * time.Millisecond); !holds(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain for %q", what)
		}
	}
}
