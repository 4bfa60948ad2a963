package shard_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/plywire/plywire/mutation"
)

var (
	mutantsRun  = flag.String("mutants", "", "run the tests against the mutants whose names contain this, or \"all\"; that takes minutes")
	mutantsWith = flag.String("mutants.with", ".", "the tests that are run, as -run has them")
)

// mutants are faults that the tests of this package have to find: without that, the tests prove nothing.
var mutants = []struct{ name, file, old, new string }{
	{"nothing waits for the store", "output.go", "case s.settled(e):", "case true:"},
	{"what follows a batch under way does not wait for it", "output.go", "case s.settled(e):\n", "case s.settled(e), e.batch != s.batches:\n"},
	{"the reply comes before the notice", "output.go", "	if what.notice != nil {\n		s.publish(what.actor, what.notice)\n	}\n	s.answer(what.sender, what.reply, what.err)\n", "	s.answer(what.sender, what.reply, what.err)\n	if what.notice != nil {\n		s.publish(what.actor, what.notice)\n	}\n"},
	{"a panic outside goes on inside", "output.go", "	if cause := recover(); cause != nil {\n		s.metrics.panics", "	if cause := any(nil); cause != nil {\n		s.metrics.panics"},
	{"an unknown fate counts as done", "commit.go", "case err == nil:\n		s.durable", "case err == nil, errors.Is(err, ErrUnknown):\n		s.durable"},
	{"an unknown fate counts as a loss", "commit.go", "case errors.Is(err, ErrFenced), errors.Is(err, ErrClosed):", "case errors.Is(err, ErrFenced), errors.Is(err, ErrClosed), errors.Is(err, ErrUnknown):"},
	{"an unknown batch is put with another id", "commit.go", "	if s.flying == b {\n", "	if b.ID[15]++; s.flying == b {\n"},
	{"an unknown batch is put with what came meanwhile", "commit.go", "	if s.flying == b {\n", "	if b.Snapshots = append(b.Snapshots, s.pending.Snapshots...); s.flying == b {\n"},
	{"an unknown batch is not put again", "commit.go", "	if s.flying == b {\n", "	if false {\n"},
	{"a batch is used again too early", "commit.go", "s.flying, s.pending, s.spare = b, s.spare, nil", "s.flying, s.pending, s.spare = b, b, nil"},
	{"batches have the same id in every life", "commit.go", "copy(id[:8], token.Owner[:])", "_ = token"},
	{"those behind the last batch are not refused", "commit.go", "[]*batch{flying, pending}", "[]*batch{flying, pending}[:1]"},
	{"a lost shard goes on", "commit.go", "	s.close(cause)\n	s.failed(s, cause)", "	s.failed(s, cause)"},
	{"the backlog has no bound", "commit.go", "len(s.pending.Entries) >= most || outputs", "outputs"},
	{"the answers have no bound", "commit.go", "|| outputs >= most ", ""},
	{"the bytes have no bound", "commit.go", "|| s.pending.bytes >= s.config.BatchBytes", ""},
	{"visible while later events are on their way", "commit.go", "case !s.settled(e): // a later batch will say so", "case false:"},
	{"visible is not told", "commit.go", "s.refresh(now, e, e.unseen)", "s.refresh(now, e, false)"},
	{"the mailbox has no bound", "mailbox.go", "case len(s.mailbox) >= s.config.MailboxLen:", "case false:"},
	{"a sender runs the shard for ever", "mailbox.go", "senderTurns = 16", "senderTurns = -1"},
	{"post runs the shard", "mailbox.go", "	run, err := s.accept(cmd)\n	if run {\n		s.time.Go(s.runAll)", "	run, err := s.accept(cmd)\n	if run {\n		s.runAll()"},
	{"the shard is run twice", "mailbox.go", "	run = !s.running\n", "	run = true\n"},
	{"the last command is not collected", "mailbox.go", "	s.running = len(s.mailbox) > 0\n", "	s.running = len(s.mailbox) > 1\n"},
	{"a panic of the shard leaves it without a runner", "mailbox.go", "	s.busySince.Store(0)\n	s.time.Go(s.runAll)\n}", "	s.busySince.Store(0)\n}"},
	{"a panic of the shard leaves who waits in the mailbox", "mailbox.go", "for ; s.read < len(s.mail); s.read++ {", "for false {"},
	{"the command at which the shard panics is not refused", "mailbox.go", "	s.refuse(Command{Sender: last})\n", "	_ = last\n"},
	{"the end of a backlog is missed", "mailbox.go", "	s.choked(now) // so that the end of it is not missed\n", ""},
	{"strays stay", "mailbox.go", "	s.dropStrays()\n", ""},
	{"a late command is decided on as of now", "receive.go", "		at = cmd.At\n", ""},
	{"a late command finds no tick", "receive.go", "if well && e.due(at) && s.settled(e) {", "if false {"},
	{"time goes back", "receive.go", "		at = e.latest\n", ""},
	{"a command comes before the thaw", "receive.go", "well := !e.frozen || s.thaw(now, e)", "well := true"},
	{"a panic is answered without a rebuilding", "receive.go", "		s.breakDown(now, e)\n		return false", "		return false"},
	{"a panic is answered twice", "receive.go", "		s.breakDown(now, e)\n		return false", "		s.breakDown(now, e)\n		s.answer(cmd.Sender, nil, errPanicked)\n		return false"},
	{"a panic is not answered", "receive.go", "		s.out(now, e, output{sender: cmd.Sender, at: cmd.At, err: errPanicked})\n", ""},
	{"the first event that no snapshot covers is one later", "receive.go", "e.dirty, e.dirtyAt = s.head+1, now", "e.dirty, e.dirtyAt = s.head+2, now"},
	{"waiting commands have no bound", "receive.go", "if s.waiting >= s.config.MailboxLen {", "if false {"},
	{"an owner that was replaced does not find out", "load.go", "last > s.head {", "false {"},
	{"an actor that could not be mended is forgotten", "load.go", "	if e.faults == 0 {\n", "	if true {\n"},
	{"an actor that could not be mended stays broken", "load.go", "s.tell(func(time.Time) { s.mend(e) })", "s.tell(func(time.Time) {})"},
	{"a mended actor has no tail", "load.go", "	if dirty == 0 {\n", "	if true {\n"},
	{"a mended actor is not thawed", "fault.go", "	s.freeze(e, now)\n", ""},
	{"a broken actor is mended before all of it is durable", "fault.go", "e.state == entryBroken && s.settled(e)", "e.state == entryBroken"},
	{"an actor may fail for ever", "fault.go", "faultsMax = 2", "faultsMax = 1000"},
	{"a quarantined actor holds up the trim", "fault.go", "		s.keep(e, kept)\n", ""},
	{"a quarantined actor loses its tail", "fault.go", "kept.Tail = append(kept.Tail, each.Event)", "_ = each"},
	{"a quarantined actor stays with the store alone", "fault.go", "kept.Resident, kept.Expires = true,", "kept.Resident, kept.Expires = false,"},
	{"an actor loads as many as it likes", "load.go", "loadsMax = 8", "loadsMax = 1 << 20"},
	{"actors that wait for a load are forgotten", "load.go", "				s.loading--\n				s.loadNext()\n", "				s.loading--\n"},
	{"a deadline that moves nearer is not noticed", "timers.go", "		heap.Fix(&s.timers, e.timer)\n", ""},
	{"a deadline that has gone is heard of", "timers.go", "		case e.due(now):\n", "		case true:\n"},
	{"a deadline counts before events are visible", "timers.go", "		case !s.settled(e):\n", "		case false:\n"},
	{"a tick may keep the shard for itself", "timers.go", "e.pause = now.Add(tickPause)", "e.pause = now.Add(time.Millisecond)"},
	{"the shard is not woken again", "timers.go", "	if s.armed.Equal(at) {\n", "	if false {\n"},
	{"every turn sets an alarm", "timers.go", "|| !s.armed.IsZero() && !s.armed.After(first)", ""},
	{"no wake-up is set", "timers.go", "away > 2*s.config.pulse()", "true"},
	{"a wake-up is set long before", "timers.go", "away > 2*s.config.pulse() ||", ""},
	{"a store that has lost its tail is not healed", "heal.go", "if s.recent[i].Head == at.Head {", "if false {"},
	{"half of a lost tail is written again", "heal.go", "s.healFrom(flying, i+1)", "s.healFrom(flying, i+2)"},
	{"what is remembered has no bound", "heal.go", "for s.recentBytes > s.config.HealBytes {", "for false {"},
	{"ticks without a lease", "timers.go", "s.open && !s.paused && s.drained == nil", "s.open && s.drained == nil"},
	{"answers without a lease", "receive.go", "if !s.open || s.paused || s.choked(now) {", "if !s.open || s.choked(now) {"},
	{"time without a lease is charged", "freeze.go", "			s.freezeAll(s.since)\n", ""},
	{"what was refused for long waits for ever", "commit.go", "		if s.yields && !b.unsure {", "		if false {"},
	{"what may have happened counts as refused", "commit.go", "		if s.yields && !b.unsure {", "		if s.yields {"},
	{"who waits for long hears nothing", "commit.go", "		s.disappoint(b)\n", ""},
	{"a shard that was given away is here", "pass.go", "		n.slots[index].current.CompareAndSwap(s, nil)\n		ended", "		ended"},
	{"a shard that was given away is snapshotted", "pass.go", "s.drain(false, func(err error) {", "s.drain(true, func(err error) {"},
	{"what an actor did after it was passed is left out", "receive.go", "e.events+len(events), false\n", "e.events+len(events), e.passed\n"},
	{"an owner in between is not noticed", "pass.go", "|| token.Epoch != passed.Epoch+1 {", "{"},
	{"what is broken is passed", "pass.go", "case e.state != entryLive && (e.exists || e.faults > 0):", "case false:"},
	{"what was snapshotted since it was passed stays old", "pass.go", "case !e.told && !e.needed()", "case !e.needed()"},
	{"what has left memory since it was passed stays old", "pass.go", "warm && !s.missing", "warm"},
	{"players are charged for a passing", "pass.go", "Alive: s.lastAlive(now)", "Alive: s.now"},
	{"ticks while draining", "timers.go", "!s.paused && s.drained == nil && len(s.timers) > 0", "!s.paused && len(s.timers) > 0"},
	{"a stall is not noticed", "freeze.go", "between(s.now, now) > s.config.StallAfter", "false"},
	{"a hiccup is a stall", "freeze.go", "between(s.now, now) > s.config.StallAfter", "between(s.now, now) > 0"},
	{"a stall has no beginning", "freeze.go", "s.freezeAll(s.now)", "s.freezeAll(now)"},
	{"a long backlog is not given back", "freeze.go", "			s.freezeAll(since)\n", ""},
	{"a short backlog is given back", "freeze.go", "if now.Sub(since) > s.config.StallAfter {", "if true {"},
	{"a second stall hides the first", "freeze.go", "	case !e.frozen:\n", "	default:\n"},
	{"the frozen count as served", "freeze.go", "			now = e.alive\n", ""},
	{"the frozen are thawed without bound", "freeze.go", "!s.paused && !s.choked(now); n++ {", "!s.paused; n++ {"},
	{"a snapshot is ahead", "upkeep.go", "Position: s.head, State", "Position: s.head + 1, State"},
	{"a snapshot is behind", "upkeep.go", "Position: s.head, State", "Position: s.head - uint64(len(s.pending.Entries)), State"},
	{"an actor leaves memory before its snapshot is durable", "upkeep.go", "!e.resident && s.settled(e):", "!e.resident:"},
	{"an actor leaves memory without a snapshot", "upkeep.go", "idle && e.dirty == 0 && !e.resident", "idle"},
	{"an actor leaves memory with a deadline", "upkeep.go", "idle := !e.needed() &&", "idle :="},
	{"an actor leaves memory although it stays", "upkeep.go", "return e.returns() || e.needs.Stay", "return e.returns()"},
	{"an actor stays resident for ever", "upkeep.go", "case idle && (e.dirty != 0 || e.resident),", "case idle && e.dirty != 0,"},
	{"no snapshot is resident", "upkeep.go", "Resident: e.returns(),", "Resident: false,"},
	{"a deadline that comes late is not resident", "upkeep.go", "	return !e.resident && e.returns()\n", "	return false\n"},
	{"an expired actor has entries only", "upkeep.go", "|| !e.expires.IsZero()", ""},
	{"what was asked of others is forgotten", "upkeep.go", "return !e.needs.Deadline.IsZero() || e.sends > 0", "return !e.needs.Deadline.IsZero()"},
	{"the trim goes too far", "upkeep.go", "floor = min(floor, e.dirty-1)", "floor = min(floor, e.dirty)"},
	{"the trim knows no floor", "upkeep.go", "floor = min(floor, e.dirty-1)", "_ = e"},
	{"nothing is trimmed", "upkeep.go", "		s.pending.Trim, s.trimmed = floor, floor\n", ""},
	{"upkeep has no bound", "upkeep.go", "			budget--\n", ""},
	{"an idle owner shows no sign of life", "upkeep.go", "		s.pending.beat = true // so", "		_ = s.pending.beat // so"},
	{"an actor has several snapshots in a batch", "upkeep.go", "	if e.kept == 0 {\n", "	if true {\n"},
	{"entries that a snapshot covers are applied again", "recover.go", "if each.Position > what.snapshot.Position {", "if true {"},
	{"residents are not brought back", "recover.go", "what.snapshot.Resident || len(what.tail) > 0", "len(what.tail) > 0"},
	{"everybody is brought back", "recover.go", "if what := all[id]; what.snapshot.Resident || len(what.tail) > 0 {", "if what := all[id]; true {"},
	{"nobody is thawed at the start", "recover.go", "	s.freezeAll(s.alive)\n", ""},
	{"shards are served one by one", "recover.go", "		s.revive(now, recovery)\n", "		s.revive(now, recovery)\n		s.serve(now)\n"},
	{"a drained actor is not snapshotted", "drain.go", "if e.state == entryLive && e.dirty != 0 {", "if false {"},
	{"a drain does not wait for the store", "drain.go", "s.flying == nil && s.pending.empty() &&", ""},
	{"a drain does not wait for what is being loaded", "drain.go", "s.pending.empty() && !s.reading() {", "s.pending.empty() {"},
	{"a drain writes one batch of any size", "drain.go", "		if s.full() {\n			return\n		}\n", ""},
	{"a drained shard takes commands", "drain.go", "	s.serving = false\n", "	_ = s.serving\n"},
	{"players are charged for a drain", "freeze.go", "		now = s.drainedAt\n", ""},
	{"a slow drain is a stall", "freeze.go", "s.open && s.drained == nil && between", "s.open && between"},
	{"players are charged while an actor is broken", "freeze.go", "			broken = append(broken, e)\n", ""},
	{"players are charged for a quarantine", "freeze.go", "		now = s.abandoned\n", ""},
	{"players are charged for a second quarantine", "fault.go", "		alive = s.alive\n", ""},
	{"a lost shard holds up the drain", "shard.go", "		done(s.lost)\n", "		_ = done\n"},
	{"commands that wait for a load are not refused", "shard.go", "		for _, cmd := range s.takeWaiting(e) {\n			s.refuse(cmd)\n		}\n", ""},
	{"a forwarded command is not tried again", "forward.go", "		n.time.After(pause, f.try)\n", ""},
	{"a forwarded command counts as delivered at once", "forward.go", "	f.tries++\n", "	f.tries++\n	f.from.tellLater(func(now time.Time) { f.from.delivered(now, f.actor) })\n"},
	{"a forwarded command never counts as delivered", "forward.go", "		e.sends--\n", ""},
}

// TestMutants checks that every mutant can be made, and with -mutants=all that the tests find it.
func TestMutants(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			mutated := mutation.Make(t, m.file, m.old, m.new)
			if *mutantsRun == "all" || *mutantsRun != "" && strings.Contains(m.name, *mutantsRun) {
				if out, found := mutation.Test(t, m.file, mutated, "-short", "-timeout=60s", "-run="+*mutantsWith); !found {
					t.Errorf("the tests find nothing wrong with it:\n%s", out)
				}
			}
		})
	}
}
