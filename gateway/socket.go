package gateway

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// socket is a connection whose Write never blocks: what the kernel does not take at once is kept, up to a limit, and
// written by a goroutine that lives only as long as something is kept. So whoever has made a move durable can write it to
// the players himself, and no goroutine has to be woken for that.
//
// Each Write is one whole frame.
type socket struct {
	// Set at start, never changed.
	net.Conn
	kernel  syscall.RawConn // nil: the kernel cannot be asked whether it takes something without waiting
	limit   int             // bytes kept
	timeout time.Duration   // for one frame that is kept
	try     func(fd uintptr) bool
	gone    func() // called when the client has gone, before its reader hears of it

	mu       sync.Mutex
	kept     [][]byte // frames, of the first maybe only the end
	bytes    int      // of kept
	draining bool
	broken   error

	// What try is given, and what came of it. Guarded by mu.
	tried []byte
	took  int
	fault error
}

// errSlow says that the client does not read, and that more waits for it than may.
var errSlow = errors.New("gateway: the client does not read fast enough")

func newSocket(conn net.Conn, limit int, timeout time.Duration, gone func()) *socket {
	s := &socket{Conn: conn, limit: limit, timeout: timeout, gone: gone}
	if tcp, is := conn.(*net.TCPConn); is && canTry {
		// Without an error the kernel has set it; with one, its own size is as good. Much beyond what is kept here would
		// only hide for longer that nobody reads.
		_ = tcp.SetWriteBuffer(kernelBytes)
		if kernel, err := tcp.SyscallConn(); err == nil {
			s.kernel, s.try = kernel, func(fd uintptr) bool {
				s.took, s.fault = tryWrite(fd, s.tried)
				return true
			}
		}
	}
	return s
}

// kernelBytes is what the kernel may hold of what a client does not read. Linux doubles it, for its own use.
const kernelBytes = 64 << 10

// Read reads what the client sends. What follows from its having gone waits until gone returns: when thousands go in one
// moment, each of them is looked at before the next move of any player.
func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if err != nil {
		s.gone()
	}
	return n, err
}

// Write writes a frame or keeps it. The error is errSlow, after which nothing of the frame was written, or that the
// connection is broken.
func (s *socket) Write(frame []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return 0, s.broken
	}
	n := 0
	if s.kernel != nil && !s.draining {
		var err error
		if n, err = s.attempt(frame); err != nil {
			s.breakOff(err)
			return n, err
		}
		if n == len(frame) {
			return n, nil
		}
	}
	if s.bytes+len(frame)-n > s.limit && s.draining {
		return 0, errSlow
	}
	s.kept = append(s.kept, append([]byte(nil), frame[n:]...))
	s.bytes += len(frame) - n
	if !s.draining {
		s.draining = true
		go s.drain()
	}
	return len(frame), nil
}

// attempt writes what the kernel takes without waiting. Requires: s.mu is held.
func (s *socket) attempt(frame []byte) (int, error) {
	s.tried = frame
	err := s.kernel.Write(s.try)
	s.tried = nil
	if err != nil {
		return 0, err
	}
	return s.took, s.fault
}

// drain writes what is kept.
func (s *socket) drain() {
	for {
		s.mu.Lock()
		if len(s.kept) == 0 || s.broken != nil {
			s.kept, s.draining = nil, false
			_ = s.SetWriteDeadline(time.Time{}) // or the next attempt would find it passed
			s.mu.Unlock()
			return
		}
		frame := s.kept[0]
		s.mu.Unlock()
		_ = s.SetWriteDeadline(time.Now().Add(s.timeout))
		_, err := s.Conn.Write(frame)
		s.mu.Lock()
		switch {
		case s.broken != nil:
		case err != nil:
			s.breakOff(err)
		default:
			s.kept, s.bytes = s.kept[1:], s.bytes-len(frame)
		}
		s.mu.Unlock()
	}
}

// breakOff ends the connection, of which a frame may be half written. Requires: s.mu is held.
func (s *socket) breakOff(err error) {
	if s.broken == nil {
		s.broken, s.kept, s.bytes = err, nil, 0
		_ = s.Conn.Close()
	}
}

// forget drops what is kept, except for a frame that is being written.
func (s *socket) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.kept) > 1 {
		last := len(s.kept) - 1
		s.bytes -= len(s.kept[last])
		s.kept[last] = nil
		s.kept = s.kept[:last]
	}
}

// Close ends the connection at once.
func (s *socket) Close() error {
	err := s.Conn.Close() // first: drain may be waiting with it
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breakOff(net.ErrClosed)
	return err
}
