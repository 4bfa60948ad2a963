package rulestest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/rps"
)

// brokenRules are rules that break the contract, and part of what the test says about them.
type brokenRules struct {
	name  string
	rules game.Rules
	want  string
}

// deciding alters what the dice decide of a move that is legal.
func deciding(alter func(*game.Move)) game.Rules {
	return dice(alteredPosition{decide: func(p game.Position, seat game.Seat, text string) (game.Move, error) {
		move, err := p.Decide(seat, text)
		if err == nil {
			alter(&move)
		}
		return move, err
	}})
}

// refusing alters how the dice refuse a move.
func refusing(alter func(text string, err error) error) game.Rules {
	return dice(alteredPosition{decide: func(p game.Position, seat game.Seat, text string) (game.Move, error) {
		move, err := p.Decide(seat, text)
		if err != nil {
			err = alter(text, err)
		}
		return move, err
	}})
}

// ending alters the dice's result.
func ending(result game.Result) game.Rules {
	return deciding(func(move *game.Move) {
		if move.End != nil {
			move.End = &result
		}
	})
}

func brokenDecisions() []brokenRules {
	asked := 0
	return []brokenRules{
		{"Decide throws the die", dice(alteredPosition{
			decide: func(p game.Position, seat game.Seat, text string) (game.Move, error) {
				move, err := p.Decide(seat, text)
				if err == nil {
					p.(*dicePosition).throws += 3
				}
				return move, err
			}}), "changes the position"},
		{"a refusal costs a point", dice(alteredPosition{
			decide: func(p game.Position, seat game.Seat, text string) (game.Move, error) {
				move, err := p.Decide(seat, text)
				if err != nil {
					p.(*dicePosition).points[seat]--
				}
				return move, err
			}}), "changes the position"},
		{"chance from elsewhere", deciding(func(move *game.Move) {
			asked++
			move.Outcome = fmt.Sprintf(`{"eyes":%d}`, 1+asked%6)
		}), "and then"},
		{"refusal of another kind", refusing(func(string, error) error { return errors.New("no") }), "does not wrap game.ErrIllegal"},
		{"refusal without words", refusing(func(string, error) error { return game.ErrIllegal }), "without saying why"},
		{"refusal repeats raw bytes", refusing(func(text string, err error) error { return fmt.Errorf("%w %s", err, text) }), "quote them"},
		{"canonical text is refused", deciding(func(move *game.Move) { move.Text = "Throw" }), "canonically"},
		{"no canonical text", deciding(func(move *game.Move) { move.Text = "" }), "canonical text of 0 bytes"},
		{"long canonical text", deciding(func(move *game.Move) { move.Text = strings.Repeat("x", game.MoveBytesMax+1) }),
			"canonical text of 257 bytes"},
		{"outcome is not an object", deciding(func(move *game.Move) { move.Outcome = "3" }), "not a JSON object"},
		{"outcome is null", deciding(func(move *game.Move) { move.Outcome = "null" }), "not a JSON object"},
		{"outcome of two lines", deciding(func(move *game.Move) { move.Outcome = "{\n}" }), "control characters"},
		{"position is not UTF-8", deciding(func(move *game.Move) { move.Position = "\xff" }), "not UTF-8"},
		{"nobody wins", ending(game.Won(3, game.ReasonRules)), "is won by seat 3 of 3"},
		{"no reason", ending(game.Result{}), "without a reason"},
	}
}

