package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plywire/plywire/loadtest/process"
)

// subject is a server under measurement, in a process of its own.
type subject struct {
	process *process.Process
	address string // of clients
	metrics string // URL of an address with /metrics and /debug/pprof
}

// relaySubject starts the bare relay: always of this binary, whichever is measured.
func (r *run) relaySubject(ctx context.Context) (*subject, error) {
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	s := &subject{address: address, metrics: "http://" + address}
	return s, s.start(ctx, "", r.config.Log, "bench-relay", "--listen", address)
}

// newSubject is a server that has not been started, with addresses.
func newSubject() (*subject, error) {
	address, err := process.FreeAddress()
	if err != nil {
		return nil, err
	}
	admin, err := process.FreeAddress()
	return &subject{address: address, metrics: "http://" + admin}, err
}

// plywireSubject starts a server on a folder, which may hold games.
func (r *run) plywireSubject(ctx context.Context, folder string) (*subject, error) {
	s, err := newSubject()
	if err != nil {
		return nil, err
	}
	return s, s.serve(ctx, r, folder, r.config.Log, "--log-level", "warn")
}

// serve starts a server with some flags besides those that every measurement has.
func (s *subject) serve(ctx context.Context, r *run, folder string, log io.Writer, more ...string) error {
	args := []string{"serve", "--listen", s.address, "--admin", strings.TrimPrefix(s.metrics, "http://"), "--data", folder, "--limits", "off",
		"--connections-per-ip", "0"}
	return s.start(ctx, r.config.Binary, log, slices.Concat(args, more, r.config.Serve)...)
}

// folder makes a folder for data that goes away with the run.
func (r *run) folder(name string) (string, error) {
	r.folders++
	path := filepath.Join(r.scratch, fmt.Sprintf("%s-%d", name, r.folders))
	return path, os.Mkdir(path, 0o700)
}

func (s *subject) start(ctx context.Context, binary string, log io.Writer, args ...string) (err error) {
	s.process, err = process.Start(ctx, process.Config{Binary: binary, Args: args, Log: log, Ready: process.ReadyAt("http://" + s.address)})
	return err
}

// sample is what a process has used up to a moment.
type sample struct {
	at      time.Time
	cpu     time.Duration
	own     time.Duration // CPU of the load generator, this process
	mallocs float64
	syncs   float64
}

func (s *subject) sample() (sample, error) {
	values, err := s.scrape()
	if err != nil {
		return sample{}, err
	}
	cpu, err := s.process.CPU()
	if err != nil {
		return sample{}, err
	}
	return sample{at: time.Now(), cpu: cpu, own: ownCPU(), mallocs: values["go_memstats_mallocs_total"],
		syncs: values["plywire_store_sync_seconds_count"]}, nil
}

// memory is what a process holds after a garbage collection.
type memory struct {
	Live int64 // bytes of heap that were found alive by the last collection, and of stacks in use
	RSS  int64 // bytes of RAM
}

func (s *subject) memory() (memory, error) {
	// Twice: what has a finalizer goes in the second.
	for range 2 {
		if err := get(s.metrics+"/debug/pprof/heap?gc=1", io.Discard); err != nil {
			return memory{}, err
		}
	}
	values, err := s.scrape()
	if err != nil {
		return memory{}, err
	}
	rss, err := s.process.RSS()
	return memory{Live: int64(values["go_gc_heap_live_bytes"] + values["go_memstats_stack_inuse_bytes"]), RSS: rss}, err
}

// scrape reads the metrics that have no labels.
func (s *subject) scrape() (map[string]float64, error) {
	var text strings.Builder
	if err := get(s.metrics+"/metrics", &text); err != nil {
		return nil, err
	}
	values := make(map[string]float64)
	for lines := bufio.NewScanner(strings.NewReader(text.String())); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			values[name] = number
		}
	}
	return values, nil
}

var scraper = &http.Client{Timeout: 30 * time.Second}

func get(url string, into io.Writer) error {
	response, err := scraper.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("bench: %s answers %s", url, response.Status)
	}
	_, err = io.Copy(into, response.Body)
	return err
}
