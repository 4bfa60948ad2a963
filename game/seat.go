package game

import (
	"iter"
	"math/bits"
)

// Seat is a player's place in one game: an index into the names that the game's Position gives, in turn order from 0.
type Seat uint8

// NoSeat is nobody: a watcher, the server itself, or the winner of a draw.
const NoSeat Seat = 255

// SeatsMax is the largest number of seats a game may have.
const SeatsMax = 8

// SeatSet is a set of seats.
type SeatSet uint8

// SetOf returns the set of the given seats.
func SetOf(seats ...Seat) SeatSet {
	var set SeatSet
	for _, seat := range seats {
		set |= 1 << seat
	}
	return set
}

// FirstSeats returns the set of the seats 0 to n-1.
func FirstSeats(n int) SeatSet { return SeatSet(1<<n - 1) }

// Has tells whether seat is in the set. NoSeat never is.
func (set SeatSet) Has(seat Seat) bool { return seat < SeatsMax && set&(1<<seat) != 0 }

// With returns the set and seat.
func (set SeatSet) With(seat Seat) SeatSet { return set | 1<<seat }

// Without returns the set less seat.
func (set SeatSet) Without(seat Seat) SeatSet { return set &^ (1 << seat) }

// Len is the number of seats in the set.
func (set SeatSet) Len() int { return bits.OnesCount8(uint8(set)) }

// All yields the seats of the set in turn order.
func (set SeatSet) All() iter.Seq[Seat] {
	return func(yield func(Seat) bool) {
		for seat := range Seat(SeatsMax) {
			if set.Has(seat) && !yield(seat) {
				return
			}
		}
	}
}
