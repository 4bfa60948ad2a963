package simulation

import (
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/chess"
	"github.com/plywire/plywire/game/connectfour"
	"github.com/plywire/plywire/game/nim"
	"github.com/plywire/plywire/game/rps"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/shard/twinstore"
	"github.com/plywire/plywire/table"
)

var registry = game.NewRegistry(chess.Rules{}, connectfour.Rules{}, rps.Rules{}, nim.Rules{})

// setup is what stays the same for all processes of a simulation.
type setup struct {
	shard    shard.Config
	table    table.Config
	gamesMax int // that clients create
	faults   int // one batch in so many has a fault
	downMax  int // frames that wait for a client before the server ends the connection
}

// draw makes a setup: bounds so narrow that they are met all the time, or those of production.
func (s *sim) draw() setup {
	set := setup{shard: shard.DefaultConfig(), table: table.DefaultConfig(), gamesMax: 1 + s.random.IntN(4), faults: 4 + s.random.IntN(30),
		downMax: 6 + s.random.IntN(60)}
	set.shard.RecoverParallel = 1
	set.table.Registry = registry
	if s.chance(6) {
		return set
	}
	set.shard.SnapshotEvents = 1 + s.random.IntN(8)
	set.shard.SnapshotInterval, set.shard.UpkeepInterval = 3*time.Second, time.Second
	set.shard.PassivateAfter = time.Second + s.upTo(4*time.Second)
	set.shard.RetryMax = 200 * time.Millisecond
	if s.chance(2) {
		set.shard.MailboxLen, set.shard.BatchEntries, set.shard.BatchBytes = 6, 6, 2000
	}
	set.table.Grace = time.Second + s.upTo(3*time.Second)
	set.table.ResumeMax = 1 + s.random.IntN(12)
	return set
}

// fault says what goes wrong with a batch.
func (s *sim) fault(*shard.Batch) twinstore.Fault {
	if !s.faulty || !s.chance(s.setup.faults) {
		return twinstore.FaultNone
	}
	switch n := s.random.IntN(18); {
	case n == 0:
		s.note(FaultsFenced, "a batch is going to be fenced")
		return twinstore.FaultFence
	case n < 5:
		s.note(FaultsRefused, "a batch is going to be refused")
		return twinstore.FaultRefuse
	case n < 10:
		s.note(FaultsApplied, "a batch is going to be durable, and nobody told")
		return twinstore.FaultApplied
	case n < 14:
		s.note(FaultsLost, "a batch is going to be lost, and nobody told")
		return twinstore.FaultLost
	default:
		s.note(FaultsLate, "a batch is going to come late")
		return twinstore.FaultLate
	}
}
