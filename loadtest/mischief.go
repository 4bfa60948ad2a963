package loadtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/wire"
)

// mischief sends what is to be refused, and what is to count once, between the moves of a game. What it does follows from
// its seed. That nothing of it had an effect shows in the game's history.
type mischief struct {
	rand     *rand.Rand
	stranger *client.Client // has no seat in the game
}

// before does something that is to be refused, before about every third move.
func (c *mischief) before(ctx context.Context, m *match, ply int, move string) error {
	if c.rand.IntN(3) != 0 {
		return nil
	}
	p := playing[c.rand.IntN(len(playing))]
	if ply < p.since {
		return nil
	}
	return c.try(ctx, m, p, ply, move)
}

// all does everything on the list, in any order.
func (c *mischief) all(ctx context.Context, m *match, pranks []prank, ply int) error {
	for _, i := range c.rand.Perm(len(pranks)) {
		if err := c.try(ctx, m, pranks[i], ply, "e2e4"); err != nil {
			return err
		}
	}
	return nil
}

func (c *mischief) try(ctx context.Context, m *match, p prank, ply int, move string) error {
	_, err := p.from(m, ply%2).Do(ctx, p.request(m, ply, move))
	m.run.pranks.Add(1)
	if got := client.CodeOf(err); got != p.want {
		return fmt.Errorf("mischief: %s was answered with %q (%v), want %q", p.name, got, err, p.want)
	}
	return nil
}

// do sends a request, and sometimes sends it twice: one after the other, or both at once. Both have to be answered the same.
func (c *mischief) do(ctx context.Context, m *match, from *client.Client, request wire.Request) (wire.Message, error) {
	var answers [2]wire.Message
	var errs [2]error
	send := func(i int) { answers[i], errs[i] = from.Do(ctx, request) }
	switch c.rand.IntN(8) {
	case 0:
		send(0)
		send(1)
	case 1:
		var both sync.WaitGroup
		both.Go(func() { send(0) })
		both.Go(func() { send(1) })
		both.Wait()
	default:
		return from.Do(ctx, request)
	}
	m.run.pranks.Add(1)
	if a, b := answers[0], answers[1]; a.Game != b.Game || a.Seq != b.Seq || client.CodeOf(errs[0]) != client.CodeOf(errs[1]) {
		return a, fmt.Errorf("mischief: %s sent twice was answered with %s seq %d (%v), and with %s seq %d (%v)",
			request.Type, a.Game, a.Seq, errs[0], b.Game, b.Seq, errs[1])
	}
	return answers[0], errs[0]
}
