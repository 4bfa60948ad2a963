package chess

import "github.com/plywire/plywire/game"

// army counts one side's men, the king left out.
type army struct {
	pawns, knights, rooks, queens int
	bishops                       [2]int // on dark squares, on light squares
}

func (m *men) army(seat game.Seat) army {
	bishops := m.those(whiteBishop, seat)
	return army{
		pawns: m.those(whitePawn, seat).len(), knights: m.those(whiteKnight, seat).len(),
		rooks: m.those(whiteRook, seat).len(), queens: m.those(whiteQueen, seat).len(),
		bishops: [2]int{(bishops &^ lightSquares).len(), (bishops & lightSquares).len()},
	}
}

// minorsOnly tells whether there is nothing beside the king but knights and bishops.
func (a army) minorsOnly() bool { return a.pawns+a.rooks+a.queens == 0 }

// dead tells whether no sequence of legal moves leads to mate for want of material (FIDE 5.2.2): bare kings, a single
// knight, or any number of bishops that are all on squares of one colour, whoever has them.
func (m *men) dead() bool {
	if m.kinds[whitePawn]|m.kinds[whiteRook]|m.kinds[whiteQueen] != 0 {
		return false
	}
	w, b := m.army(White), m.army(Black)
	dark, light := w.bishops[0]+b.bishops[0], w.bishops[1]+b.bishops[1]
	switch w.knights + b.knights {
	case 0:
		return dark == 0 || light == 0
	case 1:
		return dark+light == 0
	default:
		return false
	}
}

// canMate tells whether a side with a's men can mate one with other's by any sequence of legal moves, however unlikely
// (FIDE 6.9), as far as the material tells. A single knight needs a man of the other side to block the king's flight,
// and a queen will not do, because it could always take the knight or step between; bishops on one colour need one that
// can stand on the other colour and cannot help the king.
func (a army) canMate(other army) bool {
	dark, light := a.bishops[0], a.bishops[1]
	switch {
	case !a.minorsOnly():
		return true
	case a.knights == 0 && dark+light == 0:
		return false
	case a.knights == 1 && dark+light == 0:
		return other.pawns+other.rooks+other.knights+other.bishops[0]+other.bishops[1] > 0
	case a.knights == 0 && dark == 0:
		return other.pawns+other.knights+other.bishops[0] > 0
	case a.knights == 0 && light == 0:
		return other.pawns+other.knights+other.bishops[1] > 0
	default:
		return true
	}
}
