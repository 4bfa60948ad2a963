// Package storetest is the conformance suite of shard.Store: what every store must do, whatever it is made of. It knows
// the contract alone, and must never learn how a store keeps it.
package storetest

import (
	"testing"
	"time"

	"github.com/plywire/plywire/shard"
)

// ShardsMin is the number of shards that the suite needs at the least.
const ShardsMin = 8

// Opened is a new, empty store to be tested, with the ways to leave it and to come back.
type Opened struct {
	Store shard.Store

	// Reopen opens the same contents again, once Store.Close or Crash has returned. It may be called several times.
	Reopen func(t *testing.T) shard.Store

	// Crash ends the store that was opened last, at any moment, as the sudden end of its process and its machine would:
	// what was not durable is gone. nil leaves the tests out that need it.
	Crash func(t *testing.T)

	// Pass lets d go by on the store's clock, which started at the real time, and returns when the store has had its
	// occasion to forget what has expired. nil leaves the tests out that need it.
	Pass func(t *testing.T, d time.Duration)
}

// Run tests the stores that open returns, one for each test.
func Run(t *testing.T, open func(t *testing.T) Opened) {
	for _, test := range []struct {
		name string
		run  func(*rig)
	}{
		{"acquire draws a new token", testAcquire},
		{"an untouched shard is empty", testEmpty},
		{"a shard out of range is an error", testShardRange},
		{"a call whose context has ended fails", testContext},

		{"entries get positions without gaps", testPositions},
		{"positions may be left to the store", testPositionsUnset},
		{"a batch is all or nothing", testAtomic},
		{"a batch without entries", testSnapshotsOnly},
		{"a batch of nothing is a sign of life", testEmptyBatch},
		{"a batch with another head", testHead},
		{"a malformed batch changes nothing", testMalformed},
		{"contents come back as they were", testContents},
		{"five thousand entries", testManyEntries},
		{"a mebibyte of event and of state", testLargeValues},

		{"the same batch again", testRepeat},
		{"the same batch again, of snapshots only", testRepeatSnapshots},
		{"the same batch again, after a reopening", testRepeatReopened},
		{"a wrong token fences", testFence},
		{"a new owner fences the old", testFenceOld},
		{"nobody owns a shard without Acquire", testFenceUnowned},
		{"an owner survives a reopening", testOwnerReopened},

		{"a newer snapshot replaces", testReplace},
		{"recover returns the snapshots it should", testRecoverSnapshots},
		{"load", testLoad},
		{"read", testRead},
		{"trim forgets only what it may", testTrim},
		{"trim never goes back or ahead", testTrimBounds},
		{"an empty journal keeps its head", testTrimAll},
		{"expired actors are forgotten, not too early", testExpire},
		{"an expired actor with entries is kept", testExpireEntries},
		{"a new snapshot takes an expiry back", testExpireRevoked},

		{"shards do not touch each other", testShardsApart},
		{"many shards commit at once", testConcurrent},
		{"owners fight for a shard", testFight},
		{"commit from within done", testCommitInDone},
		{"the store keeps nothing of a batch", testBatchMemory},
		{"a recovery is the caller's own", testRecoveryMemory},

		{"everything survives a reopening", testReopen},
		{"close waits for batches under way", testCloseWaits},
		{"a closed store says so", testClosed},
		{"what was acknowledged survives a crash", testCrash},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, open(t))
			test.run(r)
			r.finish()
		})
	}
}
