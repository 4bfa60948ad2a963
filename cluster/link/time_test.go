package link

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// still is a socket that can be made to swallow what is written to it.
type still struct {
	net.Conn
	swallow atomic.Bool
}

func (s *still) Write(b []byte) (int, error) {
	if s.swallow.Load() {
		return len(b), nil
	}
	return s.Conn.Write(b)
}

// bubble is a connection between a and b in memory, for a clock that is moved. It is over when the test is.
func bubble(t *testing.T, cfg Config) (a, b *ears, wires [2]*still) {
	t.Helper()
	near, far := net.Pipe()
	wires = [2]*still{{Conn: near}, {Conn: far}}
	atA, atB := newMeeting(), newMeeting()
	sideA, errA := newParty(identity(t, "a"), cfg)
	sideB, errB := newParty(identity(t, "b"), cfg)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	go func() {
		secured, err := sideA.dial(wires[0], "b")
		if err != nil {
			t.Error(err)
			return
		}
		newConn("b", wires[0], secured, cfg).serve(atA.come)
	}()
	go func() {
		var conn *Conn
		if err := sideB.listen(wires[1], admitTo(&conn, wires[1], cfg)); err != nil {
			t.Error(err)
			return
		}
		conn.serve(atB.come)
	}()
	return <-atA.all, <-atB.all, wires
}

func TestSignsOfLifeKeepAnIdleConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		cfg.IdleMax = 2 * cfg.PingInterval
		a, b, _ := bubble(t, cfg)
		time.Sleep(24 * time.Hour)
		if err := a.conn.Send([]byte("still there")); err != nil {
			t.Fatal(err)
		}
		b.awaitFrames(t, 1)
		a.conn.Close(nil)
		synctest.Wait()
		if len(a.frames)+len(b.frames) != 1 {
			t.Error("signs of life were handed over")
		}
	})
}

// What the peer writes does not arrive: it is dead, as far as anybody can tell.
func TestSilenceEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		a, b, wires := bubble(t, cfg)
		time.Sleep(time.Hour)
		wires[1].swallow.Store(true)
		began := time.Now()
		if cause := a.awaitDown(t); !errors.Is(cause, ErrIdle) {
			t.Errorf("it ended with %v, want ErrIdle", cause)
		}
		if took := time.Since(began); took > cfg.IdleMax || took < cfg.IdleMax-cfg.PingInterval {
			t.Errorf("silence was noticed after %v, want %v since the last sign of life", took, cfg.IdleMax)
		}
		b.awaitDown(t)
	})
}

// A handler that takes its time is not mistaken for a peer that is dead, on either side.
func TestASlowHandlerIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _ := bubble(t, DefaultConfig())
		b.before = func([]byte) { time.Sleep(time.Minute) }
		a.conn.Send(numbered(0, 8))
		a.conn.Send(numbered(1, 8))
		time.Sleep(10 * time.Minute)
		checkNumbered(t, b.awaitFrames(t, 2), []int{8, 8})
		if a.conn.why() != nil || b.conn.why() != nil {
			t.Errorf("it ended with %v, %v", a.conn.why(), b.conn.why())
		}
		a.conn.Close(nil)
		synctest.Wait()
	})
}

// Who closes is told so at once, also when the peer is too busy to take notice.
func TestTheEndDoesNotWaitForThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, _ := bubble(t, DefaultConfig())
		b.before = func([]byte) { time.Sleep(time.Minute) }
		a.conn.Send(numbered(0, 8))
		synctest.Wait()
		began := time.Now()
		a.conn.Close(nil)
		if cause := a.awaitDown(t); !errors.Is(cause, ErrClosed) || time.Since(began) > 0 {
			t.Errorf("it ended with %v after %v", cause, time.Since(began))
		}
		time.Sleep(2 * time.Minute)
		b.awaitDown(t)
	})
}

func TestLargeBuffersAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := DefaultConfig()
		a, b, _ := bubble(t, cfg)
		for range 10 {
			a.conn.Send(make([]byte, 1<<20))
		}
		b.awaitFrames(t, 10)
		held := func() int {
			a.conn.queue.mu.Lock()
			defer a.conn.queue.mu.Unlock()
			return cap(a.conn.queue.filling)
		}
		// Nothing more is sent: silence alone is enough, for both buffers.
		time.Sleep(2 * cfg.PingInterval)
		synctest.Wait()
		for range 2 {
			if held() > keepBytes {
				t.Errorf("a buffer of %d bytes is kept", held())
			}
			a.conn.Send(numbered(0, 8)) // they change places
			synctest.Wait()
		}
		a.conn.Close(nil)
		synctest.Wait()
	})
}

func TestTheBufferForReadingIsGivenBack(t *testing.T) {
	in := newReader(1 << 20)
	var stream bytes.Buffer
	stream.Write(appendFrame(nil, make([]byte, 1<<20)))
	read := func() {
		for {
			if frame, err := in.next(); err != nil || frame != nil {
				return
			}
			if err := in.fill(&stream); err != nil {
				t.Fatal(err)
			}
		}
	}
	read()
	if len(in.buffer) < 1<<20 {
		t.Fatalf("the buffer has %d bytes", len(in.buffer))
	}
	for range calmReads + 1 {
		stream.Write(appendFrame(nil, numbered(1, 8)))
		read()
	}
	if len(in.buffer) != readBytes {
		t.Errorf("the buffer has %d bytes, want %d", len(in.buffer), readBytes)
	}
}

// readerFunc is a source of its own making.
type readerFunc func(into []byte) (int, error)

func (f readerFunc) Read(into []byte) (int, error) { return f(into) }

// What comes with an error is handed over, and the error is told afterwards, without another read.
func TestAnErrorThatComesWithBytes(t *testing.T) {
	in, broken, reads := newReader(1<<20), errors.New("broken"), 0
	source := readerFunc(func(into []byte) (int, error) {
		reads++
		return copy(into, appendFrame(nil, []byte("last"))), broken
	})
	if err := in.fill(source); err != nil {
		t.Fatal(err)
	}
	if frame, err := in.next(); string(frame) != "last" || err != nil {
		t.Errorf("the frame is %q, %v", frame, err)
	}
	if frame, err := in.next(); frame != nil || err != nil {
		t.Errorf("there is another frame: %q, %v", frame, err)
	}
	if err := in.fill(source); !errors.Is(err, broken) || reads != 1 {
		t.Errorf("%v after %d reads", err, reads)
	}
}

// A frame that is announced and does not come costs what has come of it.
func TestABufferGrowsWithWhatArrives(t *testing.T) {
	in := newReader(1 << 30)
	stream := bytes.NewBuffer(append([]byte{1 << 6, 0, 0, 0}, make([]byte, 100_000)...))
	for stream.Len() > 0 {
		if _, err := in.next(); err != nil {
			t.Fatal(err)
		}
		if err := in.fill(stream); err != nil {
			t.Fatal(err)
		}
	}
	if len(in.buffer) > 400_000 {
		t.Errorf("the buffer has %d bytes for 100,000", len(in.buffer))
	}
}

// admitTo lets everybody in.
func admitTo(conn **Conn, raw net.Conn, cfg Config) func(string, *tls.Conn) error {
	return func(node string, secured *tls.Conn) error {
		*conn = newConn(node, raw, secured, cfg)
		return nil
	}
}
