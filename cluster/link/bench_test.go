package link

import (
	"errors"
	"runtime"
	"testing"
	"time"
)

// BenchmarkFrames sends frames of 200 bytes over loopback, until the last has arrived. With "one at a time" each waits for
// the answer to the one before.
func BenchmarkFrames(b *testing.B) {
	b.Run("stream", func(b *testing.B) {
		arrived := make(chan struct{})
		l, err := Listen("127.0.0.1:0", identity(b, "b"), DefaultConfig(), func(*Conn) Handler {
			return &caller{call: func(frame []byte) {
				if len(frame) == 1 {
					close(arrived)
				}
			}}
		})
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		atA := newMeeting()
		dial(b, l.Addr().String(), "b", identity(b, "a"), DefaultConfig(), atA)
		a := atA.next(b)
		frame := make([]byte, 200)
		b.ReportAllocs()
		sent, began := 0, time.Now()
		for b.Loop() {
			for errors.Is(a.conn.Send(frame), ErrFull) {
				runtime.Gosched()
			}
			sent++
		}
		for errors.Is(a.conn.Send(frame[:1]), ErrFull) {
			runtime.Gosched()
		}
		<-arrived
		b.ReportMetric(float64(sent)/time.Since(began).Seconds(), "frames/s")
	})
	b.Run("one at a time", func(b *testing.B) {
		echo, back := make(chan *Conn, 1), make(chan struct{}, 1)
		l, err := Listen("127.0.0.1:0", identity(b, "b"), DefaultConfig(), func(c *Conn) Handler {
			return &caller{call: func(frame []byte) { c.Send(frame) }}
		})
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		d, err := Dial(l.Addr().String(), "b", identity(b, "a"), DefaultConfig(), func(c *Conn) Handler {
			echo <- c
			return &caller{call: func([]byte) { back <- struct{}{} }}
		})
		if err != nil {
			b.Fatal(err)
		}
		defer d.Close()
		conn, frame := <-echo, make([]byte, 200)
		b.ReportAllocs()
		for b.Loop() {
			conn.Send(frame)
			<-back
		}
	})
}

// caller is a Handler that does one thing with each frame.
type caller struct{ call func(frame []byte) }

func (c *caller) Frame(frame []byte) { c.call(frame) }
func (*caller) Flush()               {}
func (*caller) Down(error)           {}
