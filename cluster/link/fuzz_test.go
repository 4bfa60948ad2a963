package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// trickle gives so many bytes at a time, in turn.
type trickle struct {
	rest  []byte
	steps []byte
	turn  int
}

func (s *trickle) Read(into []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := len(s.rest)
	if len(s.steps) > 0 {
		n = int(s.steps[s.turn%len(s.steps)]) + 1
		s.turn++
	}
	n = copy(into[:min(n, len(into))], s.rest)
	s.rest = s.rest[n:]
	if len(s.rest) == 0 && s.turn%2 == 0 {
		return n, io.EOF // as some readers do
	}
	return n, nil
}

// cut is what the reader must find, said in another way: the frames, and whether what follows cannot be one.
func cut(stream []byte, frameMax int) (frames [][]byte, malformed bool) {
	for len(stream) >= lengthBytes {
		length := uint64(binary.BigEndian.Uint32(stream))
		stream = stream[lengthBytes:]
		switch {
		case length > uint64(frameMax):
			return frames, true
		case length > uint64(len(stream)):
			return frames, false
		case length > 0:
			frames = append(frames, stream[:length])
		}
		stream = stream[length:]
	}
	return frames, false
}

// FuzzFrames reads any stream, in any pieces: what comes out is what is in it, whatever the pieces.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{}, []byte{})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0, 0}, []byte{0})
	f.Add(appendFrame(appendFrame(nil, []byte("one")), bytes.Repeat([]byte("two"), 300)), []byte{2, 5, 255})
	f.Add([]byte{0, 0, 0, 5, 1, 2}, []byte{1})
	f.Add([]byte{0, 0}, []byte{})
	f.Add([]byte{0, 0, 4, 1}, []byte{})
	f.Add(append([]byte{0, 0, 0, 1, 9}, 255, 255, 255, 255), []byte{3})
	f.Fuzz(func(t *testing.T, stream, steps []byte) {
		const frameMax = 1 << 10
		want, malformed := cut(stream, frameMax)
		in := newReader(frameMax)
		in.buffer = make([]byte, 16) // so that it has to grow
		source := &trickle{rest: bytes.Clone(stream), steps: steps}
		for n := 0; ; {
			frame, err := in.next()
			if err != nil {
				if !malformed || !errors.Is(err, ErrFormat) || n != len(want) {
					t.Fatalf("after %d of %d frames: %v", n, len(want), err)
				}
				return
			}
			if frame != nil {
				if n >= len(want) || !bytes.Equal(frame, want[n]) {
					t.Fatalf("frame %d is %x", n, frame)
				}
				n++
				continue
			}
			if err := in.fill(source); err != nil {
				if err != io.EOF || malformed || n != len(want) {
					t.Fatalf("after %d of %d frames: %v", n, len(want), err)
				}
				return
			}
			if len(in.buffer) > max(readBytes, lengthBytes+frameMax) {
				t.Fatalf("the buffer has %d bytes", len(in.buffer))
			}
		}
	})
}

// FuzzHello parses anything: what is accepted is a hello that is written the same again.
func FuzzHello(f *testing.F) {
	good := hello{cluster: "plywire", node: "a", peer: "b", refusal: "no"}.encode()
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(append(bytes.Clone(good), 0))
	f.Add([]byte(magic))
	f.Add(append([]byte(magic), 0, 2))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add(hello{cluster: "ply wire", node: "", peer: "b"}.encode())
	f.Fuzz(func(t *testing.T, frame []byte) {
		parsed, err := parseHello(frame)
		refusal := (*Refusal)(nil)
		if err != nil {
			if !errors.As(err, &refusal) || refusal.Reason != ReasonHello && refusal.Reason != ReasonVersion {
				t.Fatalf("the error is %v", err)
			}
			return
		}
		if again := parsed.encode(); !bytes.Equal(again, frame) {
			t.Fatalf("%x is written as %x", frame, again)
		}
	})
}
