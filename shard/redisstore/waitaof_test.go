package redisstore

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/redisstore/redistest"
)

// synced stands before a Redis that does not know WAITAOF yet, and answers it: the replicas by WAIT, the server's own disk as
// the test says. The order of WAITAOF's answer and its errors are those of its documentation; no Redis that has it was asked.
type synced struct {
	net.Listener
	local atomic.Bool
	asked atomic.Int64
}

func startSynced(t *testing.T, to string) *synced {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &synced{Listener: l}
	p.local.Store(true)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			serving.Go(func() { p.serve(near, far) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return p
}

// serve passes on a command and its answer, one after the other.
func (p *synced) serve(near, far net.Conn) {
	defer near.Close()
	defer far.Close()
	asking, answering := bufio.NewReader(near), bufio.NewReader(far)
	for {
		raw, words, err := readValue(asking)
		if err != nil {
			return
		}
		disk := len(words) == 4 && strings.EqualFold(words[0], "waitaof")
		if disk {
			p.asked.Add(1)
			raw = fmt.Sprintf("*3\r\n$4\r\nWAIT\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(words[2]), words[2], len(words[3]), words[3])
		}
		if _, err := io.WriteString(far, raw); err != nil {
			return
		}
		answer, _, err := readValue(answering)
		if err != nil {
			return
		}
		if disk && strings.HasPrefix(answer, ":") {
			local := 0
			if p.local.Load() {
				local = 1
			}
			answer = fmt.Sprintf("*2\r\n:%d\r\n%s", local, answer)
		}
		if _, err := io.WriteString(near, answer); err != nil {
			return
		}
	}
}

// readValue reads a value as it is on the wire (RESP, "Redis serialization protocol specification"), and the strings in it.
func readValue(in *bufio.Reader) (raw string, words []string, err error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return "", nil, err
	}
	n, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
	switch line[0] {
	case '$', '=', '!':
		if n < 0 {
			return line, nil, nil
		}
		text := make([]byte, n+2)
		_, err := io.ReadFull(in, text)
		return line + string(text), []string{string(text[:n])}, err
	case '%':
		n *= 2
		fallthrough
	case '*', '~', '>':
		raw = line
		for range n {
			part, more, err := readValue(in)
			if err != nil {
				return "", nil, err
			}
			raw, words = raw+part, append(words, more...)
		}
		return raw, words, nil
	}
	return line, nil, nil
}

// With durability fsync a move counts when Redis says that the disk has it, and the replicas' disks.
func TestDiskIsWaitedFor(t *testing.T) {
	_, replicas, cfg := replicated(t, 1)
	host := strings.TrimPrefix(cfg.URL, "redis://")
	p := startSynced(t, host)
	cfg.URL, cfg.Durability, cfg.ReadTimeout = "redis://"+p.Addr().String(), Fsync, time.Second
	s := mustOpen(t, cfg)
	if !s.promise.waitAOF {
		t.Fatal("it does not ask for the disk")
	}
	w := newWriter(t, s, 3)
	before := p.asked.Load()
	w.insist(w.batch(2))
	if p.asked.Load() == before {
		t.Error("nobody has asked for the disk")
	}
	p.local.Store(false)
	b := w.batch(1)
	if err := w.commit(b); !errors.Is(err, shard.ErrUnknown) || !strings.Contains(err.Error(), "on its disk") {
		t.Errorf("a commit that the disk does not have says %v, want %v", err, shard.ErrUnknown)
	}
	if _, err := s.Acquire(t.Context(), 4); !errors.Is(err, shard.ErrUnknown) {
		t.Errorf("Acquire says %v, want %v", err, shard.ErrUnknown)
	}
	p.local.Store(true)
	w.insist(b)
	if err := replicas[0].Kill(); err != nil {
		t.Fatal(err)
	}
	b = w.batch(1)
	for range 2 {
		if err := w.commit(b); !errors.Is(err, shard.ErrUnknown) {
			t.Errorf("without the replica a commit says %v, want %v", err, shard.ErrUnknown)
		}
	}
	replicas[0].Again(t)
	w.insist(b)
	w.check()
}

// A Redis without WAITAOF is good enough for durability fsync if it syncs before it answers, and else refused.
func TestDiskOfAnOldRedis(t *testing.T) {
	r := redistest.Start(t)
	client := redistest.Client(t, r.URL())
	if err := client.Do(t.Context(), "waitaof", 1, 0, 1).Err(); err == nil {
		t.Skip("this Redis has WAITAOF")
	}
	cfg := config(t, r.URL())
	cfg.Durability = Fsync
	s := mustOpen(t, cfg)
	w := newWriter(t, s, 3)
	w.insist(w.batch(2))
	redistest.Replicas(t, r, 1)
	b := w.batch(1)
	if err := w.commit(b); !errors.Is(err, shard.ErrUnknown) {
		t.Errorf("with a replica that is new a commit says %v, want %v", err, shard.ErrUnknown)
	}
	if err := w.commit(b); err != nil {
		t.Errorf("when it is known a commit says %v", err)
	}
	if err := client.ConfigSet(t.Context(), "appendfsync", "everysec").Err(); err != nil {
		t.Fatal(err)
	}
	if problems := strings.Join(s.problems(t.Context(), mustAsk(t, s), map[string]int{}), "\n"); !strings.Contains(problems, "set it to always") {
		t.Errorf("nobody sees that Redis does not sync any more: %q", problems)
	}
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "set it to always, or take a newer Redis") {
		t.Errorf("Open says %v", err)
	}
}
