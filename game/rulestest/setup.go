package rulestest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/plywire/plywire/game"
)

// badSetups are options that any rules must refuse.
var badSetups = []string{
	"x", "{", "}", "[]", "[{}]", `"x"`, "1", "null", "{} {}", "{}x", `{"a"}`, "{,}", "\x00", "\xff",
	`{"an option that no rules have":1}`,
}

func checkName(tb testing.TB, rules game.Rules) {
	tb.Helper()
	name := rules.Name()
	defer func() {
		if problem := recover(); problem != nil {
			tb.Fatalf("a registry does not take the rules: %v", problem)
		}
	}()
	if _, err := game.NewRegistry(rules).Rules(name); err != nil || rules.Name() != name {
		tb.Fatalf("the name is first %q and then %q; found in a registry: %v", name, rules.Name(), err)
	}
}

// checkSetup checks what Setup refuses, and that no options are the same as an object without any.
func checkSetup(tb testing.TB, rules game.Rules, opts Options) {
	tb.Helper()
	for _, options := range slices.Concat(badSetups, opts.BadSetups) {
		position, err := rules.Setup([]byte(options), 1)
		if err == nil {
			tb.Fatalf("Setup accepts the options %q: %q", options, position.Show(game.NoSeat))
		}
		if err.Error() == "" {
			tb.Fatalf("Setup refuses the options %q without saying why", options)
		}
	}
	var states []string
	for _, options := range [][]byte{nil, {}, []byte("{}"), []byte(" {\n} ")} {
		position, err := rules.Setup(options, 1)
		if err != nil {
			tb.Fatalf("Setup refuses the options %q, which are the defaults: %v", options, err)
		}
		states = append(states, fmt.Sprintf("%x", position.AppendState(nil)))
		if states[0] != states[len(states)-1] {
			tb.Fatalf("Setup with the options %q and none are different: %s and %s", options, states[len(states)-1], states[0])
		}
	}
}
