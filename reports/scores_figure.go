package reports

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// scoreFigure shows the systems' means with intervals: the headline metric
// and the behaviours, one panel each, one line for each decoding and form.
func (b *builder) scoreFigure() (figure, error) {
	f := figure{
		name:       "scores",
		caption:    fmt.Sprintf("Means of the systems%s with %g %% intervals.", b.table.medians(), 100*b.table.Confidence),
		panelWidth: 300,
	}
	lines, ticks, lowest := b.scoreLines()
	if len(ticks) == 0 {
		return f, nil
	}
	f.panelHeight = 60 - 9*lowest
	var panels []*plot.Plot
	for _, metric := range append([]string{b.headline}, behaviours...) {
		c := slices.IndexFunc(b.table.Columns, func(c Column) bool { return c.Metric == metric })
		if c < 0 || len(panels) > 0 && metric == b.headline {
			continue
		}
		p := newPanel(title(metric)+arrow(b.direction(metric)), fmt.Sprintf("%s, %g %% interval", b.table.Columns[c].Summary, 100*b.table.Confidence), "")
		drawn := false
		for k, l := range b.labels {
			var points intervals
			for _, row := range b.table.Rows {
				if s := row.Cells[c].Score; row.Label == l.name && s != nil {
					points = append(points, intervalPoint{s.Value, lines[scoreLine{row.Decode, row.Form, l.name}], s.Low, s.High})
				}
			}
			if len(points) == 0 {
				continue
			}
			drawn = true
			if err := points.add(p, lineStyle(k)); err != nil {
				return f, err
			}
		}
		if !drawn {
			continue
		}
		p.Y.Tick.Marker = ticks
		p.Y.Min, p.Y.Max = lowest, 0
		p.Y.Tick.Length = 0
		widen(&p.X)
		panels = append(panels, p)
	}
	for i, l := range b.labels {
		f.legend = append(f.legend, legendEntry{name: l.name, line: lineStyle(i)})
	}
	f.panels = inRows(panels, 2)
	return f, nil
}

// scoreLine is what has a line of its own in the figure of scores.
type scoreLine struct{ decode, form, label string }

// scoreLines are the heights of the lines of the figure of scores, from 0 downwards: those
// of a decoding and form together, in the order of the labels, with a tick in their middle.
func (b *builder) scoreLines() (lines map[scoreLine]float64, ticks plot.ConstantTicks, lowest float64) {
	lines = map[scoreLine]float64{}
	seen := map[scoreLine]bool{}
	for _, row := range b.table.Rows {
		seen[scoreLine{row.Decode, row.Form, row.Label}] = true
	}
	for _, row := range b.table.Rows {
		if lines[scoreLine{row.Decode, row.Form, row.Label}] != 0 {
			continue
		}
		first := lowest - 1
		for _, l := range b.labels {
			if line := (scoreLine{row.Decode, row.Form, l.name}); seen[line] {
				lowest--
				lines[line] = lowest
			}
		}
		ticks = append(ticks, plot.Tick{Value: (first + lowest) / 2, Label: row.Decode + ", " + row.Form})
		lowest--
	}
	return lines, ticks, lowest
}

// intervalPoint is a mean at a height, with its interval.
type intervalPoint struct{ mean, y, low, high float64 }

type intervals []intervalPoint

// add draws dots with horizontal bars.
func (points intervals) add(p *plot.Plot, style draw.LineStyle) error {
	dots := make(plotter.XYs, len(points))
	for i, at := range points {
		dots[i] = plotter.XY{X: at.mean, Y: at.y}
		bar, err := plotter.NewLine(plotter.XYs{{X: at.low, Y: at.y}, {X: at.high, Y: at.y}})
		if err != nil {
			return fmt.Errorf("drawing intervals: %w", err)
		}
		bar.LineStyle = draw.LineStyle{Color: style.Color, Width: vg.Points(1.3), Dashes: style.Dashes}
		p.Add(bar)
	}
	scatter, err := plotter.NewScatter(dots)
	if err != nil {
		return fmt.Errorf("drawing means: %w", err)
	}
	scatter.GlyphStyle = draw.GlyphStyle{Color: style.Color, Radius: vg.Points(2.6), Shape: draw.CircleGlyph{}}
	if style.Dashes != nil {
		scatter.Shape = draw.RingGlyph{}
	}
	p.Add(scatter)
	return nil
}
