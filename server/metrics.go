package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plywire/plywire/shard/localstore"
)

// observeStore counts what the embedded store does.
func observeStore(registerer prometheus.Registerer) localstore.Observer {
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "plywire_store_" + name, Help: help, Buckets: buckets})
		registerer.MustRegister(h)
		return h
	}
	syncTime := histogram("sync_seconds", "Time for one write to disk and its sync.", prometheus.ExponentialBuckets(0.00005, 2, 18))
	syncBatches := histogram("sync_batches", "Batches of shards that share one sync.", prometheus.ExponentialBuckets(1, 2, 10))
	syncEntries := histogram("sync_entries", "Events that share one sync.", prometheus.ExponentialBuckets(1, 2, 14))
	written := prometheus.NewCounter(prometheus.CounterOpts{Name: "plywire_store_bytes_total", Help: "Bytes of events and snapshots made durable."})
	forgotten := prometheus.NewCounter(prometheus.CounterOpts{Name: "plywire_store_forgotten_total", Help: "Ended games removed because their time of keeping was over."})
	registerer.MustRegister(written, forgotten)
	return localstore.Observer{
		Synced: func(batches, entries, bytes int, took time.Duration) {
			syncTime.Observe(took.Seconds())
			syncBatches.Observe(float64(batches))
			syncEntries.Observe(float64(entries))
			written.Add(float64(bytes))
		},
		Forgotten: func(actors int) { forgotten.Add(float64(actors)) },
	}
}

// recovered notes how long it took to bring back the games at the start.
func (s *Server) recovered(took time.Duration) {
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "plywire_recovery_seconds", Help: "Time that it took at the start to take over the shards and bring back their games."})
	gauge.Set(took.Seconds())
	s.registry.MustRegister(gauge)
}
