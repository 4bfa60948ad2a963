package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/wire"
)

// differ says in what a message differs from what it should say.
type differ struct{ what []string }

func (d *differ) want(field string, got, want any) {
	if got != want {
		d.what = append(d.what, fmt.Sprintf("%s is %v, want %v", field, got, want))
	}
}

// agreeEvent checks what a user is told of an event against the journal, and that he is told no more than he may know.
func (r *record) agreeEvent(m *wire.Message, user string) {
	ev, d := r.durable[m.Seq-1], new(differ)
	viewer := r.model.SeatOf(user)
	d.want("type", m.Type, ev.Kind.String())
	d.want("game", m.Game, r.id.String())
	d.want("at", m.At, wire.FormatTime(ev.At))
	if ev.Kind != game.EventStarted && ev.Kind != game.EventEnded && ev.Kind != game.EventCreated && ev.Kind != game.EventClockAdjusted && ev.Kind != game.EventTakenBack {
		d.want("seat", m.Seat, r.seatName(ev.Seat))
	}
	d.want("what", m.What, string(ev.Offer))
	d.want("next", m.Next, ev.Next)
	if ev.Kind == game.EventMoved || ev.Kind == game.EventTakenBack {
		d.want("ply", m.Plies(), ev.Ply)
	}
	if ev.Kind == game.EventMoved {
		d.want("outcome", string(m.Outcome), ev.Move.Outcome)
		d.want("move", shown(m.Move), r.visible(ev.Move.Text, ev.Seat, viewer))
	} else {
		d.want("move", shown(m.Move), hidden)
	}
	if ev.Kind == game.EventJoined {
		d.want("user", userID(m.User), ev.Player.ID)
	}
	if ev.Kind == game.EventCreated {
		d.want("rules", m.Rules, ev.Terms.Rules)
		d.want("source", m.Source, string(ev.Terms.Source))
	} else {
		d.want("clock", fmt.Sprint(timesOf(m.Clock)), fmt.Sprint(r.times(ev.Clocks)))
	}
	d.want("result", resultOf(m.Result), r.result(ev.Result))
	if len(d.what) > 0 {
		r.sim.fail("%s: %s is told of event %d: %v", r, user, m.Seq, d.what)
	}
}

// agreeState checks a whole state that a user is sent.
func (r *record) agreeState(m *wire.Message, user string) {
	if m.Seq > uint64(len(r.durable)) {
		r.sim.fail("%s: %s is sent the state after event %d, and %d are durable", r, user, m.Seq, len(r.durable))
		return
	}
	g, d := r.at(m.Seq), new(differ)
	viewer, terms := g.SeatOf(user), g.Terms()
	d.want("game", m.Game, r.id.String())
	d.want("rules", m.Rules, terms.Rules)
	d.want("options", string(m.Options), terms.Options)
	d.want("source", m.Source, string(terms.Source))
	d.want("opponent", m.Opponent, terms.Opponent)
	d.want("status", m.Status, g.Status().String())
	d.want("ply", m.Plies(), g.Ply())
	if m.Position == nil {
		d.want("position", nil, g.Show(viewer))
	} else {
		d.want("position", *m.Position, g.Show(viewer))
	}
	if m.Position != nil && g.Hides() {
		if secret := secret(g, viewer); secret != "" && strings.Contains(*m.Position, secret) {
			d.want("position", *m.Position, "one without "+secret)
		}
	}
	var moves, turn, offers []string
	for _, each := range g.Moves() {
		moves = append(moves, r.visible(each.Move.Text, each.Seat, viewer))
	}
	for i, move := range m.Moves {
		if move == "" {
			m.Moves[i] = hidden
		}
	}
	d.want("moves", fmt.Sprint([]string(m.Moves)), fmt.Sprint(moves))
	for seat := range g.Turn().All() {
		turn = append(turn, r.seatName(seat))
	}
	d.want("turn", fmt.Sprint(m.Turn), fmt.Sprint(turn))
	for _, each := range g.Offers() {
		offers = append(offers, fmt.Sprint(wire.Offer{What: string(each.Offer), Seat: r.seatName(each.Seat)}))
	}
	for i, each := range m.Offers {
		d.want("offer", fmt.Sprint(each), offers[min(i, len(offers)-1)])
	}
	d.want("offers", len(m.Offers), len(offers))
	for i, each := range m.Seats {
		d.want("seat", each.Seat, g.SeatNames()[i])
		d.want("user", userID(each.User), g.Player(game.Seat(i)).ID)
	}
	d.want("result", resultOf(m.Result), r.result(g.Result()))
	if next := g.Next(); next != (game.ID{}) {
		d.want("next", m.Next, next.String())
	}
	if m.Clock != nil && m.Seq == uint64(len(r.durable)) {
		r.agreeClock(m, g, d)
	}
	if len(d.what) > 0 {
		r.sim.fail("%s: %s is sent the state after event %d: %v", r, user, m.Seq, d.what)
	}
}

