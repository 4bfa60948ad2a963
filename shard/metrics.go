package shard

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what the shards of a node do.
type metrics struct {
	latency       prometheus.Histogram
	commitTime    prometheus.Histogram
	batchEntries  prometheus.Histogram
	refused       prometheus.Counter
	retries       prometheus.Counter
	loads         prometheus.Counter
	restored      prometheus.Counter
	arrived       prometheus.Counter
	healed        prometheus.Counter
	passivated    prometheus.Counter
	snapshots     prometheus.Counter
	snapshotBytes prometheus.Counter
	trims         prometheus.Counter
	panics        prometheus.Counter
	quarantined   prometheus.Counter
	slowTurns     prometheus.Counter
	idleTicks     prometheus.Counter
	stalls        prometheus.Counter
	forwardRetry  prometheus.Counter
	forwardLost   prometheus.Counter
}

// newMetrics returns metrics registered with the registerer.
func newMetrics(registerer prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "plywire_shard_" + name, Help: help})
		registerer.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "plywire_shard_" + name, Help: help, Buckets: buckets})
		registerer.MustRegister(h)
		return h
	}
	return &metrics{
		latency:       histogram("command_seconds", "Time from a command's arrival to its answer being sent, which is after its events are durable.", prometheus.ExponentialBuckets(0.00005, 2, 18)),
		commitTime:    histogram("commit_seconds", "Time from a batch being given to the store to its being durable.", prometheus.ExponentialBuckets(0.00005, 2, 18)),
		batchEntries:  histogram("batch_entries", "Events in one batch of one shard.", prometheus.ExponentialBuckets(1, 2, 14)),
		refused:       counter("refused_total", "Commands refused because a mailbox or a batch was full, or the shard was not served."),
		retries:       counter("commit_retries_total", "Batches put to the store again because their fate was unknown or they were refused."),
		loads:         counter("loads_total", "Actors brought into memory because a command came for them."),
		restored:      counter("restored_total", "Actors brought into memory when a shard was taken over."),
		arrived:       counter("arrived_total", "Actors that came into memory from the node that served them before."),
		healed:        counter("healed_total", "Events that the store had lost and that were written again from memory. Alarm."),
		passivated:    counter("passivated_total", "Idle actors that left memory."),
		snapshots:     counter("snapshots_total", "Snapshots written."),
		snapshotBytes: counter("snapshot_bytes_total", "Bytes of snapshots written."),
		trims:         counter("trims_total", "Times that entries which snapshots cover were trimmed from a shard's journal."),
		panics:        counter("panics_total", "Panics of actors, and of those who hear what actors say."),
		quarantined:   counter("quarantined_total", "Actors quarantined."),
		slowTurns:     counter("slow_turns_total", "Turns that took longer than the limit."),
		idleTicks:     counter("idle_ticks_total", "Deadlines that passed and were not moved by their actor when it was told."),
		stalls:        counter("stalls_total", "Times at which the node did not run for a while."),
		forwardRetry:  counter("forward_retries_total", "Commands between actors that were tried again."),
		forwardLost:   counter("forward_lost_total", "Commands between actors that were given up; they are sent again when the shard is next taken over."),
	}
}

func (m *metrics) commit(b *batch, took time.Duration) {
	m.commitTime.Observe(took.Seconds())
	m.batchEntries.Observe(float64(len(b.Entries)))
}
