package browsertest

import (
	"strings"
	"testing"

	"github.com/plywire/plywire/web/browsertest/driver"
)

// Keys of the protocol's table of keyboard actions.
const (
	keyEnter = "\uE007"
	keyLeft  = "\uE012"
	keyUp    = "\uE013"
	keyRight = "\uE014"
)

func TestScholarsMate(t *testing.T) {
	url, tabs := serve(t), open(t, 2)
	white, black := tabs[0], tabs[1]
	begin(t, url, "chess", "white", white, black)
	play("e2e4 e7e5 f1c4", white, black)

	black.see("#turn", "Your move")
	black.click(square("b8"))
	black.click(square("b6"))
	black.see("#toasts", "The knight on b8 cannot go to b6.")
	black.wait(`document.querySelector('[data-square="b8"] .piece')`) // it went back

	black.must(black.Reload())
	black.see("#bottom", "Black, you")
	if first := black.text(".chess [role=row] button"); first != "1" {
		t.Errorf("black's board begins with %q, want h1 with the rank's number", first)
	}
	play("b8c6 d1h5 g8f6 h5f7", black, white)

	white.see("#result", "You won")
	black.see("#result", "You lost")
	white.see(".reason", "by checkmate")
	white.see("#moves .last", "Qh5×f7")
	white.see("#top .player", "Black")
	for _, p := range tabs {
		p.wait(`!document.querySelector("#resign")`)
		p.picture("mate-" + strings.ToLower(strings.TrimPrefix(p.text("#result"), "You ")))
	}

	black.click("#rematch")
	white.see("#standing", "Black offers a rematch.")
	white.click("#accept-rematch")
	white.see("#bottom", "Black, you")
	black.see("#bottom", "White, you")
	black.see("#turn", "Your move")
}

func TestConnectFour(t *testing.T) {
	url, tabs := serve(t), open(t, 2)
	red, yellow := tabs[0], tabs[1]
	begin(t, url, "connectfour", "first", red, yellow)
	for i, column := range strings.Split("dcdcd", "") {
		p := tabs[i%2]
		p.see("#turn", "Your move")
		p.click(`[data-column="` + column + `"]`)
	}
	yellow.see("#turn", "Your move")
	yellow.picture("connectfour")
	yellow.must(yellow.Eval(`document.querySelector('[data-column="d"]').focus()`, nil))
	yellow.keys(keyLeft, keyEnter)
	red.wait(`document.querySelector('[data-cell="c3"]').classList.contains("second")`)
	red.click(`[data-column="d"]`)
	red.see("#result", "You won")
	yellow.see("#result", "You lost")
	if n := yellow.number(`document.querySelectorAll(".cell.four").length`); n != 4 {
		t.Errorf("%d discs are marked as the four", n)
	}
}

func TestRockPaperScissors(t *testing.T) {
	url, tabs := serve(t), open(t, 2)
	one, two := tabs[0], tabs[1]
	begin(t, url, "rps", "", one, two)
	one.click(`[data-throw="rock"]`)
	two.see(".duel", "has thrown")
	if page := two.text("#board .duel") + two.text("#spoken") + two.text("#moves"); strings.Contains(strings.ToLower(page), "rock") {
		t.Errorf("the second player sees the throw: %s", page)
	}
	two.click(`[data-throw="paper"]`)
	one.see(".score", "0 : 1")
	two.see(".score", "1 : 0")
	one.must(one.Reload())
	one.see(".rounds", "Rock ‹ Paper")
	one.click(`[data-throw="scissors"]`)
	two.click(`[data-throw="rock"]`)
	one.see("#result", "You lost")
	two.see("#result", "You won")
}

func TestNim(t *testing.T) {
	url, tabs := serve(t), open(t, 2)
	begin(t, url, "nim", "first", tabs...)
	for i, move := range []string{"1:3", "2:4", "3:5"} {
		tabs[i%2].see("#turn", "Your move")
		tabs[i%2].picture("nim-" + move[:1])
		tabs[i%2].click(`[data-move="` + move + `"]`)
	}
	tabs[0].see("#result", "You won")
	tabs[1].see("#result", "You lost")
}

// Moves can also be dragged, and made with keys; pawns become what the player says.
func TestWaysToMove(t *testing.T) {
	url, tabs := serve(t), open(t, 2)
	white, black := tabs[0], tabs[1]
	begin(t, url, "chess", "white", white, black)

	white.must(white.Drag(square("a2"), square("a4")))
	black.see("#moves .last", "a2–a4")
	black.must(black.Drag(square("a4"), square("a5"))) // not his: nothing happens
	play("b7b5", black, white)
	white.see("#turn", "Your move")
	white.must(white.Eval(`document.querySelector('[data-square="e2"]').focus()`, nil))
	white.keys(keyLeft, keyLeft, keyLeft, keyLeft, keyUp, keyUp, keyEnter) // a4
	white.keys(keyRight, keyUp, keyEnter)                                  // b5
	black.see("#moves .last", "a4×b5")
	play("a7a6 b5a6 h7h6 a6a7 h6h5 a7b8", black, white)
	white.click(`[data-becomes="n"]`)
	black.see("#moves .last", "a7×b8=N")
	black.wait(`document.querySelector('[data-square="b8"]').getAttribute("aria-label") === "b8, white knight"`)
	if n := white.number(`document.querySelectorAll("dialog").length`); n != 0 {
		t.Errorf("%d dialogs are left", n)
	}
}

