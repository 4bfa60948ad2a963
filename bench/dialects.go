package bench

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/plywire/plywire/bench/relay"
	"github.com/plywire/plywire/bench/swarm"
	"github.com/plywire/plywire/wire"
)

// bare speaks to the relay: a move is complete when both have it back.
type bare struct{}

func (bare) target(d *duel, p *pair) swarm.Target {
	return swarm.Target{Address: d.address, Path: relay.Path + "?pair=" + strconv.Itoa(p.index)}
}

func (bare) opened(p *player) {
	if p.here = true; p.pair.complete() {
		p.pair.game = fmt.Sprintf("%08x-0000-8000-8000-000000000000", p.pair.index)
		p.pair.ready()
	}
}

// complete tells whether both players are there.
func (p *pair) complete() bool { return p.players[0].here && p.players[1].here }

func (bare) received(p *player, _ []byte) { p.pair.sees() }

func (bare) move(p *pair) []byte {
	p.missing = 2
	return p.moveText()
}

func (bare) over(p *pair) { p.ready() }

// moveText is the message that plays the pair's next move. It is the same for every server, so that each reads as much.
func (p *pair) moveText() []byte {
	mover := p.players[p.ply%2]
	mover.sent++
	p.text = append(p.text[:0], `{"type":"move","id":"`...)
	p.text = append(p.text, messageID(p.index<<1|mover.seat, mover.sent)...)
	p.text = append(append(p.text, `","game":"`...), p.game...)
	p.text = strconv.AppendInt(append(p.text, `","ply":`...), int64(p.ply), 10)
	p.text = append(append(p.text, `,"move":"`...), p.script[p.ply]...)
	p.text = append(p.text, `"}`...)
	return p.text
}

// plywire speaks the protocol: a move is complete when both have the event and the mover has the ok.
type plywire struct{}

func (plywire) target(d *duel, _ *pair) swarm.Target {
	return swarm.Target{Address: d.address, Path: "/v1/ws", Subprotocol: wire.Subprotocol}
}

func (plywire) opened(p *player) { p.conn.Send([]byte(`{"type":"hello","id":"hello"}`)) }

func (plywire) received(p *player, text []byte) {
	for line := range bytes.SplitSeq(text, newline) {
		p.hears(line)
	}
}

var (
	newline     = []byte("\n")
	saysMoved   = []byte(`{"type":"moved"`)
	saysOK      = []byte(`{"type":"ok"`)
	saysWelcome = []byte(`{"type":"welcome"`)
	saysStarted = []byte(`{"type":"started"`)
	saysError   = []byte(`{"type":"error"`)
)

// hears takes one message in.
func (p *player) hears(line []byte) {
	switch {
	case bytes.HasPrefix(line, saysMoved):
		p.pair.sees()
	case bytes.HasPrefix(line, saysOK):
		p.agreed(line)
	case bytes.HasPrefix(line, saysWelcome):
		if p.here = true; p.pair.complete() {
			p.pair.create()
		}
	case bytes.HasPrefix(line, saysStarted):
		p.pair.joined() // White alone is told: Black is sent the state
	case bytes.HasPrefix(line, saysError):
		p.pair.duel.fault.fail(fmt.Errorf("the server refuses: %s", line))
	}
}

// agreed takes an ok in: of a move, or of what begins and ends a game.
func (p *player) agreed(line []byte) {
	switch p.pair.stage {
	case stageCreate:
		p.pair.game = field(line, `"game":"`)
		p.pair.stage = stageJoin
		p.pair.command(1, fmt.Sprintf(`"type":"join","game":%q`, p.pair.game))
	case stageJoin:
		p.pair.joined()
	case stagePlay:
		p.pair.sees()
	case stageResign:
		p.pair.create()
	}
}

func (plywire) move(p *pair) []byte {
	p.missing = 3
	return p.moveText()
}

func (plywire) over(p *pair) {
	p.stage = stageResign
	p.command(0, fmt.Sprintf(`"type":"resign","game":%q`, p.game))
}

// joined says that one of the two knows that the game has begun.
func (p *pair) joined() {
	if p.missing--; p.missing == 0 {
		p.stage = stagePlay
		p.ready()
	}
}

func (p *pair) create() {
	p.stage, p.missing = stageCreate, 2
	p.command(0, `"type":"create","rules":"chess","seat":"white","clock":{"initial_ms":3600000,"increment_ms":2000}`)
}

// command has a player send a message of these fields.
func (p *pair) command(seat int, fields string) {
	who := p.players[seat]
	who.sent++
	who.conn.Send([]byte(fmt.Sprintf(`{"id":%q,%s}`, messageID(p.index<<1|seat, who.sent), fields)))
}

// stage is what a pair has asked for last.
type stage uint8

const (
	stageCreate stage = iota
	stageJoin
	stagePlay
	stageResign
)

// field is the text after the mark, up to the next quote.
func field(line []byte, mark string) string {
	_, rest, _ := bytes.Cut(line, []byte(mark))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(value)
}
