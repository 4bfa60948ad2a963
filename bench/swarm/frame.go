package swarm

import "encoding/binary"

// The opcodes of RFC 6455, section 5.2, that matter here.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10

	final = 0x80
	masks = 0x80
)

// appendFrame appends a frame of a client's. It is masked, as it has to be, with the key 0: what is sent is not chosen by
// anybody whom the mask would have to guard against (section 10.3).
func appendFrame(dst []byte, opcode byte, payload []byte) []byte {
	dst = append(dst, final|opcode)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, masks|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, masks|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, masks|127), uint64(n))
	}
	return append(append(dst, 0, 0, 0, 0), payload...)
}

// cutFrame returns the first frame of what a server has sent, which is not masked, and its length in all; 0 if it is not
// there yet.
func cutFrame(sent []byte) (opcode byte, payload []byte, length int, err error) {
	if len(sent) < 2 {
		return 0, nil, 0, nil
	}
	size, head := uint64(sent[1]&^masks), 2
	switch {
	case size == 126 && len(sent) >= 4:
		size, head = uint64(binary.BigEndian.Uint16(sent[2:])), 4
	case size == 127 && len(sent) >= 10:
		size, head = binary.BigEndian.Uint64(sent[2:]), 10
	case size >= 126:
		return 0, nil, 0, nil
	}
	if size > messageMax {
		return 0, nil, 0, errTooLong
	}
	length = head + int(size)
	if len(sent) < length {
		return 0, nil, 0, nil
	}
	return sent[0] & 0x0f, sent[head:length], length, nil
}