func TestOffersAndChat(t *testing.T) {
	url, tabs := serve(t), open(t, 2)
	white, black := tabs[0], tabs[1]
	begin(t, url, "chess", "white", white, black)
	play("e2e4", white, black)
	white.click("#takeback")
	black.see("#standing", "White asks to take back the last move.")
	black.click("#accept-takeback")
	white.wait(`document.querySelector('[data-square="e2"] .piece')`)
	play("d2d4 d7d5", white, black)

	white.enter("#chat-text", "Good <b>luck</b>!"+keyEnter)
	black.see("#chat", "Good <b>luck</b>!")
	white.click("#draw")
	black.click("#decline-draw")
	white.see("#spoken", "No to a draw.")
	black.click("#resign")
	black.click("#confirm")
	white.see("#result", "You won")
	white.see(".reason", "by resignation")
}

func TestClaim(t *testing.T) {
	url, tabs := serve(t), open(t, 2)
	begin(t, url, "chess", "white", tabs...)
	play("g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1", tabs...)
	if n := tabs[1].number(`document.querySelectorAll("#claim-threefold").length`); n != 0 {
		t.Error("a claim is offered before there is one")
	}
	play("f6g8", tabs[1], tabs[0])
	tabs[0].click("#claim-threefold")
	for _, p := range tabs {
		p.see("#result", "Draw")
		p.see(".reason", "three times")
	}
}

// Of rules that the page has never heard of it shows what the server says.
func TestUnknownRules(t *testing.T) {
	url, tabs := serve(t), open(t, 2)
	first, second := tabs[0], tabs[1]
	first.open(url)
	first.choose("rules", "other")
	first.enter("#other-rules", "matches")
	first.click("#create")
	first.wait(`document.querySelector("#invite-link").value`)
	var link string
	first.must(first.Eval("location.href", &link))
	second.open(link)
	second.click("[id^=join-]")
	second.see(".position", "[3 4 5] first")
	if strings.Contains(second.text("#bottom"), "First") {
		first, second = second, first
	}
	first.see("#turn", "Your move")
	first.enter("#move-text", "1:9"+keyEnter)
	first.see("#toasts", "Heap 1 has 3 sticks")
	for i, move := range []string{"1:3", "2:4", "3:5"} {
		p := []*tab{first, second}[i%2]
		p.see("#turn", "Your move")
		p.enter("#move-text", move+keyEnter)
	}
	first.see("#result", "You won")
	second.see(".position", "[0 0 0]")
}

// Who comes when all seats are taken watches.
func TestWatch(t *testing.T) {
	url, tabs := serve(t), open(t, 3)
	watcher := tabs[2]
	link := begin(t, url, "chess", "black", tabs...)
	watcher.open(link)
	watcher.see("#turn", "White to move")
	if n := watcher.number(`document.querySelectorAll("#standing button, .movable").length`); n != 0 {
		t.Errorf("a watcher has %d ways to meddle", n)
	}
	play("e2e4 c7c5", tabs[1], tabs[0])
	watcher.see("#moves .last", "c7–c5")
	tabs[0].see("#standing", "1 watching")
	tabs[1].must(tabs[1].Open(url)) // leaves
	watcher.see("#bottom .presence", "away")
}

// A tab that was duplicated is somebody else: it can join the game of the first.
func TestDuplicatedTab(t *testing.T) {
	url, tabs := serve(t), open(t, 1)
	first := tabs[0]
	first.create(url, "chess", "white")
	b, err := browser()
	first.must(err)
	before, err := b.Tabs()
	first.must(err)
	first.must(first.Eval(`void open(location.href)`, nil)) // copies what the tab has kept
	after, err := b.Tabs()
	first.must(err)
	second := &tab{t, newest(before, after)}
	if second.Tab == nil {
		t.Fatal("no tab was opened")
	}
	defer func() { second.must(second.Close()) }()
	second.click("[id^=join-]")
	second.see("#bottom", "Black, you")
	first.see("#turn", "Your move")
	if first.text("#name") == second.text("#name") {
		t.Errorf("both tabs are %s", first.text("#name"))
	}
}

// newest is the tab that is in after, but not in before.
func newest(before, after []*driver.Tab) *driver.Tab {
	known := map[driver.Tab]bool{}
	for _, each := range before {
		known[*each] = true
	}
	for _, each := range after {
		if !known[*each] {
			return each
		}
	}
	return nil
}
