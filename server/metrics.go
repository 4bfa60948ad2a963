package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plywire/plywire/cluster/link"
	"github.com/plywire/plywire/shard/localstore"
	"github.com/plywire/plywire/shard/redisstore"
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

// observeRedis counts what the store in Redis does.
func observeRedis(registerer prometheus.Registerer) redisstore.Observer {
	commitTime := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "plywire_store_commit_seconds", Help: "Time from a batch's coming to the store until Redis has said that it is durable.",
		Buckets: prometheus.ExponentialBuckets(0.00005, 2, 18)})
	batches := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "plywire_store_request_batches", Help: "Batches of shards that share one request.",
		Buckets: prometheus.ExponentialBuckets(1, 2, 10)})
	written := prometheus.NewCounter(prometheus.CounterOpts{Name: "plywire_store_bytes_total", Help: "Bytes of events and snapshots sent to the store, about."})
	unsure := prometheus.NewCounter(prometheus.CounterOpts{Name: "plywire_store_unsure_total", Help: "Batches whose fate was not known at first, because Redis did not answer in time or at all. They were put again."})
	forgotten := prometheus.NewCounter(prometheus.CounterOpts{Name: "plywire_store_forgotten_total", Help: "Ended games removed because their time of keeping was over."})
	registerer.MustRegister(commitTime, batches, written, unsure, forgotten)
	return redisstore.Observer{
		Committed: func(took time.Duration) { commitTime.Observe(took.Seconds()) },
		Sent: func(n, bytes int) {
			batches.Observe(float64(n))
			written.Add(float64(bytes))
		},
		Forgotten: func(actors int) { forgotten.Add(float64(actors)) },
		Unsure:    unsure.Inc,
	}
}

// observeLinks counts what goes over the links to other nodes.
func observeLinks(registerer prometheus.Registerer) link.Observer {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "plywire_link_" + name, Help: help})
		registerer.MustRegister(c)
		return c
	}
	sent, received := counter("frames_sent_total", "Messages sent to other nodes."), counter("frames_received_total", "Messages from other nodes.")
	writes := counter("writes_total", "Writes to other nodes, each of which may hold many messages.")
	bytesSent, bytesReceived := counter("bytes_sent_total", "Bytes sent to other nodes, before encryption."), counter("bytes_received_total", "Bytes from other nodes, after decryption.")
	full, down := counter("full_total", "Messages refused because a node takes less than it is sent."), counter("down_total", "Connections to and from other nodes that have ended.")
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "plywire_link_refused_total", Help: "Attempts to connect, from here or to here, that came to nothing, by reason."}, []string{"reason"})
	registerer.MustRegister(refused)
	return link.Observer{
		Sent: func(frames, bytes int) {
			writes.Inc()
			sent.Add(float64(frames))
			bytesSent.Add(float64(bytes))
		},
		Received: func(frames, bytes int) {
			received.Add(float64(frames))
			bytesReceived.Add(float64(bytes))
		},
		Full:    full.Inc,
		Refused: func(reason link.Reason) { refused.WithLabelValues(string(reason)).Inc() },
		Down:    func(error) { down.Inc() },
	}
}

// recovered notes how long it took to bring back the games at the start.
func (s *Server) recovered(took time.Duration) {
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "plywire_recovery_seconds", Help: "Time that it took at the start to take over the shards and bring back their games."})
	gauge.Set(took.Seconds())
	s.registry.MustRegister(gauge)
}
