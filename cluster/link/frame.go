package link

import (
	"encoding/binary"
	"fmt"
	"io"
)

const (
	lengthBytes = 4
	// readBytes is the size of a connection's buffer for reading while its frames are smaller: two records of TLS.
	readBytes = 32 << 10
	// calmReads is after how many reads that had no use for it a larger buffer is given back.
	calmReads = 64
)

// reader cuts what arrives into frames. It holds what has arrived and was not taken, and one frame of the largest size at most.
type reader struct {
	frameMax int
	buffer   []byte // buffer[from:to] has arrived and is not taken
	from, to int
	calm     int   // so many reads in a row had no use for more than readBytes
	err      error // came together with bytes, and is told after them
}

func newReader(frameMax int) *reader {
	return &reader{frameMax: frameMax, buffer: make([]byte, readBytes)}
}

// next takes a frame out of the buffer. It returns nil where no whole one is there, and ErrFormat where none can be. The frame
// is valid until the next call of fill.
func (r *reader) next() ([]byte, error) {
	for r.to-r.from >= lengthBytes {
		length := binary.BigEndian.Uint32(r.buffer[r.from:])
		if length == 0 {
			r.from += lengthBytes
			continue
		}
		if int64(length) > int64(r.frameMax) {
			return nil, fmt.Errorf("%w: a frame of %d bytes, the longest has %d", ErrFormat, length, r.frameMax)
		}
		end := r.from + lengthBytes + int(length)
		if end > r.to {
			return nil, nil
		}
		frame := r.buffer[r.from+lengthBytes : end : end]
		r.from = end
		return frame, nil
	}
	return nil, nil
}

// fill reads once from source. The buffer grows with what arrives and not with what is announced, and shrinks again.
// Requires: next has returned nil.
func (r *reader) fill(source io.Reader) error {
	if r.err != nil {
		return r.err
	}
	held := r.buffer[r.from:r.to]
	r.calm++
	if len(held) >= readBytes {
		r.calm = 0
	}
	switch {
	case len(held) == len(r.buffer):
		grown := make([]byte, min(2*len(r.buffer), lengthBytes+int(binary.BigEndian.Uint32(held))))
		copy(grown, held)
		r.buffer = grown
	case len(r.buffer) > readBytes && r.calm > calmReads:
		shrunk := make([]byte, readBytes)
		copy(shrunk, held)
		r.buffer = shrunk
	case r.from > 0:
		copy(r.buffer, held)
	}
	r.from, r.to = 0, len(held)
	n, err := source.Read(r.buffer[r.to:])
	r.to += n
	if n > 0 {
		r.err = err
		return nil
	}
	return err
}

// partial is how much of a frame that is not whole has arrived.
func (r *reader) partial() int { return r.to - r.from }

// appendFrame appends a frame to dst.
func appendFrame(dst, frame []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(frame))), frame...)
}
