package gateway

import (
	"strconv"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plywire/plywire/wire"
)

// metrics counts what the gateway does. Labels are types and codes of the protocol, never users or games.
type metrics struct {
	connections prometheus.Gauge
	refusals    *prometheus.CounterVec   // connections, by reason
	closes      *prometheus.CounterVec   // by code
	commands    *prometheus.CounterVec   // by type and outcome
	answers     *prometheus.HistogramVec // by type
	hellos      *prometheus.CounterVec   // by how
	slow        prometheus.Counter
	frames      prometheus.Counter
	sent        prometheus.Counter
	received    prometheus.Counter
	fanout      prometheus.Histogram
	roundTrip   prometheus.Histogram
	lost        prometheus.Counter
	heals       *prometheus.CounterVec // by outcome
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Name: "plywire_gateway_" + name, Help: help}
	}
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts(opts("connections", "WebSocket connections."))),
		refusals:    prometheus.NewCounterVec(prometheus.CounterOpts(opts("refusals_total", "Connections refused, by reason.")), []string{"reason"}),
		closes:      prometheus.NewCounterVec(prometheus.CounterOpts(opts("closes_total", "Connections that the server has closed, by code.")), []string{"code"}),
		commands:    prometheus.NewCounterVec(prometheus.CounterOpts(opts("commands_total", "Messages from clients, by type and outcome: ok or the error code.")), []string{"type", "outcome"}),
		answers: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "plywire_gateway_answer_seconds",
			Help:    "Time from a command's arrival to its ok being handed to the socket, which is after its events are durable, by type.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 17)}, []string{"type"}),
		hellos:    prometheus.NewCounterVec(prometheus.CounterOpts(opts("hellos_total", "Sessions begun, by how: guest, token, resume.")), []string{"how"}),
		slow:      prometheus.NewCounter(prometheus.CounterOpts(opts("slow_total", "Connections ended because they did not read fast enough."))),
		frames:    prometheus.NewCounter(prometheus.CounterOpts(opts("frames_sent_total", "Frames sent."))),
		sent:      prometheus.NewCounter(prometheus.CounterOpts(opts("messages_sent_total", "Messages sent; several may share a frame."))),
		received:  prometheus.NewCounter(prometheus.CounterOpts(opts("messages_received_total", "Messages received."))),
		fanout:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "plywire_gateway_fanout", Help: "Watchers that one notice goes to.", Buckets: prometheus.ExponentialBuckets(1, 4, 9)}),
		roundTrip: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "plywire_gateway_round_trip_seconds", Help: "Round trips of the server's pings.", Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16)}),
		lost:      prometheus.NewCounter(prometheus.CounterOpts(opts("lost_total", "Clients that knew more of a game than the server: something acknowledged is gone. Alarm."))),
		heals:     prometheus.NewCounterVec(prometheus.CounterOpts(opts("heals_total", "Questions to the owners of games for what watchers have missed, by outcome: done, or failed, which is tried again.")), []string{"outcome"}),
	}
	registerer.MustRegister(m.connections, m.refusals, m.closes, m.commands, m.answers, m.hellos, m.slow, m.frames, m.sent, m.received,
		m.fanout, m.roundTrip, m.lost, m.heals)
	return m
}

// command counts a message of a client's. Types that are not known share one label, so that nobody can make up labels.
func (m *metrics) command(kind string, code wire.Code) {
	if !wire.Known(kind) {
		kind = "other"
	}
	outcome := string(code)
	if code == "" {
		outcome = "ok"
	}
	m.commands.WithLabelValues(kind, outcome).Inc()
}

// answered measures a command that was accepted.
func (m *metrics) answered(kind string, took time.Duration) {
	if kind == "" {
		kind = wire.TypeHello // it named the game
	}
	m.answers.WithLabelValues(kind).Observe(took.Seconds())
}

func closeLabel(code websocket.StatusCode) string { return strconv.Itoa(int(code)) }
