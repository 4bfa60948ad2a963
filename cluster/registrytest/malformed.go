package registrytest

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/plywire/plywire/cluster"
)

// testMalformed wants errors that name what is wrong, and nothing else to come of it.
func testMalformed(r *rig) {
	a, b := r.join(), r.join()
	r.claim(a, []int{1}, []int{1})
	reg, ctx := r.reg, r.Context()
	claim := func(id string, shards ...int) error {
		_, err := reg.Claim(ctx, id, shards)
		return err
	}
	renew := func(lease time.Duration, change func(m *cluster.Member)) error {
		m := b
		change(&m)
		_, err := reg.Renew(ctx, m, lease, 0)
		return err
	}
	n := r.opened.Shards
	count, broken := strconv.Itoa(n), "\xff\xfe"
	r.quiet("a malformed call", func() {
		for what, test := range map[string]struct {
			err  error
			says string
		}{
			"claim of shard -1":           {claim(a.ID, 2, -1), "no shard -1"},
			"claim of one shard too many": {claim(a.ID, 2, n), "there are " + count},
			"claim by nobody":             {claim("", 2), "no ID"},
			"pass of shard -1":            {reg.Pass(ctx, -1, a.ID, b.ID), "no shard -1"},
			"pass of one shard too many":  {reg.Pass(ctx, n, a.ID, b.ID), "there are " + count},
			"pass from nobody":            {reg.Pass(ctx, 2, "", b.ID), "no ID"},
			"pass to nobody":              {reg.Pass(ctx, 1, a.ID, ""), "no ID"},
			"withdrawal of nobody":        {reg.Withdraw(ctx, ""), "no ID"},
			"pin of shard -1":             {reg.Pin(ctx, -1, "x"), "no shard -1"},
			"pin of one shard too many":   {reg.Pin(ctx, n, "x"), "there are " + count},
			"pin to what is no text":      {reg.Pin(ctx, 1, broken), "UTF-8"},
			"no lease":                    {renew(0, func(*cluster.Member) {}), "the lease is 0s"},
			"a lease of less":             {renew(-time.Second, func(*cluster.Member) {}), "the lease is -1s"},
			"no ID":                       {renew(long, func(m *cluster.Member) { m.ID = "" }), "no ID"},
			"an ID that is no text":       {renew(long, func(m *cluster.Member) { m.ID = broken }), "UTF-8"},
			"a name that is no text":      {renew(long, func(m *cluster.Member) { m.Name = broken }), "UTF-8"},
			"a link that is no text":      {renew(long, func(m *cluster.Member) { m.Link = broken }), "UTF-8"},
			"a URL without end":           {renew(long, func(m *cluster.Member) { m.URL = strings.Repeat("x", 1<<20) }), "1048576 bytes"},
		} {
			if test.err == nil || !strings.Contains(test.err.Error(), test.says) {
				r.Errorf("%s: %v, want %q", what, test.err, test.says)
			}
			if errors.Is(test.err, cluster.ErrNoMember) || errors.Is(test.err, cluster.ErrNotHolder) {
				r.Errorf("%s: %v, as if it were well formed", what, test.err)
			}
		}
	})
	r.holds(map[int]cluster.Member{1: a})
	view := r.look()
	if len(view.Members) != 3 || len(view.Pins) != 0 {
		r.Errorf("the view is %+v, want three members and no pins", view)
	}
	r.lives(view, b)
	if s, _ := standing(view, b.ID); !same(s.Member, b) {
		r.Errorf("the member is %+v, want %+v", s.Member, b)
	}
}

func testContext(r *rig) {
	a, b, never := r.join(), r.join(), r.member()
	r.claim(a, []int{1}, []int{1})
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	r.quiet("a call whose context has ended", func() {
		_, renewed := r.reg.Renew(ctx, never, long, 0)
		_, claimed := r.reg.Claim(ctx, a.ID, []int{2})
		for what, err := range map[string]error{"Renew": renewed, "Claim": claimed, "Pass": r.reg.Pass(ctx, 1, a.ID, b.ID),
			"Withdraw": r.reg.Withdraw(ctx, a.ID), "Pin": r.reg.Pin(ctx, 1, "x")} {
			if !errors.Is(err, context.Canceled) {
				r.Errorf("%s says %v, want %v", what, err, context.Canceled)
			}
		}
	})
	view := r.look()
	r.lives(view, a)
	if _, is := standing(view, never.ID); is {
		r.Error("who was not announced is there")
	}
}
