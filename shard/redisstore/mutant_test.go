package redisstore

import (
	"testing"

	"github.com/plywire/plywire/mutation"
)

// mutants are faults that the tests have to find: without that, their silence proves nothing. with is which of them, as -run
// has it.
var mutants = []struct{ name, file, old, new, with string }{
	{"any owner of the same epoch", "scripts.go", "owner[1] ~= ARGV[1] or owner[2] ~= ARGV[2]", "owner[1] ~= ARGV[1]", "TestStore$/a_wrong_token"},
	{"any epoch of the same owner", "scripts.go", "owner[1] ~= ARGV[1] or owner[2] ~= ARGV[2]", "owner[2] ~= ARGV[2]", "TestStore$/a_wrong_token"},
	{"no batch was seen before", "scripts.go", "if head[2] == ARGV[3] then", "if head[2] == 'x' then", "TestAnswersAreLost"},
	{"any head", "scripts.go", "if n ~= ARGV[4] then", "if n == 'x' then", "TestStore$/a_batch_with_another_head"},
	{"nothing is trimmed", "scripts.go", "  redis.call('XTRIM', KEYS[3], 'MINID', first)\n", "", "TestStore$/an_expired_actor_with"},
	{"who was resident stays it", "scripts.go", "    redis.call('SREM', KEYS[4], actor)\n", "", "TestStore$/recover"},
	{"an expiry is never taken back", "scripts.go", "    redis.call('ZREM', KEYS[5], actor)\n  else", "  else", "TestStore$/a_new_snapshot_takes"},
	{"a sweep that looked before", "scripts.go", "if (redis.call('HGET', KEYS[1], 'n') or '0') ~= ARGV[1] then", "if false then", "TestForget"},
	{"more time is not respected", "scripts.go", "if expires and tonumber(expires) <= tonumber(ARGV[2]) then", "if true then", "TestForget"},
	{"actors with entries are forgotten", "sweep.go", "return present[actor]", "_ = present; return false", "TestStore$/an_expired_actor_with"},
	{"the library sends again", "../../redisclient/redisclient.go", "o.MaxRetries = -1", "o.MaxRetries = 3", "TestAnswersAreLost"},
	{"one replica less", "durability.go", "case got < wanted:", "case got < wanted-1:", "TestReplicaHangs"},
	{"who has left is not missed", "durability.go", "return max(p.least, f.most)", "return max(p.least, f.now)", "TestReplicasLeave"},
	{"who has come is not waited for", "durability.go", "		if wanted > 0 {", "		if wanted > 99 {", "TestDiskOfAnOld"},
	{"an owner that no replica knows", "redisstore.go", "			spread = receipt.err()\n", "			_ = receipt.err()\n", "TestAcquireWaits"},
	{"no matter what the disk has", "durability.go", "	case !local:", "	case !local && false:", "TestDiskIsWaited"},
	{"what is elsewhere has happened here", "commit.go", "	{\"MOVED \", \"another server", "	{\"X \", \"another server", "TestVerdict"},
	{"a lost shard is begun anew", "acquire.go", "		may = 0\n", "		may = 1\n", "IsEmptied"},
	{"a record is begun over what is left", "found.go", "		if n != 0 {", "		if n > 9 {", "IsEmptied"},
	{"nobody remembers what was begun", "acquire.go", "	if !begun {\n		if _", "	if false {\n		if _", "IsEmptied"},
	{"no look behind", "read.go", "	after, lost := s.look(ctx, state, token)\n", "	after, lost := before, error(nil)\n", "TestShardIsTaken"},
	{"damage of what is another's", "read.go", "	case lost != nil:", "	case lost != nil && err == nil:", "TestTrimWhile"},
	{"every gap is a trim", "read.go", "err != nil || n <= to {", "err != nil || n == 0 {", "TestGap"},
	{"no gap is a trim", "read.go", "err != nil || n <= to {", "err != nil || n > 0 {", "TestTrimWhile"},
	{"what was trimmed comes before a gap", "read.go", "				all = all[:0]", "				_ = all[:0]", "TestTrimWhile"},
	{"a gap at the beginning", "record.go", "case entries[0].Position > first:", "case entries[0].Position > first+99:", "TestDamage"},
	{"an answer to another batch", "commit.go", "case len(said) < 2 || said[1] != w.batch.ID.String():", "case len(said) < 2:", "TestVerdict"},
	{"every error is a refusal", "commit.go", "strings.HasPrefix(said.Error(), known.prefix)", "strings.HasPrefix(said.Error(), \"\")", "TestVerdict"},
	{"a lost connection is a refusal", "commit.go", "	return fmt.Errorf(\"%w: %w\", shard.ErrUnknown, err)\n", "	return fmt.Errorf(\"%w: %w\", shard.ErrRefused, err)\n", "TestRedisHangs"},
}

func TestMutants(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			mutated := mutation.Make(t, m.file, m.old, m.new)
			if testing.Short() {
				return
			}
			if out, found := mutation.Test(t, m.file, mutated, "-timeout=120s", "-run="+m.with); !found {
				t.Errorf("the tests find nothing wrong with it:\n%s", out)
			}
		})
	}
}
