package browsertest

import (
	"strings"
	"testing"
)

// A server that is stopped and started again is found again, and the game goes on.
func TestServerRestarts(t *testing.T) {
	tabs := open(t, 2)
	config := configured(t.TempDir())
	first := start(t, config)
	config.Listen = strings.TrimPrefix(first.URL(), "http://")
	begin(t, first.URL(), "chess", "white", tabs...)
	play("e2e4", tabs...)
	tabs[1].see("#turn", "Your move")

	stop(t, first)
	for _, p := range tabs {
		p.wait(`document.querySelector("#link").dataset.phase !== "live"`)
	}
	tabs[1].click(square("e7")) // moves, all the same
	tabs[1].click(square("e5"))

	second := start(t, config)
	defer stop(t, second)
	tabs[0].see("#moves .last", "e7–e5")
	tabs[0].see("#link", "Connected")
	tabs[0].see("#turn", "Your move")
}

func TestNoSuchGame(t *testing.T) {
	url, tabs := serve(t), open(t, 1)
	for _, game := range []string{"nonsense", "0192d2a4-0000-8000-8000-000000000000"} {
		tabs[0].open(url + "/?game=" + game)
		tabs[0].see("#nothing-title", "No such game")
	}
	tabs[0].click("#nothing-home")
	tabs[0].wait(`document.querySelector("#start").checkVisibility()`)
	tabs[0].choose("rules", "other")
	tabs[0].enter("#other-rules", "hex")
	tabs[0].click("#create")
	tabs[0].see("#toasts", "this server plays")
}

// What the browser's own buttons do.
func TestBackAndForward(t *testing.T) {
	url, tabs := serve(t), open(t, 1)
	p := tabs[0]
	p.create(url, "chess", "white")
	p.must(p.Eval("history.back()", nil))
	p.wait(`document.querySelector("#start").checkVisibility() && !document.querySelector("#table").checkVisibility()`)
	p.must(p.Eval("history.forward()", nil))
	p.wait(`document.querySelector("#invite-link").checkVisibility()`)
	p.click("#abort")
	p.see("#result", "Game aborted")
}

// nameless lists the controls that nobody could call by a name.
const nameless = `[...document.querySelectorAll("button, input, a, [role=grid], [role=group]")].filter((e) => e.checkVisibility() &&
	!(e.textContent.trim() || e.ariaLabel || e.labels?.length)).map((e) => e.outerHTML)`

// On a phone nothing is wider than the screen, all can be touched, and everything has a name.
func TestPhone(t *testing.T) {
	url, tabs := serve(t), open(t, 2)
	phone, desk := tabs[0], tabs[1]
	check := func(what string) {
		t.Helper()
		if wide := phone.number("document.documentElement.scrollWidth"); wide > 360 {
			t.Errorf("%s: the page is %d pixels wide on a screen of 360", what, wide)
		}
		var without []string
		phone.must(phone.Eval(nameless, &without))
		if len(without) > 0 {
			t.Errorf("%s: controls without a name: %q", what, without)
		}
		phone.picture("phone-" + what)
	}
	phone.must(phone.Show(360, 740, true))
	desk.must(desk.Show(1180, 800, false))
	desk.open(url)
	desk.see("#link", "Connected")
	desk.picture("start")
	for _, rules := range []string{"rps", "nim", "connectfour", "chess"} {
		phone.open(url)
		phone.see("#link", "Connected")
		check("start")
		link := phone.create(url, rules, map[string]string{"chess": "black"}[rules])
		check("invitation")
		desk.open(link)
		desk.click("[id^=join-]")
		phone.wait(`document.querySelector("#table").dataset.status === "playing"`)
		check(rules)
	}
	if size := phone.number(`Math.floor(document.querySelector(".square").getBoundingClientRect().width)`); size < 40 {
		t.Errorf("a square of the board is %d pixels wide: too small for a finger", size)
	}
	white, black := desk, phone
	play("e2e4 e7e5 g1f3 b8c6 f1b5 a7a6 b5a4 g8f6 e1g1 f6e4 d2d4 b7b5 a4b3 d7d5 d4e5 c8e6", white, black)
	white.see("#turn", "Your move")
	black.enter("#chat-text", "The Open Variation, then."+keyEnter)
	white.enter("#chat-text", "As in Merano!"+keyEnter)
	black.see("#chat", "Merano")
	check("ruy-lopez")
	desk.must(desk.Eval("document.activeElement.blur()", nil))
	desk.picture("play")
	desk.must(desk.Show(1180, 800, true))
	desk.picture("play-dark")
}
