package shard_test

import (
	"context"
	"encoding/binary"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/plywire/plywire/shard"
)

// instantStore commits at once and keeps nothing, so that a benchmark measures the shards alone.
type instantStore struct{ shards int }

func (s instantStore) Shards() int { return s.shards }

func (s instantStore) Acquire(context.Context, int) (shard.Token, error) {
	return shard.Token{Epoch: 1, Owner: uuid.UUID{1}}, nil
}

func (s instantStore) Recover(context.Context, int, shard.Token) (shard.Recovery, error) {
	return shard.Recovery{}, nil
}

func (s instantStore) Load(context.Context, int, shard.ID) (shard.Snapshot, error) {
	return shard.Snapshot{}, shard.ErrNoSnapshot
}

func (s instantStore) Read(context.Context, int, uint64, int) ([]shard.Entry, error) { return nil, nil }

func (s instantStore) Commit(_ *shard.Batch, done func(error)) { done(nil) }

func (s instantStore) Close() error { return nil }

// counter is an actor that allocates as little as an actor can: its events' bytes.
type counter struct {
	n      uint64
	events [1][]byte
}

type counters struct{}

func (counters) New(shard.ID) shard.Actor                      { return &counter{} }
func (counters) Restore(shard.ID, []byte) (shard.Actor, error) { return &counter{}, nil }

// counted is what a counter is asked and says, without an allocation.
var counted any = struct{}{}

func (c *counter) Receive(_ time.Time, body any) shard.Turn {
	if body == nil {
		return shard.Turn{Reply: counted}
	}
	c.n++
	c.events[0] = binary.BigEndian.AppendUint64(nil, c.n)
	return shard.Turn{Events: c.events[:], Reply: counted, Notice: counted}
}

func (c *counter) Apply([]byte) error               { return nil }
func (c *counter) AppendSnapshot(dst []byte) []byte { return binary.BigEndian.AppendUint64(dst, c.n) }
func (c *counter) Needs() shard.Needs               { return shard.Needs{} }
func (c *counter) Visible(time.Time)                {}

// tally is a Sender that counts.
type tally struct{ ok, failed atomic.Int64 }

func (a *tally) Answer(_ any, err error) {
	if err != nil {
		a.failed.Add(1)
		return
	}
	a.ok.Add(1)
}

func benchNode(b testing.TB, shards int) *shard.Node {
	node, err := shard.NewNode(shard.DefaultConfig(), instantStore{shards}, counters{}, silent{}, shard.RealTime(), prometheus.NewRegistry(), zerolog.Nop())
	must(b, err)
	must(b, node.Start(context.Background()))
	b.Cleanup(func() { must(b, node.Drain(context.Background())) })
	return node
}

// BenchmarkCommand is one command after the other to one shard, each with an event, a notice and an answer.
func BenchmarkCommand(b *testing.B) { benchCommands(b, counted) }

// BenchmarkRead is the same without an event.
func BenchmarkRead(b *testing.B) { benchCommands(b, nil) }

func benchCommands(b *testing.B, body any) {
	node, answers := benchNode(b, 1), &tally{}
	warm(node, answers)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_ = node.Send(shard.Command{Actor: shard.ID{1, byte(i)}, Body: body, Sender: answers, At: time.Now()})
	}
	if answers.failed.Load() > 0 {
		b.Fatalf("%d commands failed", answers.failed.Load())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
}

// BenchmarkParallel is commands from all processors to 256 shards.
func BenchmarkParallel(b *testing.B) {
	node, answers := benchNode(b, 256), &tally{}
	warm(node, answers)
	var next atomic.Uint64
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := next.Add(1) << 20; pb.Next(); i++ {
			_ = node.Send(shard.Command{Actor: shard.ID{1, byte(i), byte(i>>8) & 3}, Body: counted, Sender: answers, At: time.Now()})
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
}

// warm brings the actors of a benchmark into memory.
func warm(node *shard.Node, answers *tally) {
	sent := int64(0)
	for i := range 1024 {
		if node.Send(shard.Command{Actor: shard.ID{1, byte(i), byte(i>>8) & 3}, Body: counted, Sender: answers}) == nil {
			sent++
		}
	}
	for answers.ok.Load()+answers.failed.Load() < sent {
		runtime.Gosched() // until the store has said that it knows none of them
	}
	answers.failed.Store(0)
}
