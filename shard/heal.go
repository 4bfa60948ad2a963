package shard

import (
	"errors"
	"fmt"
	"time"
)

// HeadError says where the journal's head is. It is an ErrHead.
type HeadError struct{ Head uint64 }

// Error implements error.
func (e *HeadError) Error() string { return fmt.Sprintf("%v: it is %d", ErrHead, e.Head) }

// Is makes it an ErrHead.
func (e *HeadError) Is(target error) bool { return target == ErrHead }

// remember keeps a batch that is durable, for the case that the store loses it: a replica that was promoted in the place of its
// primary may not have had the last of them. The oldest are forgotten when all of them have more than Config.HealBytes.
func (s *shard) remember(b *batch) {
	if !s.yields || s.config.HealBytes == 0 || len(b.Entries) == 0 && len(b.Snapshots) == 0 {
		return
	}
	kept := remembered{bytes: b.bytes}
	kept.Batch = b.Batch
	kept.Entries = append([]Entry(nil), b.Entries...)
	kept.Snapshots = append([]Snapshot(nil), b.Snapshots...)
	s.recent = append(s.recent, kept)
	s.recentBytes += kept.bytes
	for s.recentBytes > s.config.HealBytes {
		s.recentBytes -= s.recent[0].bytes
		s.recent[0] = remembered{}
		s.recent = s.recent[1:]
	}
}

// remembered is a batch that was durable.
type remembered struct {
	Batch
	bytes int
}

// heal goes on with a store whose head is not where this owner has left it. What it has lost of late is written again, before
// anything else: the token is still this owner's, so that nobody can have written anything else.
func (s *shard) heal(err error) {
	var at *HeadError
	if !errors.As(err, &at) || at.Head >= s.flying.Head {
		s.stop(err)
		return
	}
	for i := range s.recent {
		if s.recent[i].Head == at.Head {
			s.metrics.healed.Add(float64(s.flying.Head - at.Head))
			s.log.Error().Int("shard", s.index).Uint64("head", at.Head).Uint64("want", s.flying.Head).
				Msg("the store has lost the end of a journal; it is written again from memory")
			s.healFrom(s.flying, i)
			return
		}
	}
	s.stop(fmt.Errorf("%w, %d entries behind what was acknowledged, which is more than is remembered here: acknowledged events are lost",
		err, s.flying.Head-at.Head))
}

// healFrom writes the batches that are remembered again, from one on, and then the one under way.
func (s *shard) healFrom(flying *batch, i int) {
	if s.flying != flying {
		return // the shard has stopped
	}
	if i == len(s.recent) {
		s.put()
		return
	}
	s.store.Commit(&s.recent[i].Batch, func(err error) {
		s.tell(func(time.Time) {
			switch {
			case s.flying != flying:
			case err == nil:
				s.healFrom(flying, i+1)
			case errors.Is(err, ErrFenced), errors.Is(err, ErrHead), errors.Is(err, ErrClosed):
				s.stop(err)
			default:
				s.time.After(s.config.RetryMax, func() { s.tell(func(time.Time) { s.healFrom(flying, i) }) })
			}
		})
	})
}
