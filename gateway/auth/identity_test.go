package auth_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plywire/plywire/gateway/auth"
	"github.com/plywire/plywire/gateway/auth/authtest"
)

func TestNames(t *testing.T) {
	tests := map[string]struct{ name, want string }{
		"plain":                      {"Alice", "Alice"},
		"of another script":          {"Анна 安娜", "Анна 安娜"},
		"with accents":               {"Zoe\u0308", "Zoe\u0308"},
		"spaces around and between":  {"  Al \t\n  ice ", "Al ice"},
		"control characters":         {"A\x00l\x1bi\u0085ce", "Ali ce"},
		"turned around":              {"\u202EecilA", "ecilA"},
		"joiners":                    {"A\u200Dl\u200Bice\uFEFF", "Alice"},
		"unusual spaces":             {"A\u00A0\u2003l", "A l"},
		"fillers":                    {"\u3164A\u2800\u115F\u1160\uFFA0", "A"},
		"not text":                   {"A\uFFFDl", "Al"},
		"nothing":                    {"", "the sub"},
		"nothing that shows":         {" \u200B\x00\u3164 ", "the sub"},
		"64 characters":              {strings.Repeat("é", 64), strings.Repeat("é", 64)},
		"65 characters":              {strings.Repeat("é", 65), strings.Repeat("é", 64)},
		"a space at the end of 64":   {strings.Repeat("x", 63) + " y", strings.Repeat("x", 63)},
		"a space before the 64th":    {strings.Repeat("x", 62) + " yz", strings.Repeat("x", 62) + " y"},
		"many spaces among 64":       {"a" + strings.Repeat(" ", 100) + "b", "a b"},
		"many characters, not shown": {strings.Repeat("\u200B", 500) + "a", "a"},
		"quotes, tags":               {`<b>"A"&'l'</b>`, `<b>"A"&'l'</b>`},
	}
	minter := authtest.NewEdDSA("")
	config := config(newClock())
	config.Keys = []auth.KeyFile{{Path: keyFile(t, minter, "key")}}
	a := open(t, config)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := a.Token(t.Context(), must[string](t)(minter.Sign(authtest.Claims{
				"sub": "the sub", "name": test.name, "exp": start.Add(time.Hour).Unix(),
			}, nil)))
			if err != nil || got.Name != test.want {
				t.Errorf("%q, %v, want %q", got.Name, err, test.want)
			}
		})
	}
}

func TestNameFromSub(t *testing.T) {
	minter := authtest.NewEdDSA("")
	config := config(newClock())
	config.Keys = []auth.KeyFile{{Path: keyFile(t, minter, "key")}}
	a := open(t, config)
	for sub, want := range map[string]string{
		strings.Repeat("x", 128): strings.Repeat("x", 64),
		"auth0|5f7c":             "auth0|5f7c",
		"\u3164":                 "?",
	} {
		if got, err := a.Token(t.Context(), must[string](t)(minter.Mint(sub, "", start.Add(time.Hour)))); err != nil || got.ID != sub || got.Name != want {
			t.Errorf("%+v, %v, want the id %q and the name %q", got, err, sub, want)
		}
	}
}

func TestGuest(t *testing.T) {
	config := config(newClock())
	a := open(t, config)
	id, name := regexp.MustCompile(`^guest-[A-Za-z0-9_-]{22}$`), regexp.MustCompile(`^Guest [1-9][0-9]{3}$`)
	ids, names := map[string]bool{}, map[string]bool{}
	for range 1000 {
		guest, err := a.Guest()
		if err != nil {
			t.Fatal(err)
		}
		if !id.MatchString(guest.ID) || !name.MatchString(guest.Name) || !guest.Guest || !guest.Expires.IsZero() {
			t.Fatalf("%+v is no guest", guest)
		}
		ids[guest.ID], names[guest.Name] = true, true
	}
	if len(ids) != 1000 || len(names) < 500 {
		t.Errorf("1000 guests have %d ids and %d names", len(ids), len(names))
	}
}

func TestGuestsOff(t *testing.T) {
	config := config(newClock())
	config.Guests = false
	config.Keys = []auth.KeyFile{{Path: keyFile(t, authtest.NewEdDSA(""), "key")}}
	if guest, err := open(t, config).Guest(); !errors.Is(err, auth.ErrGuestsOff) || guest != (auth.Identity{}) {
		t.Errorf("%+v, %v, want %v", guest, err, auth.ErrGuestsOff)
	}
}
