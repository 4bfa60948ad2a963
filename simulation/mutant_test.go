package simulation_test

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plywire/plywire/mutation"
)

var (
	mutantsRun   = flag.String("mutants", "all", "simulate the mutants whose names contain this, or \"all\"")
	mutantsSeeds = flag.String("mutants.seeds", "300", "for how many seeds a mutant is simulated at the most")
)

// forgetCommands is a way to read a snapshot that loses which commands were answered.
const forgetCommands = `	g.log.bytes = nil
	for rest := log; len(rest) > 0; {
		each, after, _ := cutRecord(rest)
		g.log.bytes = append(protowire.AppendVarint(g.log.bytes, uint64(len(each.facts))<<1), each.facts...)
		rest = after
	}
`

// mutants are faults that the simulation has to find: without that, its silence proves nothing. Each is another text in the
// place of one in the product's source.
var mutants = []struct{ name, file, old, new string }{
	{"an ok does not wait for the journal", "shard/output.go", "case s.settled(e):", "case s.settled(e), what.sender != nil:"},
	{"a broadcast does not wait for the journal", "shard/output.go", "case s.settled(e):", "case s.settled(e), what.sender == nil:"},
	{"a resume tells what is not durable", "shard/output.go", "case s.settled(e):", "case s.settled(e), what.notice == nil:"},
	{"an unknown outcome counts as done", "shard/commit.go", "case err == nil:\n		s.durable", "case err == nil, errors.Is(err, ErrUnknown):\n		s.durable"},
	{"an unknown batch is not put again", "shard/commit.go", "	if s.flying == b {\n", "	if false {\n"},
	{"a broadcast is left out", "shard/output.go", "if what.notice != nil {\n		s.publish", "if what.notice != nil && what.sender != nil {\n		s.publish"},
	{"command ids are forgotten", "table/act.go", "t.game.Answer(cmd.User.ID, cmd.ID); known {", "t.game.Answer(cmd.User.ID, cmd.ID); known && seq == 0 {"},
	{"command ids are forgotten by a snapshot", "game/snapshot.go", "	g.log.bytes = slices.Clone(log)\n", forgetCommands + "	_ = slices.Clone(log)\n"},
	{"a command id is everybody's", "game/log.go", "len(c.User))), c.User...)", "0)))"},
	{"a snapshot is behind its state", "shard/upkeep.go", "Position: s.head, State", "Position: s.head - uint64(len(s.pending.Entries)), State"},
	{"a snapshot is ahead of its state", "shard/upkeep.go", "Position: s.head, State", "Position: s.head + 1, State"},
	{"a trim goes too far", "shard/upkeep.go", "floor = min(floor, e.dirty-1)", "floor = min(floor, e.dirty)"},
	{"a flag falls past the journal", "shard/receive.go", "	if len(turn.Events) > 0 {\n", "	if _, tick := cmd.Body.(Tick); !tick && len(turn.Events) > 0 {\n"},
	{"a clock runs through a downtime", "shard/recover.go", "	s.freezeAll(s.alive)\n", ""},
	{"a clock pays for a downtime", "game/decide.go", "g.thaw(cmd.Alive)", "g.thaw(at)"},
	{"a clock runs through a stall", "shard/freeze.go", "between(s.now, now) > s.config.StallAfter", "false"},
	{"a clock runs through a drain", "shard/freeze.go", "		now = s.drainedAt\n", ""},
	{"a clock does not run", "shard/commit.go", "s.refresh(now, e, e.unseen)", "s.refresh(now, e, false)"},
	{"a seq is used again", "game/decide.go", "g.Seq()+1+uint64(i), stamp", "g.Seq()+1, stamp"},
	{"an event is told with the seq of another", "table/view.go", "Seq: ev.Seq, Ply: ev.Ply", "Seq: ev.Seq - 1, Ply: ev.Ply"},
	{"a notice says that it begins later", "table/outcome.go", "First: events[0].Seq", "First: events[len(events)-1].Seq"},
	{"a resume leaves an event out", "table/view.go", "t.game.EventsAfter(look.After)", "t.game.EventsAfter(look.After + 1)"},
	{"a hidden move is shown", "game/rps/rps.go", "if viewer != mover {", "if false {"},
	{"a hidden move is shown in the position", "game/rps/position.go", "return seat == viewer", "return seat < 2"},
	{"a stopped shard leaves those who wait", "shard/commit.go", "[]*batch{flying, pending}", "[]*batch{flying, pending}[:1]"},
	{"a broken game pays on", "shard/freeze.go", "			broken = append(broken, e)\n", ""},
	{"a quarantined game pays on", "shard/freeze.go", "		now = s.abandoned\n", ""},
	{"what is said is not sent", "shard/mailbox.go", "	s.send() // last", "	// last"},
	{"a transcript tells what is hidden", "game/transcript.go", "hider.Redact(moved.Move, moved.Seat, NoSeat)", "hider.Redact(moved.Move, moved.Seat, moved.Seat)"},
	{"a rematch is not asked for again", "shard/forward.go", "		n.time.After(pause, f.try)\n", ""},
}

// TestMutants checks that every mutant can be made, and that the simulation finds it.
func TestMutants(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			path := filepath.Join("..", m.file)
			mutated := mutation.Make(t, path, m.old, m.new)
			if testing.Short() || *mutantsRun != "all" && !strings.Contains(m.name, *mutantsRun) {
				return
			}
			t.Parallel()
			if out, found := mutation.Test(t, path, mutated, "-timeout=120s", "-run=^TestSeeds$", "-sim.seeds="+*mutantsSeeds); !found {
				t.Errorf("the simulation finds nothing wrong with it:\n%s", out)
			}
		})
	}
}
