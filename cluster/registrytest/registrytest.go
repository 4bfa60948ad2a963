// Package registrytest is the conformance suite of cluster.Registry: what every registry must do, whatever it is made of. It
// knows the contract alone, and must never learn how a registry keeps it.
package registrytest

import (
	"testing"
	"time"

	"github.com/plywire/plywire/cluster"
)

// ShardsMin is the number of shards that the suite needs at the least.
const ShardsMin = 8

// Rig is a new, empty registry to be tested, with the ways to let time pass for it and to make it forget.
type Rig struct {
	Registry cluster.Registry
	Shards   int

	// Lease is one that runs out soon.
	Lease time.Duration

	// Pass lets d go by on the registry's clock. It may return at once where d is Lease: the suite waits then until the
	// registry itself says that such a lease has run out.
	Pass func(t *testing.T, d time.Duration)

	// Empty takes everything away from the registry. nil leaves the tests out that need it.
	Empty func(t *testing.T)

	// Save remembers what the registry holds, and restore brings it back, as often as it is called: so does a replica that is
	// behind when it is promoted. nil leaves the tests out that need it.
	Save func(t *testing.T) (restore func())
}

// Run tests the registries that open returns, one for each test.
func Run(t *testing.T, open func(t *testing.T) Rig) {
	for _, test := range []struct {
		name string
		run  func(*rig)
	}{
		{"the first view is of oneself", testFirst},
		{"everybody sees everybody", testEverybody},
		{"who is announced anew has changed", testAnew},
		{"a lease runs out by the registry's clock", testRunOut},
		{"a shorter lease takes the place of a longer", testShorter},
		{"who is long gone leaves the view, not the map", testLongGone},

		{"what nobody holds is given", testClaim},
		{"claiming again changes nothing", testClaimAgain},
		{"what a living member holds is not given", testClaimHeld},
		{"what a dead member holds is given", testClaimDead},
		{"who comes back in time still holds", testComesBack},
		{"who has no lease is given nothing", testClaimNoMember},
		{"of many who claim, one is given", testClaimRace},
		{"of many who claim from the dead, one is given", testInherit},

		{"a shard is passed", testPass},
		{"a shard is not passed", testPassRefused},
		{"passing again changes nothing", testPassAgain},
		{"passing and claiming at once", testPassRace},
		{"withdraw", testWithdraw},
		{"pin", testPin},

		{"a known map is not told again", testKnown},
		{"the version grows with every change, and never otherwise", testVersion},
		{"a version names one content", testVersionNames},
		{"a view is the caller's own", testOwnMemory},
		{"an emptied registry is another one", testEmptied},
		{"a registry that goes back is another one", testGoesBack},

		{"malformed calls say so and change nothing", testMalformed},
		{"a call whose context has ended changes nothing", testContext},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(newRig(t, open(t))) })
	}
}
