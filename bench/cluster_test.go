package bench

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryFaultOfAClusterIsNamed(t *testing.T) {
	c := DefaultConfig()
	c.Parts = []string{"cost", "cluster"}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "which shard") {
		t.Errorf("without ShardOf: %v", err)
	}
	c.ShardOf = oneShard
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, part := range ClusterParts {
		if !c.measures(part) {
			t.Errorf("cluster does not measure %s", part)
		}
	}
	if c.measures("memory") {
		t.Error("cluster measures memory")
	}
	c.Parts, c.Cluster = []string{"hop"}, ClusterConfig{HandOverPlies: -1}
	err := c.Validate()
	if err == nil {
		t.Fatal("it is accepted")
	}
	for _, want := range []string{"lease", "shards", "games during", "plies", "during hand-overs 0 moves", "node is killed", "taken over", "hop come"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing is said of %s: %v", want, err)
		}
	}
	c.Parts = []string{"cost"}
	if err := c.Validate(); err != nil {
		t.Errorf("a part that has nothing to do with it: %v", err)
	}
}

func oneShard(string, int) (int, error) { return 0, nil }

func TestRedisIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	config := DefaultConfig()
	config.Parts, config.ShardOf, config.Scratch = []string{"hop"}, oneShard, t.TempDir()
	if _, err := Run(t.Context(), config); !errors.Is(err, errNoRedis) {
		t.Errorf("%v, want %v", err, errNoRedis)
	}
}

func TestHandOversAreReadFromTheLog(t *testing.T) {
	b := newBook(4)
	b.takes("n1")
	var rest bytes.Buffer
	log := b.reader("n1", &rest)
	text := "\n  Plywire 1.0\n" + `{"level":"info","message":"another node is there"}
{"level":"info","shard":2,"to":"n2","pause":12.5,"took":20,"message":"shard handed over"}
{"level":"error","message":"something is wrong"}
{"level":"info","shard":7,"to":"n2","pause":1,"took":1,"message":"shard handed over"}
`
	began := time.Now()
	for i := range len(text) { // a pipe may cut anywhere
		fmt.Fprint(log, text[i:i+1])
	}
	all := b.all()
	if len(all) != 1 || all[0].shard != 2 || all[0].from != "n1" || all[0].to != "n2" || all[0].pause != 12500*time.Microsecond ||
		all[0].took != 20*time.Millisecond || all[0].end.Before(began) {
		t.Errorf("%+v", all)
	}
	if b.holder(2) != "n2" || b.holder(3) != "n1" {
		t.Errorf("shards are held by %v", b.holders)
	}
	if rest.String() != `{"level":"error","message":"something is wrong"}`+"\n" {
		t.Errorf("what goes on is %q", rest.String())
	}
}

func TestMovesOfAHandOver(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(1000, 0).Add(time.Duration(ms) * time.Millisecond) }
	passes := []pass{{shard: 1, end: at(1000), pause: 100 * time.Millisecond}}
	tests := map[string]struct {
		shard, due, done int
		touched, near    bool
	}{
		"due while nobody serves":  {1, 950, 1010, true, true},
		"under way when it begins": {1, 890, 905, true, true},
		"done before":              {1, 890, 895, false, true},
		"due after":                {1, 1001, 1050, false, true},
		"of another shard":         {2, 950, 951, false, true},
		"long before":              {1, 650, 660, false, false},
		"long after":               {2, 1201, 1202, false, false},
	}
	for name, test := range tests {
		m := play{shard: test.shard, due: at(test.due), done: at(test.done)}
		if got := touches(passes, m); got != test.touched {
			t.Errorf("%s: touched is %v", name, got)
		}
		if got := isNear(passes, m); got != test.near {
			t.Errorf("%s: near is %v", name, got)
		}
	}
}

// box keeps what was sent last.
type box struct{ text string }

func (b *box) Send(text []byte) { b.text = string(text) }

// newStage is a tour of so many games with nobody connected, warm and in play, and what each seat of each has sent last.
func newStage(games int) (*tour, [][2]*box) {
	r := &run{config: Config{ShardOf: oneShard}, scripts: []script{{"a", "b", "c", "d", "e"}}}
	t := r.newTour(1, load{games, 1000}, 0, "127.0.0.1:1")
	sent := make([][2]*box, games)
	for i, p := range t.pairs {
		for seat := range p.players {
			sent[i][seat] = new(box)
			p.players[seat].conn = sent[i][seat]
		}
		p.game, p.stage = fmt.Sprint("game", i), stagePlay
		p.ready()
	}
	t.Wake(time.Now())
	return t, sent
}

// moved has both players of a pair told of the move that is under way.
func moved(t *tour, p *pair) {
	for _, who := range p.players {
		t.received(who, fmt.Appendf(nil, `{"type":"moved","game":%q,"seq":9,"ply":%d}`, p.game, p.ply+1))
	}
}

func agreed(t *tour, p *pair) {
	t.received(p.players[p.ply%2], fmt.Appendf(nil, `{"type":"ok","re":%q}`, p.underWay()))
}

