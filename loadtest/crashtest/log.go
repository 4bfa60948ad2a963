package crashtest

import (
	"bytes"
	"os"
	"sync"
)

// serverLog keeps what the server says in a file, and counts its errors. It belongs to one process at a time.
type serverLog struct {
	mu     sync.Mutex
	file   *os.File
	line   []byte // the last one, which is not complete
	errors int
	first  []string
}

func newServerLog(path string) (*serverLog, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	return &serverLog{file: file}, nil
}

// Write implements io.Writer.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = append(l.line, p...)
	for {
		line, rest, whole := bytes.Cut(l.line, []byte{'\n'})
		if !whole {
			break
		}
		if alarming(line) {
			if l.errors++; len(l.first) < 10 {
				l.first = append(l.first, string(line))
			}
		}
		l.line = rest
	}
	l.line = bytes.Clone(l.line[:min(len(l.line), 64<<10)])
	return l.file.Write(p)
}

// failures are the number of errors, and the first of them.
func (l *serverLog) failures() (int, []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.errors, append([]string(nil), l.first...)
}

func (l *serverLog) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

// alarming tells whether a line says that something is wrong with the server. That a shard is busy for long says that the
// machine is: all that is done here is done in microseconds, if it is let.
func alarming(line []byte) bool {
	switch {
	case bytes.Contains(line, []byte(`"level":"error"`)):
		return !bytes.Contains(line, []byte("shard is busy with one actor"))
	case bytes.HasPrefix(line, []byte("panic:")), bytes.HasPrefix(line, []byte("fatal error:")), bytes.HasPrefix(line, []byte("WARNING: DATA RACE")):
		return true
	}
	return false
}
