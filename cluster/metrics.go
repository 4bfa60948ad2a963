package cluster

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what the node does as a part of the cluster.
type metrics struct {
	beats           prometheus.Histogram
	beatsFailed     prometheus.Counter
	forwarded       prometheus.Counter
	waited          prometheus.Counter
	late            prometheus.Counter
	crowded         prometheus.Counter
	full            prometheus.Counter
	lost            prometheus.Counter
	took            prometheus.Histogram
	handOvers       prometheus.Counter
	handOversFailed prometheus.Counter
	pause           prometheus.Histogram
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "plywire_cluster_" + name, Help: help})
		registerer.MustRegister(c)
		return c
	}
	histogram := func(name, help string) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "plywire_cluster_" + name, Help: help, Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16)})
		registerer.MustRegister(h)
		return h
	}
	return &metrics{
		beats:           histogram("renewal_seconds", "Time that a renewal of this node's lease takes."),
		beatsFailed:     counter("renewals_failed_total", "Renewals of this node's lease that failed."),
		forwarded:       counter("forwarded_total", "Commands sent to other nodes."),
		waited:          counter("waited_total", "Commands that waited because nobody served their shard."),
		late:            counter("late_total", "Commands refused because nobody has served their shard in time."),
		crowded:         counter("crowded_total", "Commands refused because too many waited."),
		full:            counter("link_full_total", "Times that a link to another node was full."),
		lost:            counter("lost_total", "Shards that stopped here because another node took them or they failed."),
		took:            histogram("take_seconds", "Time from taking a shard over until it is served."),
		handOvers:       counter("hand_overs_total", "Shards handed over to other nodes."),
		handOversFailed: counter("hand_overs_failed_total", "Shards that could not be handed over at first."),
		pause:           histogram("hand_over_pause_seconds", "Time for which nobody served a shard while it was handed over."),
	}
}

// gauges registers what is asked when it is looked at.
func (n *Node) gauges(registerer prometheus.Registerer) {
	gauge := func(name, help string, value func() float64) {
		registerer.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "plywire_cluster_" + name, Help: help}, value))
	}
	gauge("waiting", "Commands that wait because nobody serves their shard.", func() float64 { return float64(n.held.Load()) })
	gauge("members", "Nodes with a lease, as this one sees them.", func() float64 {
		n.mu.Lock()
		defer n.mu.Unlock()
		count := 0
		for _, m := range n.view.Members {
			if m.Left > 0 {
				count++
			}
		}
		return float64(count)
	})
	gauge("links", "Other nodes to which there is a link.", func() float64 {
		n.mu.Lock()
		defer n.mu.Unlock()
		count := 0
		for _, p := range n.peers {
			if p.live() {
				count++
			}
		}
		return float64(count)
	})
	gauge("shards", "Shards served here.", func() float64 {
		if n.shards == nil {
			return 0
		}
		return float64(n.shards.Here())
	})
}
