package redisregistry

import (
	"testing"

	"github.com/plywire/plywire/mutation"
)

// mutants are faults that the tests have to find: without that, their silence proves nothing. with is which of them, as -run
// has it.
var mutants = []struct{ name, file, old, new, with string }{
	{"a claim by the dead", "scripts.go", "if not lives(id) then", "if false then", "TestRegistry/who_has_no_lease"},
	{"a claim on the living", "scripts.go", "if not holder or not alive[holder] then", "if holder ~= id then", "TestRegistry/what_a_living_member"},
	{"a claim again is a change", "scripts.go", "if changed then", "if true then", "TestRegistry/claiming_again"},
	{"a claim is no change", "scripts.go", "if changed then", "if false then", "TestRegistry/the_version_grows"},
	{"a pass by anybody", "scripts.go", "if holder ~= from then", "if false then", "TestRegistry/a_shard_is_not_passed"},
	{"a pass to the dead", "scripts.go", "if not lives(to) then", "if false then", "TestRegistry/a_shard_is_not_passed"},
	{"a pass again fails", "scripts.go", "if holder == to then", "if false then", "TestAnswersAreLost"},
	{"a lease for ever", "scripts.go", "return ends(id) > now", "return ends(id) > 0", "TestRegistry/what_a_dead_member"},
	{"the dead stay in the view", "scripts.go", "'(' .. past, '+inf'", "'-inf', '+inf'", "TestManyAreGone"},
	{"who has withdrawn is still there", "scripts.go", "redis.call('ZREM', leases, ARGV[2])\n", "", "TestRegistry/withdraw"},
	{"a version may come again", "scripts.go", " .. string.sub(ARGV[1], -9)", " .. '123456789'", "TestRegistry/a_registry_that_goes_back"},
	{"written before it is read", "scripts.go", "redis.call('HLEN', pins)\n", "", "TestForeignContents"},
	{"no look at the memory", "scripts.go", "const prelude = `#!lua\n", "const prelude = `\n", "TestRedisRefuses"},
	{"the registry's time is not kept", "run.go", "context.WithTimeout(ctx, r.timeout)", "context.WithCancel(ctx)", "TestRedisHangs"},
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
