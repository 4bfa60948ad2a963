package crashtest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/plywire/plywire/client"
	"github.com/plywire/plywire/wire"
)

var colours = [2]string{"white", "black"}

// match is one game of a pair.
type match struct {
	pair    *pair
	id      string // empty: it has still to be created
	players [2]int // by colour: which of the pair
	script  script
	eyes    []*eye // white's, black's, the watcher's
	stands  bool   // white has offered a draw, and black has not moved since

	mu   sync.Mutex
	sent []*sent
}

// sent is a command with what is needed to send it again.
type sent struct {
	Command
	request wire.Request
	player  int // of the pair
}

// begin creates the game and joins it, unless it is a rematch, and has everybody watch it.
func (m *match) begin(ctx context.Context) error {
	if m.id == "" {
		created, err := m.do(ctx, 0, wire.Request{Type: wire.TypeCreate, Rules: "chess", Seat: colours[0], Clock: &clockOf})
		if err != nil {
			return fmt.Errorf("create: %w", err)
		}
		m.id = created.Game
		if _, err = m.do(ctx, 1, wire.Request{Type: wire.TypeJoin, Game: m.id}); err != nil {
			return fmt.Errorf("join: %w", err)
		}
	}
	for colour, who := range m.players {
		if err := m.watch(ctx, colours[colour], m.pair.clients[who]); err != nil {
			return err
		}
	}
	return m.watch(ctx, "the watcher", m.pair.watcher)
}

// watch has a client watch the game. A rematch may still be in the making.
func (m *match) watch(ctx context.Context, name string, c *client.Client) error {
	for {
		game, err := c.Follow(ctx, m.id)
		if err == nil {
			m.eyes = append(m.eyes, open(ctx, name, game))
			return nil
		}
		if client.CodeOf(err) != wire.CodeNotFound || pause(ctx, againEvery) != nil {
			return fmt.Errorf("%s watches: %w", name, err)
		}
	}
}

// moves plays the script, or until the run comes to its end, and then ends the game.
func (m *match) moves(ctx context.Context) error {
	for ply, move := range m.script.moves {
		colour := ply % 2
		if err := m.eyes[colour].untilPly(ctx, ply); err != nil {
			return err
		}
		if m.eyes[colour].hasEnded() {
			return fmt.Errorf("it has ended after ply %d, which nobody wanted", ply)
		}
		if err := m.think(ctx); err != nil {
			return err
		}
		if m.pair.run.over() {
			return m.end(ctx, ply)
		}
		if colour == 0 && m.pair.random.IntN(20) == 0 { // black's next move declines it
			if _, err := m.do(ctx, 0, wire.Request{Type: wire.TypeOffer, Game: m.id, What: "draw"}); err != nil {
				return fmt.Errorf("offer at ply %d: %w", ply, err)
			}
			m.stands = true
		}
		began := time.Now()
		if err := m.move(ctx, colour, wire.Request{Type: wire.TypeMove, Game: m.id, Ply: &ply, Move: &move}); err != nil {
			return fmt.Errorf("ply %d, %s: %w", ply+1, move, err)
		}
		m.pair.run.still.moved(m, began)
		m.stands = m.stands && colour == 0
		m.pair.run.moves.Add(1)
	}
	if m.script.ends {
		return m.allEnded(ctx)
	}
	return m.end(ctx, len(m.script.moves))
}

// end ends the game after so many plies: one of the two resigns, or they agree on a draw.
func (m *match) end(ctx context.Context, plies int) error {
	if m.pair.random.IntN(2) == 0 && !m.stands { // otherwise black's offer would accept white's
		if _, err := m.agree(ctx, plies%2, "draw"); err != nil {
			return err
		}
		return m.allEnded(ctx)
	}
	if _, err := m.do(ctx, m.pair.random.IntN(2), wire.Request{Type: wire.TypeResign, Game: m.id}); err != nil {
		return fmt.Errorf("resign: %w", err)
	}
	return m.allEnded(ctx)
}

// agree has one colour offer something, and the other accept it when he has seen the offer.
func (m *match) agree(ctx context.Context, colour int, what string) (accepted wire.Message, err error) {
	offer, err := m.do(ctx, colour, wire.Request{Type: wire.TypeOffer, Game: m.id, What: what})
	if err != nil {
		return wire.Message{}, fmt.Errorf("offer a %s: %w", what, err)
	}
	if err := m.eyes[1-colour].untilSeq(ctx, offer.Seq); err != nil {
		return wire.Message{}, err
	}
	accepted, err = m.do(ctx, 1-colour, wire.Request{Type: wire.TypeAccept, Game: m.id, What: what})
	if err != nil {
		return wire.Message{}, fmt.Errorf("accept a %s: %w", what, err)
	}
	return accepted, nil
}

func (m *match) allEnded(ctx context.Context) error {
	for _, e := range m.eyes {
		if err := e.until(ctx, "the end", func() bool { return e.ended }); err != nil {
			return err
		}
	}
	return nil
}

// rematch has the two agree on another game, which the server makes, with the colours changed.
func (m *match) rematch(ctx context.Context) (*match, error) {
	accepted, err := m.agree(ctx, 0, "rematch")
	if err != nil {
		return nil, err
	}
	p := m.pair
	return &match{pair: p, id: accepted.Game, players: [2]int{m.players[1], m.players[0]}, script: p.run.script(p.random)}, nil
}

// do sends a command of a colour's, and notes it and its answer.
func (m *match) do(ctx context.Context, colour int, request wire.Request) (wire.Message, error) {
	return m.doOver(ctx, m.pair.clients[m.players[colour]], colour, request)
}

// doOver is do over that connection.
func (m *match) doOver(ctx context.Context, c *client.Client, colour int, request wire.Request) (wire.Message, error) {
	request.ID = uuid.NewString()
	s := &sent{request: request, player: m.players[colour],
		Command: Command{ID: request.ID, Type: request.Type, Seat: colours[colour], Move: deref(request.Move), What: request.What}}
	if request.Ply != nil {
		s.Ply = *request.Ply + 1
	}
	m.mu.Lock()
	m.sent = append(m.sent, s)
	m.mu.Unlock()
	answer, err := c.Do(ctx, request)
	m.note(s, answer, err)
	return answer, err
}

// note writes down what a command was answered, if it was.
func (m *match) note(s *sent, answer wire.Message, err error) {
	code := client.CodeOf(err)
	if err != nil && (code == "" || code == wire.CodeUnavailable) {
		return // nobody knows, or nobody has looked at it
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s.Answers = append(s.Answers, Answer{Seq: answer.Seq, Game: answer.Game, Refused: code})
}
