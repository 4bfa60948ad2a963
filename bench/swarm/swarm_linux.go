package swarm

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Swarm is the loop and its connections. Its methods are for the goroutine that runs it, and before it runs.
type Swarm struct {
	handler Handler
	poll    int // the epoll instance
	timer   int // a timerfd: its resolution is finer than epoll_wait's
	conns   []*Conn
	buffer  [readMax]byte
	sending []byte
	alarm   time.Time
}

// New returns a swarm without connections. Close has to be called in the end.
func New(handler Handler) (*Swarm, error) {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("swarm: epoll: %w", err)
	}
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		_ = unix.Close(poll)
		return nil, fmt.Errorf("swarm: timer: %w", err)
	}
	if err := unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, timer, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(timer)}); err != nil {
		return nil, fmt.Errorf("swarm: timer: %w", err)
	}
	return &Swarm{handler: handler, poll: poll, timer: timer}, nil
}

// Close drops all connections.
func (s *Swarm) Close() {
	for _, c := range s.conns {
		if c != nil {
			c.Drop()
		}
	}
	_ = unix.Close(s.timer)
	_ = unix.Close(s.poll)
}

// Dial begins a connection; Opened or Closed will be told of it. data becomes its Data.
func (s *Swarm) Dial(target Target, data any) (*Conn, error) {
	c := &Conn{Data: data, swarm: s, fd: -1, target: target}
	if err := c.dial(); err != nil {
		return nil, err
	}
	for len(s.conns) <= c.fd {
		s.conns = append(s.conns, nil)
	}
	s.conns[c.fd] = c
	return c, nil
}

// Run runs the swarm until ctx ends, on a thread of its own. It looks at ctx every 50 ms at the latest.
func (s *Swarm) Run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s.handler.Begin()
	s.arm(s.handler.Wake(time.Now()))
	var events [roundMax]unix.EpollEvent
	for ctx.Err() == nil {
		n, err := unix.EpollWait(s.poll, events[:], 50)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("swarm: epoll: %w", err)
		}
		for i := range max(n, 0) {
			fd := int(events[i].Fd)
			if fd == s.timer {
				var times [8]byte
				_, _ = unix.Read(s.timer, times[:])
				s.alarm = time.Time{}
				continue
			}
			if c := s.conns[fd]; c != nil {
				c.ready(events[i].Events)
			}
		}
		s.arm(s.handler.Wake(time.Now()))
	}
	return nil
}

// arm sets the timer.
func (s *Swarm) arm(at time.Time) {
	if at.IsZero() || at.Equal(s.alarm) {
		return
	}
	s.alarm = at
	wait := max(time.Until(at), time.Microsecond)
	_ = unix.TimerfdSettime(s.timer, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(wait))}, nil)
}

// socket makes a socket that is being connected.
func socket(target Target) (int, error) {
	to, err := netip.ParseAddrPort(target.Address)
	if err != nil || !to.Addr().Is4() {
		return -1, fmt.Errorf("swarm: address %q: want an IPv4 address and a port", target.Address)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("swarm: socket: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if target.Source.Is4() {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) // the port is chosen by connect
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: target.Source.As4()}); err != nil {
			_ = unix.Close(fd)
			return -1, fmt.Errorf("swarm: bind to %s: %w", target.Source, err)
		}
	}
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	if err != nil && !errors.Is(err, unix.EINPROGRESS) {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("swarm: connect: %w", err)
	}
	return fd, nil
}
