package connectfour

import (
	"strings"
	"testing"

	"github.com/plywire/plywire/game"
	"github.com/plywire/plywire/game/rulestest"
)

func FuzzRestore(f *testing.F) {
	f.Add((&position{}).AppendState(nil))
	f.Add((&position{board{cell(3, 0) | cell(2, 0), cell(3, 1)}}).AppendState(nil))
	f.Add((&position{board{0x0f, 0x07 << stride}}).AppendState(nil))
	f.Fuzz(func(t *testing.T, state []byte) { rulestest.CheckState(t, Rules{}, state, allColumns) })
}

func TestState(t *testing.T) {
	position, _ := play(t, "ddc")
	want := []byte{stateVersion, 0b1, 0b1, 0b10, 0b110, 0b1, 0b1, 0b1}
	if got := position.AppendState(nil); string(got) != string(want) {
		t.Errorf("state %x, want %x", got, want)
	}
}

func TestRestoreRefuses(t *testing.T) {
	const x, o, xo, ox = 0b10, 0b11, 0b110, 0b101
	tests := map[string]struct {
		state []byte
		want  string // part of the error; empty: accepted
	}{
		"empty board":                 {[]byte{1, 1, 1, 1, 1, 1, 1, 1}, ""},
		"three discs":                 {[]byte{1, x, xo, 1, 1, 1, 1, 1}, ""},
		"won":                         {[]byte{1, 0b10000, 0b1111, 1, 1, 1, 1, 1}, ""},
		"seven in a row, gap last":    {[]byte{1, xo, xo, xo, x, xo, xo, xo}, ""},
		"empty":                       {nil, "0 bytes, want 8"},
		"short":                       {[]byte{1, 1, 1, 1, 1, 1, 1}, "7 bytes, want 8"},
		"long":                        {[]byte{1, 1, 1, 1, 1, 1, 1, 1, 1}, "9 bytes, want 8"},
		"other version":               {[]byte{2, 1, 1, 1, 1, 1, 1, 1}, "version 2, want 1"},
		"column without an end":       {[]byte{1, 0, 1, 1, 1, 1, 1, 1}, "0x0 is not column a"},
		"column of seven":             {[]byte{1, 1, 1, 1, 1, 1, 1, 0x80}, "0x80 is not column g"},
		"two firsts":                  {[]byte{1, x, x, 1, 1, 1, 1, 1}, "2 discs of the first seat and 0 of the second"},
		"second seat began":           {[]byte{1, o, 1, 1, 1, 1, 1, 1}, "0 discs of the first seat and 1 of the second"},
		"first disc was the second's": {[]byte{1, ox, 1, 1, 1, 1, 1, 1}, `no game comes to "ox////// x"`},
		"all columns begin with o":    {[]byte{1, ox, ox, ox, ox, ox, ox, 1}, "no game comes to"},
		"both have four":              {[]byte{1, 0b10000, 0b11111, 1, 1, 1, 1, 1}, "no game comes to"},
		"went on after four":          {[]byte{1, 0b10000, o, o, o, 1, o, 1}, "no game comes to"},
		"four, buried":                {[]byte{1, 0b110000, 0b1111, 1, 1, 1, 1, x}, "no game comes to"},
		"won twice":                   {[]byte{1, 0b10000, 0b10000, 0b1111, 0b1111, o, 1, 1}, "no game comes to"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			position, err := Rules{}.Restore(test.state)
			switch {
			case err == nil && test.want != "":
				t.Errorf("%x is restored as %q", test.state, position.Show(game.NoSeat))
			case err != nil && (test.want == "" || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%x: got %v, want %q", test.state, err, test.want)
			}
		})
	}
}

// Restore must accept exactly the boards that games come to. All states with few discs, but enough for both seats to have
// won and to go on, are tried against all boards that can be played.
func TestRestoreIsExact(t *testing.T) {
	discs := 9
	if testing.Short() {
		discs = 7
	}
	played := map[board]bool{}
	var playOn func(b board, left int)
	playOn = func(b board, left int) {
		played[b] = true
		if left == 0 || b.over() {
			return
		}
		for _, text := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			if after, err := b.drop(game.Seat(b.turn()), text); err == nil && !played[after] {
				playOn(after, left-1)
			}
		}
	}
	playOn(board{}, discs)
	restored := 0
	var states func(state []byte, left int)
	states = func(state []byte, left int) {
		if len(state) == stateLen {
			if restoredPosition, err := (Rules{}).Restore(state); err == nil {
				restored++
				if b := restoredPosition.(*position).board; !played[b] {
					t.Fatalf("%x is restored as %q, to which no game comes", state, b)
				}
			}
			return
		}
		for height := range min(left, rows) + 1 {
			for column := 1 << height; column < 2<<height; column++ {
				states(append(state, byte(column)), left-height)
			}
		}
	}
	states([]byte{stateVersion}, discs)
	if restored != len(played) {
		t.Errorf("%d boards are restored, %d can be played", restored, len(played))
	}
}
