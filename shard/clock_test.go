package shard_test

import (
	"sync"
	"time"

	"github.com/plywire/plywire/shard"
)

// clock is a shard.Time that a test drives by hand: nothing happens by itself, and everything in an order that is the same
// every time.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	alarms []alarm // by time; those of the same time in the order in which they came
	ready  []func()
}

type alarm struct {
	at time.Time
	f  func()
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

func (c *clock) time() shard.Time {
	return shard.Time{Now: c.Now, After: c.after, Go: func(f func()) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ready = append(c.ready, f)
	}}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) after(d time.Duration, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.now.Add(d)
	i := len(c.alarms)
	for i > 0 && c.alarms[i-1].at.After(at) {
		i--
	}
	c.alarms = append(c.alarms, alarm{})
	copy(c.alarms[i+1:], c.alarms[i:])
	c.alarms[i] = alarm{at, f}
}

// runOne runs what waits to be run beside, at index i.
func (c *clock) runOne(i int) bool {
	c.mu.Lock()
	if i >= len(c.ready) {
		c.mu.Unlock()
		return false
	}
	f := c.ready[i]
	c.ready = append(c.ready[:i], c.ready[i+1:]...)
	c.mu.Unlock()
	f()
	return true
}

// settle runs all that waits to be run beside, and what comes of it.
func (c *clock) settle() {
	for c.runOne(0) {
	}
}

// ring lets the first alarm ring that is due.
func (c *clock) ring() bool {
	c.mu.Lock()
	if len(c.alarms) == 0 || c.alarms[0].at.After(c.now) {
		c.mu.Unlock()
		return false
	}
	f := c.alarms[0].f
	c.alarms = c.alarms[1:]
	c.mu.Unlock()
	f()
	return true
}

// pass lets d go by, with all that is to happen meanwhile.
func (c *clock) pass(d time.Duration) {
	until := c.Now().Add(d)
	for c.settle(); ; c.settle() {
		c.mu.Lock()
		next := until
		if len(c.alarms) > 0 && c.alarms[0].at.Before(until) {
			next = c.alarms[0].at
		}
		if next.After(c.now) {
			c.now = next
		}
		c.mu.Unlock()
		if !c.ring() {
			return
		}
	}
}

// stall lets d go by without anything happening meanwhile: the process stands still.
func (c *clock) stall(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) count() (alarms, ready int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.alarms), len(c.ready)
}
