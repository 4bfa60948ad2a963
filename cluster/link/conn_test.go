package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// numbered is a frame that tells its place.
func numbered(n, length int) []byte {
	frame := bytes.Repeat([]byte{byte(n)}, max(length, 8))
	binary.BigEndian.PutUint64(frame, uint64(n))
	return frame
}

func checkNumbered(t *testing.T, frames [][]byte, lengths []int) {
	t.Helper()
	if len(frames) != len(lengths) {
		t.Fatalf("%d frames have come, want %d", len(frames), len(lengths))
	}
	for n, frame := range frames {
		if !bytes.Equal(frame, numbered(n, lengths[n])) {
			t.Fatalf("frame %d of %d bytes is not the one that was sent", n, len(frame))
		}
	}
}

func TestFramesArriveInOrderBothWays(t *testing.T) {
	cfg := quick()
	p := connect(t, cfg, cfg, nil)
	if p.a.conn.Peer() != "b" || p.b.conn.Peer() != "a" {
		t.Errorf("the peers are %s and %s", p.a.conn.Peer(), p.b.conn.Peer())
	}
	if err := p.dialer.Err(); err != nil {
		t.Errorf("a dialer with a connection says %v", err)
	}
	lengths := []int{8, cfg.FrameBytesMax, 9, readBytes - lengthBytes, readBytes, 8, 1 << 20}
	for range 5000 {
		lengths = append(lengths, 8+rand.IntN(400))
	}
	for _, way := range []struct{ from, to *ears }{{p.a, p.b}, {p.b, p.a}} {
		for n, length := range lengths {
			if err := way.from.conn.Send(numbered(n, length)); err != nil {
				t.Fatal(err)
			}
		}
		checkNumbered(t, way.to.awaitFrames(t, len(lengths)), lengths)
		if way.to.flushes == 0 || way.to.flushes > len(lengths) {
			t.Errorf("%d flushes for %d frames", way.to.flushes, len(lengths))
		}
	}
}

func TestWhatWaitsIsWrittenInOneCall(t *testing.T) {
	cfg := quick()
	writes := make(chan int)
	cfg.Observer.Sent = func(frames, bytes int) {
		if bytes != frames*(lengthBytes+8) {
			t.Errorf("%d frames have %d bytes", frames, bytes)
		}
		writes <- frames // the writer stands still until the test goes on
	}
	p := connect(t, cfg, quick(), nil)
	p.a.conn.Send(numbered(0, 8))
	p.b.awaitFrames(t, 1) // written, and the writer is held
	for n := 1; n <= 1000; n++ {
		if err := p.a.conn.Send(numbered(n, 8)); err != nil {
			t.Fatal(err)
		}
	}
	if first, second := receive(t, writes, "write"), receive(t, writes, "write"); first != 1 || second != 1000 {
		t.Errorf("the writes had %d and %d frames, want 1 and 1000", first, second)
	}
	p.b.awaitFrames(t, 1001)
}

func TestAPeerThatDoesNotReadFillsTheQueueAndNoMore(t *testing.T) {
	cfg := quick()
	cfg.FrameBytesMax, cfg.QueueBytes = 64<<10, 1<<20
	full := 0
	cfg.Observer.Full = func() { full++ }
	gate := make(chan struct{})
	p := connect(t, cfg, cfg, func([]byte) { <-gate })
	var lengths []int
	for {
		length := 8 + rand.IntN(20_000)
		err := p.a.conn.Send(numbered(len(lengths), length))
		if errors.Is(err, ErrFull) {
			break
		}
		if err != nil || len(lengths) > 1_000_000 {
			t.Fatalf("after %d frames: %v", len(lengths), err)
		}
		lengths = append(lengths, length)
		if queued := p.a.conn.Queued(); queued > cfg.QueueBytes {
			t.Fatalf("%d bytes wait, want at most %d", queued, cfg.QueueBytes)
		}
	}
	if full != 1 {
		t.Errorf("the observer was told %d times", full)
	}
	p.a.conn.queue.mu.Lock()
	if held := cap(p.a.conn.queue.filling); held > cfg.QueueBytes {
		t.Errorf("the buffer has %d bytes, want at most %d", held, cfg.QueueBytes)
	}
	p.a.conn.queue.mu.Unlock()
	close(gate)
	checkNumbered(t, p.b.awaitFrames(t, len(lengths)), lengths)
	// And there is room again.
	if err := p.a.conn.Send(numbered(len(lengths), 8)); err != nil {
		t.Error(err)
	}
	p.b.awaitFrames(t, len(lengths)+1)
}

func TestSizesThatAreNotSent(t *testing.T) {
	cfg := quick()
	p := connect(t, cfg, cfg, nil)
	for _, length := range []int{0, cfg.FrameBytesMax + 1} {
		if err := p.a.conn.Send(make([]byte, length)); !errors.Is(err, ErrSize) {
			t.Errorf("%d bytes: %v, want ErrSize", length, err)
		}
	}
	p.a.conn.Send(numbered(0, 8))
	checkNumbered(t, p.b.awaitFrames(t, 1), []int{8})
}