func brokenPositions() []brokenRules {
	return []brokenRules{
		{"Turn is empty too early", dice(alteredPosition{turn: func(p game.Position) game.SeatSet {
			if p.(*dicePosition).throws == 4 {
				return 0
			}
			return p.Turn()
		}}), "nobody's move is awaited"},
		{"Turn after the end", dice(alteredPosition{turn: func(p game.Position) game.SeatSet {
			return game.SetOf(game.Seat(p.(*dicePosition).throws % 3))
		}}), "but Turn is still"},
		{"Turn of nobody", dice(alteredPosition{turn: func(game.Position) game.SeatSet { return game.SetOf(3) }}), "a seat that does not exist"},
		{"seats change", dice(alteredPosition{seats: func(p game.Position) []string {
			return []string{"first", "second", "third", "fourth"}[:3+min(1, p.(*dicePosition).throws)]
		}}), "the seats have changed"},
		{"no seats", dice(alteredPosition{seats: func(game.Position) []string { return nil }}), "0 seats"},
		{"two seats of one name", dice(alteredPosition{seats: func(game.Position) []string { return []string{"a", "b", "a"} }}), "there twice"},
		{"Show changes something", dice(alteredPosition{show: func(p game.Position, _ game.Seat) string {
			p.(*dicePosition).seed++
			return "?"
		}}), "looking at a position changes it"},
		{"Show is not UTF-8", dice(alteredPosition{show: func(game.Position, game.Seat) string { return "\xff" }}), "is not UTF-8"},
		{"Apply needs End", dice(alteredPosition{apply: func(p game.Position, seat game.Seat, move game.Move) {
			p.Apply(seat, move)
			if move.End != nil {
				p.(*dicePosition).throws = 99
			}
		}}), "played and replayed from Text and Outcome differ"},
		{"Apply throws again", dice(alteredPosition{
			decide: func(p game.Position, seat game.Seat, text string) (game.Move, error) {
				move, err := p.Decide(seat, text)
				move.Notation = move.Outcome
				return move, err
			},
			apply: func(p game.Position, seat game.Seat, move game.Move) {
				move.Outcome = move.Notation
				p.Apply(seat, move)
			}}), "played and replayed from Text and Outcome differ"},
	}
}

func brokenStates() []brokenRules {
	return []brokenRules{
		{"AppendState forgets the seed", dice(alteredPosition{state: func(p game.Position, dst []byte) []byte {
			forgetful := *p.(*dicePosition)
			forgetful.seed = 0
			return forgetful.AppendState(dst)
		}}), "but after Restore as"},
		{"AppendState forgets the points", dice(alteredPosition{state: func(p game.Position, dst []byte) []byte {
			forgetful := *p.(*dicePosition)
			forgetful.points = [3]int{}
			return forgetful.AppendState(dst)
		}}), "Restore of AppendState is another position"},
		{"AppendState does not append", dice(alteredPosition{state: func(p game.Position, dst []byte) []byte {
			return p.AppendState(dst[:0])
		}}), "does not append"},
		{"AppendState writes nothing", altered{
			Rules:           diceRules{},
			restore:         func([]byte) (game.Position, error) { return &dicePosition{}, nil },
			alteredPosition: alteredPosition{state: func(_ game.Position, dst []byte) []byte { return dst }},
		}, "not even a version"},
		{"Restore refuses the middle of a game", altered{Rules: diceRules{}, restore: func(state []byte) (game.Position, error) {
			if len(state) > 1 && state[1] > 2 {
				return nil, errors.New("no")
			}
			return diceRules{}.Restore(state)
		}}, "Restore refuses what AppendState wrote"},
		{"Restore takes anything", altered{Rules: diceRules{}, restore: func(state []byte) (game.Position, error) {
			if position, err := (diceRules{}).Restore(state); err == nil {
				return position, nil
			}
			return &dicePosition{}, nil
		}}, "accepts an empty state"},
		{"Restore keeps the state", lazy(func(state []byte) []byte { return state }), "Restore of AppendState is another position"},
	}
}

// lazy alters dice to write the state that was restored, or what keep makes of it, until the first move.
func lazy(keep func([]byte) []byte) game.Rules {
	return altered{Rules: diceRules{}, restore: func(state []byte) (game.Position, error) {
		position, err := diceRules{}.Restore(state)
		if err != nil {
			return nil, err
		}
		kept := keep(state)
		return &alteredPosition{
			Position: position,
			apply: func(p game.Position, seat game.Seat, move game.Move) {
				p.Apply(seat, move)
				kept = nil
			},
			state: func(p game.Position, dst []byte) []byte {
				if kept != nil {
					return append(dst, kept...)
				}
				return p.AppendState(dst)
			},
		}, nil
	}}
}

