package twinstore

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/plywire/plywire/shard"
)

// Fault is what goes wrong with one batch.
type Fault uint8

// The faults. In manual mode they happen when the batch is stepped.
const (
	FaultNone    Fault = iota
	FaultRefuse        // nothing happens; done hears ErrRefused
	FaultApplied       // the batch becomes durable; done hears ErrUnknown
	FaultLost          // nothing happens; done hears ErrUnknown
	// FaultLate is the request which outlives its answer: done hears ErrUnknown, and the batch stays in Pending and comes
	// to the store with a later Step, when it may find another owner, another head, or itself.
	FaultLate
	FaultFence // somebody else acquires the shard just before; done hears ErrFenced
	FaultDelay // the batch waits for Step, also when the store is not manual, and then nothing is wrong with it
)

// String names the fault.
func (f Fault) String() string {
	names := [...]string{"none", "refuse", "applied", "lost", "late", "fence", "delay"}
	if int(f) < len(names) {
		return names[f]
	}
	return fmt.Sprintf("Fault(%d)", uint8(f))
}

// pending is a batch that waits for Step.
type pending struct {
	batch *shard.Batch // the caller's, until it was answered
	copy  *shard.Batch // as it was when it came
	fault Fault
	done  func(error) // nil: was answered already
}

// Commit implements shard.Store. Unless the batch has to wait for Step, done is called before Commit returns.
func (s *Store) Commit(batch *shard.Batch, done func(error)) {
	if err := s.admit(batch); err != nil {
		done(err)
		return
	}
	waiting := &pending{batch: batch, done: done}
	if s.cfg.Fault != nil {
		waiting.fault = s.cfg.Fault(batch)
	}
	if !s.cfg.Manual && waiting.fault != FaultDelay {
		s.carryOut(waiting)
		return
	}
	waiting.copy = copyBatch(batch)
	s.mu.Lock()
	state := s.state
	if state == nil {
		s.pending = append(s.pending, waiting)
	}
	s.mu.Unlock()
	if state != nil {
		done(state)
	}
}

// admit says why the store does not look at the batch at all, if so.
func (s *Store) admit(batch *shard.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != nil {
		return s.state
	}
	err := batch.Check(s.cfg.Shards)
	if err == nil && slices.ContainsFunc(s.pending, func(p *pending) bool {
		return p.done != nil && p.batch.Shard == batch.Shard && p.batch.Token == batch.Token
	}) {
		err = errUnderWay
	}
	if err != nil {
		s.breach(batch, err)
		return fmt.Errorf("%w: %w", shard.ErrRefused, err)
	}
	return nil
}

// Pending returns the batches which wait for Step, oldest first. The caller must not change them.
func (s *Store) Pending() []*shard.Batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	batches := make([]*shard.Batch, len(s.pending))
	for i, p := range s.pending {
		batches[i] = p.copy
	}
	return batches
}

// Step carries out the batch at index i of Pending, and calls its done, and says whether there was such a batch.
func (s *Store) Step(i int) bool {
	s.mu.Lock()
	if i < 0 || i >= len(s.pending) {
		s.mu.Unlock()
		return false
	}
	p := s.pending[i]
	s.pending = slices.Delete(s.pending, i, i+1)
	if p.done != nil && !reflect.DeepEqual(copyBatch(p.batch), p.copy) {
		s.breach(p.copy, errors.New("the batch was changed before its done was called"))
	}
	s.mu.Unlock()
	s.carryOut(p)
	return true
}

// StepAll steps the oldest batch until none waits, those included which come meanwhile, and returns how many it stepped.
func (s *Store) StepAll() int {
	steps := 0
	for s.Step(0) {
		steps++
	}
	return steps
}

// carryOut does with one batch what its fault says, and answers it.
func (s *Store) carryOut(p *pending) {
	batch := p.copy
	if batch == nil {
		batch = p.batch
	}
	switch {
	case p.done == nil: // late: nobody is there to hear the answer
		_ = s.contents.apply(batch, s.cfg.Now())
	case p.fault == FaultRefuse:
		p.done(fmt.Errorf("%w: as the fault says", shard.ErrRefused))
	case p.fault == FaultLost:
		p.done(fmt.Errorf("%w: as the fault says", shard.ErrUnknown))
	case p.fault == FaultApplied:
		err := s.contents.apply(batch, s.cfg.Now())
		p.done(fmt.Errorf("%w: as the fault says (it came to %v)", shard.ErrUnknown, err))
	case p.fault == FaultLate:
		s.mu.Lock()
		if s.state == nil {
			s.pending = append(s.pending, &pending{copy: copyBatch(batch)})
		}
		s.mu.Unlock()
		p.done(fmt.Errorf("%w: as the fault says", shard.ErrUnknown))
	case p.fault == FaultFence:
		s.contents.acquire(batch.Shard)
		p.done(shard.ErrFenced)
	default:
		p.done(s.contents.apply(batch, s.cfg.Now()))
	}
}
