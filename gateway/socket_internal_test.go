package gateway

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

const testPatience = 20 * time.Second

// sockets returns both ends of a TCP connection; ours is a socket.
func sockets(t *testing.T, limit int, timeout time.Duration) (*socket, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = far.(*net.TCPConn).SetReadBuffer(32 << 10)
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := newSocket(near, limit, timeout, func() {})
	t.Cleanup(func() { _, _ = s.Close(), far.Close() })
	return s, far
}

// fill writes frames that nobody reads until the kernel takes no more, and returns what was written.
func fill(t *testing.T, s *socket) (written []byte) {
	t.Helper()
	for i := 0; !s.keeps(); i++ {
		frame := bytes.Repeat([]byte{byte(i)}, 10_000)
		if _, err := s.Write(frame); err != nil {
			t.Fatal(err)
		}
		written = append(written, frame...)
	}
	return written
}

func (s *socket) keeps() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept) > 0
}

func read(t *testing.T, from net.Conn, n int) []byte {
	t.Helper()
	_ = from.SetReadDeadline(time.Now().Add(testPatience))
	b := make([]byte, n)
	if _, err := io.ReadFull(from, b); err != nil {
		t.Fatal(err)
	}
	return b
}

// What the kernel does not take comes later, in its order; and when it has come, and the time that it was given is over,
// the socket is as good as new.
func TestSocketKeepsWhatTheKernelDoesNotTake(t *testing.T) {
	const timeout = time.Second
	s, far := sockets(t, 1<<20, timeout)
	for round := range 2 {
		want := fill(t, s)
		for _, more := range []string{"and", "then", "some"} {
			if _, err := s.Write([]byte(more)); err != nil {
				t.Fatal(err)
			}
			want = append(want, more...)
		}
		if got := read(t, far, len(want)); !bytes.Equal(got, want) {
			t.Fatalf("round %d: something else was read than written", round)
		}
		for deadline := time.Now().Add(timeout * 5 / 4); time.Now().Before(deadline); {
			if _, err := s.Write([]byte("x")); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			read(t, far, 1)
		}
	}
}

// A client that does not read is found out at the limit, and is told why as soon as it reads again.
func TestSocketOfASlowClient(t *testing.T) {
	const limit = 50_000
	s, far := sockets(t, limit, testPatience)
	written := fill(t, s)
	var err error
	kept := 0
	for ; err == nil; kept += 1000 {
		_, err = s.Write(make([]byte, 1000))
	}
	if !errors.Is(err, errSlow) || kept > limit+1000 {
		t.Fatalf("after %d bytes: %v, want errSlow after %d", kept, err, limit)
	}
	s.forget()
	if _, err := s.Write([]byte("goodbye")); err != nil {
		t.Fatal(err)
	}
	all := read(t, far, len(written))
	if !bytes.Equal(all, written) {
		t.Fatal("what was begun was not finished")
	}
	if got := read(t, far, 7); string(got) != "goodbye" {
		t.Fatalf("%q", got)
	}
}

// A client that reads nothing for as long as one frame may take is gone.
func TestSocketGivesUp(t *testing.T) {
	s, _ := sockets(t, 1<<20, 50*time.Millisecond)
	fill(t, s)
	for deadline := time.Now().Add(testPatience); time.Now().Before(deadline); {
		if _, err := s.Write([]byte("x")); err != nil {
			return
		}
	}
	t.Fatal("it is still written to")
}

func TestHeaders(t *testing.T) {
	for size, want := range map[int][]byte{0: {0x81, 0}, 125: {0x81, 125}, 126: {0x81, 126, 0, 126}, 65535: {0x81, 126, 255, 255},
		65536: {0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}} {
		frame := withHeader(make([]byte, headerMax+size))
		if !bytes.HasPrefix(frame, want) || len(frame) != len(want)+size {
			t.Errorf("%d bytes: % x, want % x", size, frame[:10], want)
		}
	}
}
