package bench

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"ms":   func(v float64) string { return fmt.Sprintf("%.2f", v) },
	"one":  func(v float64) string { return fmt.Sprintf("%.1f", v) },
	"none": func(v float64) string { return fmt.Sprintf("%.0f", v) },
	"kib":  func(v float64) string { return fmt.Sprintf("%.2f", v/1024) },
	"mib":  func(v int64) string { return fmt.Sprintf("%.0f", mib(v)) },
	"pct":  func(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) },
}).Parse(page))

// WriteHTML writes the report as one page that needs nothing else: no network, no script.
func (r *Report) WriteHTML(w io.Writer) error {
	var costs, memories []bar
	var curves []plot
	for _, s := range r.Summaries() {
		costs = append(costs, bar{s.Load + ", relay", s.Relay.CPU, "relay"}, bar{s.Load + ", plywire", s.Plywire.CPU, "plywire"})
		curves = append(curves, plot{"Latency at " + s.Load, []curve{{"relay", "relay", s.Relay.Latency}, {"plywire", "plywire", s.Plywire.Latency}}})
	}
	for _, m := range r.Memory {
		memories = append(memories, bar{"idle " + m.What + ", " + m.Server, m.Live / 1024, m.Server})
	}
	if x := r.Watched; x != nil {
		curves = append(curves, plot{"Players of a game with many watchers", []curve{{"relay", "without watchers", x.PlayersAlone}, {"plywire", "with them", x.Players}}})
	}
	if h := r.Herd; h != nil {
		curves = append(curves, plot{"Other games while very many reconnect", []curve{{"relay", "before", h.OthersAlone}, {"plywire", "meanwhile", h.Others}}})
	}
	curves = append(curves, r.Cluster.plots()...)
	return pageTemplate.Execute(w, map[string]any{"Report": r, "Summaries": r.Summaries(), "Costs": bars(costs, "µs CPU a move"),
		"Memory": bars(memories, "KiB"), "Plots": curves})
}

// plots are those of a cluster.
func (c *Cluster) plots() (all []plot) {
	if c == nil {
		return nil
	}
	if h := c.HandOver; h != nil {
		all = append(all, plot{"Moves while shards change hands", []curve{{"relay", "before", h.Quiet}, {"plywire", "of games that nobody serves for a moment", h.Paused}}})
	}
	if f := c.Failover; f != nil {
		all = append(all, plot{"Other games while a node is dead", []curve{{"relay", "before", f.Before}, {"plywire", "meanwhile", f.Others}}})
	}
	if hops := c.MedianHops(); len(hops) == 2 {
		all = append(all, plot{"Moves over two nodes", []curve{{"relay", "games on the players' node", hops[0].Latency}, {"plywire", "games on the other node", hops[1].Latency}}})
	}
	return all
}

// bar is one bar of a chart.
type bar struct {
	Name  string
	Value float64
	Class string
}

// bars draws a chart of horizontal bars.
func bars(all []bar, unit string) template.HTML {
	if len(all) == 0 {
		return ""
	}
	const line, left, wide = 24, 210, 420
	most := 0.0
	for _, b := range all {
		most = max(most, b.Value)
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg viewBox="0 0 %d %d" role="img">`, left+wide+140, line*len(all)+4)
	for i, b := range all {
		y := i * line
		fmt.Fprintf(&s, `<text x="%d" y="%d" text-anchor="end">%s</text>`, left-8, y+17, template.HTMLEscapeString(b.Name))
		fmt.Fprintf(&s, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="3"/>`, b.Class, left, y+4, max(1, wide*b.Value/most), line-8)
		fmt.Fprintf(&s, `<text x="%.1f" y="%d">%.1f %s</text>`, left+wide*b.Value/most+6, y+17, b.Value, unit)
	}
	return template.HTML(s.String() + "</svg>") // of numbers, and names that were escaped
}

// plot is latencies by quantile.
type plot struct {
	Title  string
	Curves []curve
}

type curve struct {
	Class   string // of the style sheet
	Name    string
	Latency Latency
}

// The plot's frame, in the units of its view box.
const (
	plotLeft, plotTop     = 72.0, 12.0
	plotWidth, plotHeight = 560.0, 220.0
	plotNines             = 4.0 // the axis goes up to 99.99 %
)

// SVG draws the plot: both axes are logarithmic, the horizontal one in what is left above the quantile.
func (p plot) SVG() template.HTML {
	low, high := math.Inf(1), 0.0
	for _, c := range p.Curves {
		for _, at := range c.Latency.Distribution {
			if at.Milliseconds > 0 {
				low, high = min(low, at.Milliseconds), max(high, at.Milliseconds)
			}
		}
	}
	if high == 0 {
		return ""
	}
	bottom, top := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high)+1e-9)
	y := func(ms float64) float64 {
		return plotTop + plotHeight*(1-(math.Log10(max(ms, math.Pow(10, bottom)))-bottom)/max(top-bottom, 1))
	}
	x := func(quantile float64) float64 {
		return plotLeft + plotWidth*min(-math.Log10(max(1-quantile/100, 1e-9)), plotNines)/plotNines
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg viewBox="0 0 %.0f %.0f" role="img">`, plotLeft+plotWidth+32, plotTop+plotHeight+30)
	for e := bottom; e <= top; e++ {
		at := y(math.Pow(10, e))
		fmt.Fprintf(&s, `<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/><text x="%.1f" y="%.1f" text-anchor="end">%g ms</text>`,
			plotLeft, at, plotLeft+plotWidth, at, plotLeft-6, at+4, math.Pow(10, e))
	}
	for _, q := range []float64{0, 50, 90, 99, 99.9, 99.99} {
		fmt.Fprintf(&s, `<line class="grid" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/><text x="%.1f" y="%.1f" text-anchor="middle">%g %%</text>`,
			x(q), plotTop, x(q), plotTop+plotHeight, x(q), plotTop+plotHeight+18, q)
	}
	for _, c := range p.Curves {
		fmt.Fprintf(&s, `<polyline class="%s" points="`, c.Class)
		for _, at := range c.Latency.Distribution {
			fmt.Fprintf(&s, "%.1f,%.1f ", x(at.Quantile), y(at.Milliseconds))
		}
		s.WriteString(`"/>`)
	}
	return template.HTML(s.String() + "</svg>") // of numbers alone
}
