package swarm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Conn is one connection.
type Conn struct {
	Data any // the Handler's own

	swarm  *Swarm
	fd     int // -1: none
	target Target
	state  state
	unread []byte // part of a frame, or of the answer to the handshake
	unsent []byte
	deaf   bool
	asked  uint32 // events that are waited for
}

type state uint8

const (
	connecting state = iota
	upgrading
	open
)

func (c *Conn) dial() (err error) {
	if c.fd, err = socket(c.target); err != nil {
		return err
	}
	c.asked = unix.EPOLLOUT
	event := unix.EpollEvent{Events: c.asked, Fd: int32(c.fd)}
	if err = unix.EpollCtl(c.swarm.poll, unix.EPOLL_CTL_ADD, c.fd, &event); err != nil {
		_ = unix.Close(c.fd)
		c.fd = -1
	}
	return err
}

// Send sends a text message.
func (c *Conn) Send(text []byte) { c.send(opText, text) }

func (c *Conn) send(opcode byte, payload []byte) {
	if c.fd < 0 {
		return
	}
	c.swarm.sending = appendFrame(c.swarm.sending[:0], opcode, payload)
	c.write(c.swarm.sending)
}

// write writes what the kernel takes and keeps the rest.
func (c *Conn) write(b []byte) {
	if len(c.unsent) == 0 {
		n, err := unix.Write(c.fd, b)
		if err != nil && err != unix.EAGAIN {
			c.end(err)
			return
		}
		b = b[max(n, 0):]
	}
	if len(b) == 0 {
		return
	}
	if c.unsent = append(c.unsent, b...); len(c.unsent) > unsentMax {
		c.end(errUnsent)
		return
	}
	c.ask()
}

// ask tells the kernel which events are waited for.
func (c *Conn) ask() {
	var want uint32
	if !c.deaf && c.state != connecting {
		want |= unix.EPOLLIN
	}
	if len(c.unsent) > 0 || c.state == connecting {
		want |= unix.EPOLLOUT
	}
	if want != c.asked {
		c.asked = want
		_ = unix.EpollCtl(c.swarm.poll, unix.EPOLL_CTL_MOD, c.fd, &unix.EpollEvent{Events: want, Fd: int32(c.fd)})
	}
}

// Deaf has the connection read no more, for ever: a client that has stopped.
func (c *Conn) Deaf() {
	if c.fd >= 0 {
		c.deaf = true
		c.ask()
	}
}

// Drop ends the connection at once, with a reset, as when a machine goes away and a router tells. The Handler hears nothing
// more of it.
func (c *Conn) Drop() {
	if c.fd < 0 {
		return
	}
	_ = unix.SetsockoptLinger(c.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	c.swarm.conns[c.fd] = nil
	_ = unix.Close(c.fd)
	c.fd = -1
}

func (c *Conn) end(err error) {
	if c.fd >= 0 {
		c.Drop()
		c.swarm.handler.Closed(c, err)
	}
}

// ready goes on with the socket.
func (c *Conn) ready(events uint32) {
	const broken = unix.EPOLLHUP | unix.EPOLLERR
	switch {
	case c.state == connecting && events&(unix.EPOLLOUT|broken) != 0:
		c.upgrade()
		return
	case c.deaf && events&broken != 0:
		c.end(errGone)
		return
	}
	if events&unix.EPOLLOUT != 0 && len(c.unsent) > 0 {
		waiting := c.unsent
		c.unsent = nil
		c.write(waiting)
		if c.fd >= 0 {
			c.ask()
		}
	}
	if c.fd >= 0 && events&(unix.EPOLLIN|broken) != 0 {
		c.read()
	}
}

func (c *Conn) upgrade() {
	if code, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || code != 0 {
		c.end(fmt.Errorf("swarm: connect: %w", errors.Join(err, unix.Errno(code))))
		return
	}
	c.state = upgrading
	request := "GET " + c.target.Path + " HTTP/1.1\r\nHost: " + c.target.Address + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cGx5d2lyZSBiZW5jaG1hcg==\r\n"
	if c.target.Subprotocol != "" {
		request += "Sec-WebSocket-Protocol: " + c.target.Subprotocol + "\r\n"
	}
	c.write([]byte(request + "\r\n"))
	if c.fd >= 0 {
		c.ask()
	}
}

// read reads what there is, once: if more is there, the next round says so.
func (c *Conn) read() {
	buffer := c.swarm.buffer[:]
	n, err := unix.Read(c.fd, buffer)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return
	case err != nil:
		c.end(err)
		return
	case n == 0:
		c.end(errGone)
		return
	}
	sent := buffer[:n]
	if len(c.unread) > 0 {
		c.unread = append(c.unread, sent...)
		sent = c.unread
	}
	left := c.take(sent)
	if c.fd < 0 {
		return
	}
	switch {
	case left == len(sent):
		c.unread = nil
	case len(c.unread) > 0:
		c.unread = c.unread[:copy(c.unread, sent[left:])]
	default:
		c.unread = append([]byte(nil), sent[left:]...)
	}
	if len(c.unread) > messageMax+readMax {
		c.end(errTooLong)
	}
}

// take takes what is complete and returns how much that was.
func (c *Conn) take(sent []byte) (taken int) {
	if c.state == upgrading {
		end := bytes.Index(sent, []byte("\r\n\r\n"))
		if end < 0 {
			return 0
		}
		if !bytes.HasPrefix(sent, []byte("HTTP/1.1 101 ")) {
			line, _, _ := bytes.Cut(sent, []byte("\r\n"))
			c.end(fmt.Errorf("swarm: the server refuses the handshake: %.80s", line))
			return 0
		}
		taken, c.state = end+4, open
		c.swarm.handler.Opened(c)
	}
	for c.fd >= 0 {
		opcode, payload, n, err := cutFrame(sent[taken:])
		if err != nil {
			c.end(err)
			return 0
		}
		if n == 0 {
			return taken
		}
		taken += n
		c.frame(opcode, payload)
	}
	return taken
}

func (c *Conn) frame(opcode byte, payload []byte) {
	switch opcode {
	case opText:
		c.swarm.handler.Received(c, payload)
	case opPing:
		c.send(opPong, payload)
	case opPong:
	case opClose:
		if len(payload) >= 2 {
			c.end(CloseError(binary.BigEndian.Uint16(payload)))
			return
		}
		c.end(errGone)
	default:
		c.end(fmt.Errorf("swarm: the server sends a frame of opcode %d", opcode))
	}
}