// agreeTranscript checks what anybody may read of a game.
func (r *record) agreeTranscript(t *game.Transcript, seq uint64) {
	r.sim.counts[Transcripts]++
	g, d := r.at(seq), new(differ)
	moves := g.Moves()
	d.want("moves", len(t.Moves), len(moves))
	for i, each := range t.Moves[:min(len(t.Moves), len(moves))] {
		want := moves[i].Move.Text
		if g.Hides() && g.Status() != game.StatusEnded {
			want = ""
		}
		d.want("move", each.Move.Text, want)
	}
	d.want("result", r.result(t.Result), r.result(g.Result()))
	if g.Status() != game.StatusEnded {
		d.want("seed", t.Terms.Seed, uint64(0))
	}
	if len(d.what) > 0 {
		r.sim.fail("%s: the transcript: %v", r, d.what)
	}
}

// secret is the move of which a viewer may know nothing, if there is one: the other's, of rules in which two seats move at the
// same time and one of them has.
func secret(g *game.Game, viewer game.Seat) string {
	moves := g.Moves()
	if n := len(moves); n%2 == 1 && moves[n-1].Seat != viewer && moves[n-1].Move.Outcome == "" {
		return moves[n-1].Move.Text
	}
	return ""
}

// agreeClock checks what a state says about time: nobody has more than he had when his turn began, nor less than what he
// was served leaves him.
func (r *record) agreeClock(m *wire.Message, g *game.Game, d *differ) {
	if g.Status() == game.StatusWaiting {
		d.want("clock", fmt.Sprint(m.Clock.Left), fmt.Sprint(wire.Times(nil)))
		return
	}
	for i, had := range r.clock.left {
		seat, left := game.Seat(i), time.Duration(m.Clock.Left.Of(r.seatName(game.Seat(i))))*time.Millisecond
		least := had
		if g.Turn().Has(seat) {
			least = max(had-r.served(seat, r.sim.mark()), 0).Truncate(time.Millisecond)
		}
		if left > had || left < least {
			d.want("clock", fmt.Sprintf("%s %v", r.seatName(seat), left), fmt.Sprintf("%v to %v", least, had))
		}
	}
}

// hidden is how a move is written here that a viewer does not see.
const hidden = "hidden"

func shown(move *string) string {
	if move == nil {
		return hidden
	}
	return *move
}

// visible is a move as a viewer may see it: where moves are hidden, nobody's but his own.
func (r *record) visible(move string, mover, viewer game.Seat) string {
	if r.model.Hides() && mover != viewer {
		return hidden
	}
	return move
}

func (r *record) seatName(seat game.Seat) string {
	if names := r.model.SeatNames(); int(seat) < len(names) {
		return names[seat]
	}
	return ""
}

func (r *record) times(clocks []time.Duration) wire.Times {
	var times wire.Times
	for i, left := range clocks {
		times = append(times, wire.SeatTime{Seat: r.seatName(game.Seat(i)), MS: left.Milliseconds()})
	}
	return times
}

func timesOf(clock *wire.Clock) wire.Times {
	if clock == nil {
		return nil
	}
	return slices.Clone(clock.Left)
}

func (r *record) result(result *game.Result) string {
	if result == nil {
		return ""
	}
	return fmt.Sprint(r.seatName(result.Winner), " ", result.Score(len(r.model.SeatNames())), " ", result.Reason)
}

func resultOf(result *wire.Result) string {
	if result == nil {
		return ""
	}
	winner := ""
	if result.Winner != nil {
		winner = *result.Winner
	}
	return fmt.Sprint(winner, " ", result.Score, " ", result.Reason)
}

func userID(user *wire.User) string {
	if user == nil {
		return ""
	}
	return user.ID
}