func brokenRedaction() []brokenRules {
	hide := rps.Rules{}.Redact
	asked := 0
	return []brokenRules{
		{"Redact tells the position", seen(func(move game.Move, mover, viewer game.Seat) game.Move {
			position := move.Position
			move = hide(move, mover, viewer)
			move.Position = position
			return move
		}), "but tells it in"},
		{"Redact tells a letter of it", seen(func(move game.Move, mover, viewer game.Seat) game.Move {
			letter := move.Text[:min(1, len(move.Text))] + move.Notation[:min(1, len(move.Notation))]
			if move = hide(move, mover, viewer); viewer != mover {
				move.Notation = letter
			}
			return move
		}), "apart by Notation"},
		{"Redact remembers", seen(func(move game.Move, mover, viewer game.Seat) game.Move {
			asked++
			if move = hide(move, mover, viewer); viewer != mover {
				move.Text = fmt.Sprint("?", asked)
			}
			return move
		}), "is first"},
		{"Redact is not idempotent", seen(func(move game.Move, mover, viewer game.Seat) game.Move {
			if viewer != mover {
				move = game.Move{Text: "?" + strings.Repeat("?", len(move.Text)%4), Outcome: move.Outcome, End: move.End}
			}
			return move
		}), "not idempotent"},
		{"Redact hides the outcome", seen(func(move game.Move, mover, viewer game.Seat) game.Move {
			move = hide(move, mover, viewer)
			move.Outcome = ""
			return move
		}), "changes Outcome or End"},
		{"Redact hides the end", seen(func(move game.Move, mover, viewer game.Seat) game.Move {
			move = hide(move, mover, viewer)
			move.End = nil
			return move
		}), "changes Outcome or End"},
		{"Redact changes the record", seen(func(move game.Move, mover, viewer game.Seat) game.Move {
			if move.End != nil {
				move.End.Winner = viewer
			}
			return hide(move, mover, viewer)
		}), "changes its argument"},
		{"Redact hides a move from its mover", seen(func(move game.Move, _, _ game.Seat) game.Move {
			return game.Move{Outcome: move.Outcome, End: move.End}
		}), "who made it"},
		{"Redact shows more at the end", seen(func() func(move game.Move, mover, viewer game.Seat) game.Move {
			ended := false
			return func(move game.Move, mover, viewer game.Seat) game.Move {
				ended = ended || move.End != nil
				if ended && move.End == nil {
					return move
				}
				return hide(move, mover, viewer)
			}
		}()), "and is"},
	}
}

func brokenShowing() []brokenRules {
	return []brokenRules{
		{"Show tells a pending throw", hidden(alteredPosition{show: func(p game.Position, _ game.Seat) string {
			return p.Show(0) + p.Show(1)
		}}), "but Show tells it"},
		{"Show tells a letter of it", hidden(alteredPosition{show: func(p game.Position, viewer game.Seat) string {
			shown := p.Show(0)
			return p.Show(viewer) + " " + shown[strings.LastIndex(shown, " "):][:2]
		}}), "apart by Show"},
		{"Turn tells a pending throw", hidden(alteredPosition{turn: func(p game.Position) game.SeatSet {
			if strings.HasSuffix(p.Show(0), "rock/-") {
				return game.SetOf(0, 1)
			}
			return p.Turn()
		}}), "apart by Turn"},
	}
}

func brokenSetups() []brokenRules {
	asked := 0
	position := func(throws int) game.Position { return &dicePosition{throws: throws} }
	return []brokenRules{
		{"name with a space", altered{Rules: diceRules{}, name: func() string { return "di ce" }}, "a registry does not take"},
		{"name changes", altered{Rules: diceRules{}, name: func() string { asked++; return fmt.Sprint("dice", asked) }}, "the name is first"},
		{"any option is good", altered{Rules: diceRules{}, setup: func([]byte, uint64) (game.Position, error) {
			return position(0), nil
		}}, "Setup accepts the options"},
		{"an empty object is bad", altered{Rules: diceRules{}, setup: func(options []byte, seed uint64) (game.Position, error) {
			if len(options) > 0 {
				return nil, errors.New("no options are known")
			}
			return position(0), nil
		}}, "which are the defaults"},
		{"an empty object is something else", altered{Rules: diceRules{}, setup: func(options []byte, seed uint64) (game.Position, error) {
			if _, err := (diceRules{}).Setup(options, seed); err != nil {
				return nil, err
			}
			return position(len(options)), nil
		}}, "are different"},
		{"Setup throws the die", altered{Rules: diceRules{}, setup: func(options []byte, seed uint64) (game.Position, error) {
			asked++
			p, err := diceRules{}.Setup(options, seed)
			if err == nil && seed != 1 { // checkSetup's own seed
				p.(*dicePosition).throws = asked % 3
			}
			return p, err
		}}, "played and replayed from Text and Outcome differ"},
	}
}
