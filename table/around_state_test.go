package table_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/shard"
	"github.com/plywire/plywire/table"
)

// Who is around a table goes with it to another node, and only so much of it as there can be.
func TestAroundGoesWithTheTable(t *testing.T) {
	r := newRig(t, nil)
	r.create("chess", game.Clock{Initial: time.Minute})
	for _, body := range []any{
		&table.Presence{User: "ann", Present: true, From: "n1"}, &table.Presence{User: "ann", Present: true, From: "n2"},
		&table.Watching{From: "n1", Count: 3}, &table.Say{User: ann, ID: "s1", Text: "hello"},
	} {
		r.give(body)
	}
	restored := func() *table.Table {
		actor, err := r.tables.Restore(id, r.actor.AppendSnapshot(nil))
		if err != nil {
			t.Fatal(err)
		}
		return actor.(*table.Table)
	}
	around := r.actor.(shard.Surrounded).AppendAround(nil)
	again := restored()
	if err := again.RestoreAround(around); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.AppendAround(nil), around) {
		t.Errorf("around it is %s, and was %s", again.AppendAround(nil), around)
	}
	told := func(body any) bool { return again.Receive(r.now.Add(time.Second), body).Notice != nil }
	if told(&table.Presence{User: "ann", Present: false, From: "n1"}) {
		t.Error("who is still at another gateway counts as gone")
	}
	if !told(&table.Presence{User: "ann", Present: false, From: "n2"}) {
		t.Error("who has gone from everywhere does not count as gone")
	}
	if told(&table.Watching{From: "n1", Count: 3}) {
		t.Error("the watchers are told though nothing has changed")
	}
	if told(&table.Say{User: ann, ID: "s1", Text: "hello"}) {
		t.Error("a line is said twice")
	}
	for _, bad := range []string{"", "{", `{"lines":-1}`, `{"seats":[` + strings.Repeat(`{"gone_at":"2026-01-01T00:00:00Z"},`, 40) + `{"gone_at":"2026-01-01T00:00:00Z"}]}`} {
		if err := restored().RestoreAround([]byte(bad)); err == nil {
			t.Errorf("%.40q is taken", bad)
		}
	}
}
