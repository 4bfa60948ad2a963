package crashtest

import (
	"context"
	"fmt"
	"hash/fnv"

	"github.com/plywire/plywire/wire"
)

// conclude compares what everybody saw and was told with what the server says, and gives the verdict to the run. Requires:
// the game has ended, and nobody sends anything any more.
func (m *match) conclude(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, closeMax, errStuck)
	defer cancel()
	history, err := m.pair.run.fleet.events(ctx, m.id)
	if err != nil {
		return fmt.Errorf("its history: %w", err)
	}
	for _, e := range m.eyes {
		if err := e.untilSeq(ctx, uint64(len(history))); err != nil {
			break // what is missing is found when it is judged
		}
	}
	if ctx.Err() != nil && m.pair.run.ctx.Err() != nil {
		return context.Cause(ctx)
	}
	evidence := Evidence{Game: m.id, Clock: clockOf, History: history}
	if f := m.pair.run.fleet; f.redis == nil {
		evidence.Lives = f.nodes[0].history()
	} else {
		evidence.Cluster, evidence.Outages = true, f.outagesOf(m.id)
	}
	for _, e := range m.eyes {
		evidence.Witnesses = append(evidence.Witnesses, e.close())
	}
	m.mu.Lock()
	for _, s := range m.sent {
		evidence.Commands = append(evidence.Commands, s.Command)
	}
	m.mu.Unlock()
	m.pair.run.judged(m.id, evidence.Judge(), digest(history))
	return nil
}

// close stops watching.
func (m *match) close(ctx context.Context) {
	ctx, cancel := context.WithTimeoutCause(ctx, closeMax, errStuck)
	defer cancel()
	for _, e := range m.eyes {
		e.close()
		_ = e.game.Leave(ctx) // a game that nobody leaves is only watched for longer
	}
}

// digest is what a history can be recognized by, event for event.
func digest(history []wire.Message) []uint64 {
	sums := make([]uint64, len(history))
	for i, ev := range history {
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(canonical(ev)))
		sums[i] = sum.Sum64()
	}
	return sums
}

// compare says what has become of a game that was judged before.
func compare(game string, before, now []uint64) (v Verdict) {
	for i := range before {
		switch {
		case i >= len(now):
			v.Wrong.LostCommands++
		case before[i] != now[i]:
			v.Wrong.Disagree++
		}
	}
	v.Wrong.Disagree += max(len(now)-len(before), 0)
	if !v.Wrong.None() {
		v.fault("game %s had %d events when it ended and has %d in the end: %d of them are gone, and %d are others", game, len(before), len(now),
			v.Wrong.LostCommands, v.Wrong.Disagree)
	}
	return v
}
