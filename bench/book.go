package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"
)

// book is what is known of who holds which shard, from what the nodes say in their logs. It is safe for concurrent use.
type book struct {
	mu      sync.Mutex
	holders []string // by shard
	passes  []pass
}

// pass is one hand-over of a shard.
type pass struct {
	shard    int
	from, to string        // nodes
	end      time.Time     // when the one who has handed over says so
	pause    time.Duration // before that, for which nobody served the shard
	took     time.Duration // in all
}

func newBook(shards int) *book { return &book{holders: make([]string, shards)} }

// takes notes that a node has all shards.
func (b *book) takes(node string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.holders {
		b.holders[i] = node
	}
}

// holder is the node that holds a shard.
func (b *book) holder(shard int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.holders[shard]
}

// all are the hand-overs so far.
func (b *book) all() []pass {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.passes)
}

func (b *book) add(p pass) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.shard >= 0 && p.shard < len(b.holders) {
		b.holders[p.shard] = p.to
		b.passes = append(b.passes, p)
	}
}

// reader is the log of a node. Its errors go on to rest.
func (b *book) reader(node string, rest io.Writer) io.Writer {
	return &reader{book: b, node: node, rest: rest}
}

// reader reads a log in JSON, a line at a time, by the clock of this process: that of the log is too coarse.
type reader struct {
	book *book
	node string
	rest io.Writer
	part []byte // of a line
}

// Write implements io.Writer.
func (r *reader) Write(text []byte) (int, error) {
	now := time.Now()
	r.part = append(r.part, text...)
	for {
		line, rest, whole := bytes.Cut(r.part, newline)
		if !whole {
			return len(text), nil
		}
		r.line(now, line)
		r.part = rest
	}
}

// line takes a line in.
func (r *reader) line(now time.Time, line []byte) {
	var said struct {
		Level   string  `json:"level"`
		Message string  `json:"message"`
		Shard   int     `json:"shard"`
		To      string  `json:"to"`
		Pause   float64 `json:"pause"` // ms
		Took    float64 `json:"took"`  // ms
	}
	if json.Unmarshal(line, &said) != nil {
		return // what it prints besides
	}
	if said.Message == "shard handed over" {
		r.book.add(pass{shard: said.Shard, from: r.node, to: said.To, end: now, pause: millis(said.Pause), took: millis(said.Took)})
	}
	if said.Level == "error" || said.Level == "fatal" || said.Level == "panic" { // that nodes die is no news here
		_, _ = r.rest.Write(append(slices.Clone(line), '\n'))
	}
}

func millis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
