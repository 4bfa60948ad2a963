package chess

// keyTable holds the random numbers of Zobrist's hashing (A New Hashing Method with Application for Game Playing,
// 1970): a position's key is the exclusive or of those of all that is true of it.
type keyTable struct {
	piece    [pieceCount][squares]uint64
	castling [castlingAll + 1]uint64
	file     [8]uint64 // of an en-passant square
	black    uint64    // to move
}

// keySeed makes the numbers the same in every process and every version: keys are stored in snapshots. Never changed.
const keySeed = 0x706c7977697265 // "plywire"

var keys = newKeyTable(keySeed)

func newKeyTable(seed uint64) *keyTable {
	table := &keyTable{}
	for p := range table.piece[1:] {
		for s := range table.piece[p+1] {
			table.piece[p+1][s] = splitmix64(&seed)
		}
	}
	for rights := range table.castling {
		table.castling[rights] = splitmix64(&seed)
	}
	for file := range table.file {
		table.file[file] = splitmix64(&seed)
	}
	table.black = splitmix64(&seed)
	return table
}

// splitmix64 is the generator of Steele, Lea and Flood (Fast Splittable Pseudorandom Number Generators, 2014). It is
// written out because math/rand promises no sequence for all time.
func splitmix64(state *uint64) uint64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// key is equal for two positions that are the same by FIDE 9.2.3: same player to move, same pieces on the same
// squares, same possible moves. Others differ, but for one chance in 2^64. The library's own hash is not used, because
// it counts an en-passant capture that a pin forbids.
func (l *layout) key() uint64 {
	var key uint64
	for s, p := range l.squares {
		key ^= keys.piece[p][s] // zero for an empty square
	}
	key ^= keys.castling[l.castling]
	if l.enPassant != noSquare {
		key ^= keys.file[l.enPassant.file()]
	}
	if l.turn == Black {
		key ^= keys.black
	}
	return key
}
