package process

import (
	"bytes"
	"sync"
)

// Tail keeps the last that was written to it. It can be the Log of a process, and be read at the same time.
type Tail struct {
	mu   sync.Mutex
	text bytes.Buffer
}

const tailBytesMax = 256 << 10

// Write never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text.Write(p)
	if over := t.text.Len() - tailBytesMax; over > 0 {
		t.text.Next(over)
	}
	return len(p), nil
}

// String is what was kept.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
