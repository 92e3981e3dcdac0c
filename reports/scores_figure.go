package reports

import (
	"fmt"
	"image/color"
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
	type group struct{ decode, form string }
	var groups []group
	for _, row := range b.table.Rows {
		g := group{row.Decode, row.Form}
		if !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 {
		return f, nil
	}
	f.panelHeight = 60 + float64(len(groups))*max(20, 8*float64(len(b.labels)+1))
	var ticks plot.ConstantTicks
	for i, g := range groups {
		ticks = append(ticks, plot.Tick{Value: float64(len(groups) - 1 - i), Label: g.decode + ", " + g.form})
	}
	var panels []*plot.Plot
	for _, metric := range append([]string{b.headline}, behaviours...) {
		c := slices.IndexFunc(b.table.Columns, func(c Column) bool { return c.Metric == metric })
		if c < 0 || len(panels) > 0 && metric == b.headline {
			continue
		}
		p := newPanel(title(metric)+arrow(direction(metric)), fmt.Sprintf("%s, %g %% interval", b.table.Columns[c].Summary, 100*b.table.Confidence), "")
		drawn := false
		for k, l := range b.labels {
			var points intervals
			for _, row := range b.table.Rows {
				if row.Label != l.name || row.Cells[c].Score == nil {
					continue
				}
				y := float64(len(groups) - 1 - slices.Index(groups, group{row.Decode, row.Form}))
				y -= 0.7 * ((float64(k)+0.5)/float64(len(b.labels)) - 0.5)
				s := row.Cells[c].Score
				points = append(points, intervalPoint{s.Value, y, s.Low, s.High})
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
		p.Y.Min, p.Y.Max = -0.6, float64(len(groups))-0.4
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
		bar.LineStyle = draw.LineStyle{Color: style.Color, Width: vg.Points(1.3)}
		p.Add(bar)
	}
	scatter, err := plotter.NewScatter(dots)
	if err != nil {
		return fmt.Errorf("drawing means: %w", err)
	}
	scatter.GlyphStyle = draw.GlyphStyle{Color: color.Color(style.Color), Radius: vg.Points(2.6), Shape: draw.CircleGlyph{}}
	p.Add(scatter)
	return nil
}
