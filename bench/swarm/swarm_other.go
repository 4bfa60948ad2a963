//go:build !linux

package swarm

import (
	"context"
	"errors"
)

// ErrUnsupported says that a swarm needs Linux.
var ErrUnsupported = errors.New("swarm: this measurement needs Linux (epoll)")

// Conn is one connection.
type Conn struct {
	Data any // the Handler's own
}

// Send does nothing here.
func (c *Conn) Send([]byte) {}

// Drop does nothing here.
func (c *Conn) Drop() {}

// Deaf does nothing here.
func (c *Conn) Deaf() {}

// Swarm needs Linux.
type Swarm struct{}

// New returns ErrUnsupported.
func New(Handler) (*Swarm, error) { return nil, ErrUnsupported }

// Dial returns ErrUnsupported.
func (s *Swarm) Dial(Target, any) (*Conn, error) { return nil, ErrUnsupported }

// Run returns ErrUnsupported.
func (s *Swarm) Run(context.Context) error { return ErrUnsupported }

// Close does nothing here.
func (s *Swarm) Close() {}