func TestWhatWasAcceptedIsSentBeforeAClose(t *testing.T) {
	why := errors.New("the node is leaving")
	tests := map[string]func(p pair) (near, far *ears, end func()){
		"conn of the dialer":   func(p pair) (_, _ *ears, end func()) { return p.a, p.b, func() { p.a.conn.Close(why) } },
		"conn of the listener": func(p pair) (_, _ *ears, end func()) { return p.b, p.a, func() { p.b.conn.Close(why) } },
		"dialer":               func(p pair) (_, _ *ears, end func()) { return p.a, p.b, p.dialer.Close },
		"listener":             func(p pair) (_, _ *ears, end func()) { return p.b, p.a, p.listener.Close },
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := quick()
			cfg.CloseTimeout = patience
			p := connect(t, cfg, cfg, nil)
			near, far, end := test(p)
			var lengths []int
			for n := range 3000 {
				lengths = append(lengths, 1000)
				if err := near.conn.Send(numbered(n, 1000)); err != nil {
					t.Fatal(err)
				}
				far.conn.Send(numbered(n, 500)) // there may be much on the way to who closes
			}
			end()
			if err := near.conn.Send([]byte("late")); !errors.Is(err, ErrDown) {
				t.Errorf("after the end: %v, want ErrDown", err)
			}
			near.conn.Close(errors.New("again"))
			want := ErrClosed
			if strings.HasPrefix(name, "conn") {
				want = why
			}
			if cause := near.awaitDown(t); !errors.Is(cause, want) {
				t.Errorf("here it ended with %v, want %v", cause, want)
			}
			if cause := far.awaitDown(t); !errors.Is(cause, ErrPeerClosed) {
				t.Errorf("there it ended with %v, want ErrPeerClosed", cause)
			}
			checkNumbered(t, far.frames, lengths)
		})
	}
}

func TestBothCloseAtOnce(t *testing.T) {
	p := connect(t, quick(), quick(), nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.listener.Close()
	}()
	p.dialer.Close()
	receive(t, done, "end of the listener")
	p.a.awaitDown(t)
	p.b.awaitDown(t)
	if p.a.conn.Queued()+p.b.conn.Queued() != 0 {
		t.Error("something waits on a connection that is over")
	}
	if err := p.dialer.Err(); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed dialer says %v", err)
	}
	p.dialer.Close()
	p.listener.Close()
}

func TestCloseWithinAHandler(t *testing.T) {
	why := errors.New("enough")
	atB := newMeeting()
	var here atomic.Pointer[Conn]
	l, err := Listen("127.0.0.1:0", identity(t, "b"), quick(), func(c *Conn) Handler {
		here.Store(c)
		return atB.come(c)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	atB.before = func([]byte) { here.Load().Close(why) }
	atA := newMeeting()
	d := dial(t, l.Addr().String(), "b", identity(t, "a"), quick(), atA)
	a, b := atA.next(t), atB.next(t)
	for n := range 100 {
		a.conn.Send(numbered(n, 8))
	}
	if cause := b.awaitDown(t); !errors.Is(cause, why) {
		t.Errorf("it ended with %v", cause)
	}
	if len(b.frames) != 1 {
		t.Errorf("%d frames were handed over, want the one in which it was closed", len(b.frames))
	}
	a.awaitDown(t)
	d.Close()
}

// A peer that neither reads nor closes holds nobody up for longer than CloseTimeout.
func TestCloseDoesNotWaitForAPeerThatDoesNotRead(t *testing.T) {
	cfg := quick()
	cfg.CloseTimeout = 50 * time.Millisecond
	gate := make(chan struct{})
	p := connect(t, cfg, cfg, func([]byte) { <-gate })
	for p.a.conn.Send(make([]byte, 1<<20)) == nil { //nolint:revive // until the queue is full
	}
	p.dialer.Close()
	if cause := p.a.awaitDown(t); !errors.Is(cause, ErrClosed) {
		t.Errorf("it ended with %v", cause)
	}
	close(gate)
	p.b.awaitDown(t)
}

func TestAHandlerThatIsNotThereClosesTheConnection(t *testing.T) {
	l, err := Listen("127.0.0.1:0", identity(t, "b"), quick(), func(*Conn) Handler { return nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	atA := newMeeting()
	dial(t, l.Addr().String(), "b", identity(t, "a"), quick(), atA)
	if cause := atA.next(t).awaitDown(t); !errors.Is(cause, ErrPeerClosed) {
		t.Errorf("it ended with %v, want ErrPeerClosed", cause)
	}
}

// What one side counts as sent the other counts as received, and each connection that is up goes down.
func TestTheObserverCounts(t *testing.T) {
	var frames, bytes, ups, downs [2]atomic.Int64
	var cfgs [2]Config
	for i := range cfgs {
		cfgs[i] = quick()
		sign := int64(1 - 2*i) // a sends, b receives
		count := func(f, b int) {
			frames[0].Add(sign * int64(f))
			bytes[0].Add(sign * int64(b))
			frames[1].Add(int64(f))
			bytes[1].Add(int64(b))
		}
		if i == 0 {
			cfgs[i].Observer.Sent = count
		} else {
			cfgs[i].Observer.Received = count
		}
		cfgs[i].Observer.Up = func() { ups[i].Add(1) }
		cfgs[i].Observer.Down = func(error) { downs[i].Add(1) }
	}
	p := connect(t, cfgs[0], cfgs[1], nil)
	for n := range 1000 {
		p.a.conn.Send(numbered(n, 100))
	}
	p.b.awaitFrames(t, 1000)
	p.dialer.Close()
	p.listener.Close()
	if frames[0].Load() != 0 || bytes[0].Load() != 0 || frames[1].Load() != 2000 || bytes[1].Load() != 2000*(lengthBytes+100) {
		t.Errorf("sent less received: %d frames, %d bytes; both: %d, %d", frames[0].Load(), bytes[0].Load(), frames[1].Load(), bytes[1].Load())
	}
	for i := range cfgs {
		if ups[i].Load() != 1 || downs[i].Load() != 1 {
			t.Errorf("side %d was up %d times, and down %d times", i, ups[i].Load(), downs[i].Load())
		}
	}
}