func TestTourCountsWhatIsNew(t *testing.T) {
	d, sent := newStage(1)
	p := d.pairs[0]
	d.Wake(time.Now().Add(time.Millisecond))
	if !strings.Contains(sent[0][0].text, `"ply":0`) {
		t.Fatalf("what was sent is %q", sent[0][0].text)
	}
	for range 5 { // a node that does not know what was told tells it again
		d.received(p.players[0], []byte(`{"type":"moved","game":"game0","seq":3,"ply":1}`))
		d.received(p.players[0], []byte(`{"type":"ok","re":"of something else"}`))
	}
	if d.received(p.players[1], []byte(`{"type":"moved","game":"game0","seq":2,"ply":0}`)); p.ply != 0 {
		t.Error("an old event counts as the new one")
	}
	agreed(d, p)
	agreed(d, p)
	if p.ply != 0 {
		t.Error("a move is complete that one player has not seen")
	}
	if d.received(p.players[1], []byte(`{"type":"game","game":"game0","seq":3,"ply":1}`)); p.ply != 1 {
		t.Error("a state does not show a player the move")
	}
	if plays := d.since(time.Time{}); len(plays) != 1 || plays[0].took() < 0 {
		t.Errorf("%+v", plays)
	}
}

// Every game plays once a round, in an order that is another one each time.
func TestTourMixesItsGames(t *testing.T) {
	const games = 50
	d, _ := newStage(games)
	now := time.Now()
	for len(d.plays) < 2*games {
		now = now.Add(time.Millisecond)
		d.Wake(now)
		for _, p := range d.pairs {
			if p.missing > 0 {
				moved(d, p)
				agreed(d, p)
			}
		}
	}
	var orders [2][]int
	for round := range orders {
		for _, each := range d.plays[round*games : (round+1)*games] {
			orders[round] = append(orders[round], each.pair)
		}
		if whom := slices.Sorted(slices.Values(orders[round])); len(slices.Compact(whom)) != games {
			t.Fatalf("in a round of %d, these played: %v", games, orders[round])
		}
	}
	if slices.Equal(orders[0], orders[1]) || slices.IsSorted(orders[0]) {
		t.Errorf("the order is %v, and then %v", orders[0], orders[1])
	}
}

func TestTourSendsAgainWhatIsUnavailable(t *testing.T) {
	d, sent := newStage(1)
	now := time.Now()
	d.Wake(now.Add(time.Millisecond))
	first := sent[0][0].text
	sent[0][0].text = ""
	d.received(d.pairs[0].players[0], fmt.Appendf(nil, `{"type":"error","re":%q,"code":"unavailable","retry_after_ms":250}`, d.pairs[0].underWay()))
	if at := d.Wake(now.Add(10 * time.Millisecond)); sent[0][0].text != "" || at.IsZero() {
		t.Errorf("it is sent again at once, or never: %q, %v", sent[0][0].text, at)
	}
	if d.Wake(now.Add(time.Second)); sent[0][0].text != first {
		t.Errorf("sent again is %q, want %q", sent[0][0].text, first)
	}
	if d.retried.Load() != 1 || d.failed.Load() != 0 || len(d.refused) != 0 {
		t.Errorf("%d sent again, %d failed, %d left", d.retried.Load(), d.failed.Load(), len(d.refused))
	}
}

func TestTourGoesOnWithoutAGame(t *testing.T) {
	d, _ := newStage(3)
	now := time.Now()
	d.Wake(now.Add(20 * time.Millisecond)) // all three move
	lost, other := d.pairs[0], d.pairs[1:]
	d.received(lost.players[0], fmt.Appendf(nil, `{"type":"error","re":%q,"code":"stale_ply"}`, lost.underWay()))
	if d.failed.Load() != 1 || d.fault.err() != nil {
		t.Fatalf("%d failed, %v", d.failed.Load(), d.fault.err())
	}
	for _, p := range other {
		moved(d, p)
		agreed(d, p)
	}
	mark := now.Add(time.Second)
	waited := d.anew(mark) // moves that were due before do not count
	select {
	case <-waited:
		t.Fatal("it does not wait")
	default:
	}
	d.Wake(mark.Add(time.Second))
	for _, p := range other {
		p.due = mark
		moved(d, p)
		agreed(d, p)
	}
	select {
	case <-waited:
	default:
		t.Error("it waits for a game that does not go on")
	}
}

func TestClusterReport(t *testing.T) {
	l := latencies(each([]time.Duration{time.Millisecond, 3 * time.Millisecond}, same))
	r := &Report{Cluster: &Cluster{HandOver: &HandOver{Shards: 8, Games: 80, Pause: l, Took: l, Quiet: l, Paused: l, Near: l, During: l},
		Failover: &Failover{Back: l, All: l, Before: l, Others: l}, TakeOver: &TakeOver{PerSecond: 9000},
		Hops: []Hop{{Where: atOwner, Entry: 10, Redis: 5, Moves: 7, Latency: l}, {Where: byHop, Entry: 20, Other: 30, Redis: 5, Latency: l}, {Where: atOwner, Entry: 30, Redis: 5, Moves: 8, Latency: l}}}}
	medians := r.Cluster.MedianHops()
	if len(medians) != 2 || medians[0].Entry != 20 || medians[0].Moves != 15 || medians[1].Together() != 55 {
		t.Errorf("%+v", medians)
	}
	text, compared := r.String(), r.Compare(r)
	for _, want := range []string{"nobody serves", "such a game moves", "9000 games a second", "on the other node"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report has no %q:\n%s", want, text)
		}
	}
	for _, want := range []string{"pause of a hand-over", "dead node", "taken over", "p99, hop"} {
		if !strings.Contains(compared, want) {
			t.Errorf("the comparison has no %q:\n%s", want, compared)
		}
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Shards change hands", "A node is killed", "taken over", "on another node", "Other games while a node is dead"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	none := &Report{}
	if text := none.Compare(r) + none.String(); strings.Contains(text, "hand-over") {
		t.Errorf("what was not measured is told:\n%s", text)
	}
}
