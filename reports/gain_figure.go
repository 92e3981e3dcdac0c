package reports

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// gainFigure shows what the treatment and each of its controls have over the baseline.
func (b *builder) gainFigure() (figure, error) {
	f := figure{name: "gain", panelWidth: 620}
	g := b.gain
	if g == nil {
		return f, nil
	}
	type row struct {
		name  string
		part  int // in the palette
		point *difference
	}
	rows := []row{{g.treatment.Label + ", " + g.treatment.Decode, 0, g.whole}}
	f.legend = []legendEntry{{name: "treatment", line: lineStyle(0)}}
	styles := map[string]int{}
	add := func(m measured, part string) {
		if _, ok := styles[part]; !ok {
			styles[part] = len(styles) + 1
			f.legend = append(f.legend, legendEntry{name: part, line: lineStyle(styles[part])})
		}
		rows = append(rows, row{m.other.Label + ", " + m.kind, styles[part], m.overBaseline})
	}
	for _, m := range byGain(g.controls(), b.direction(b.headline)) {
		add(m, b.partOf(m))
	}
	for _, m := range g.ceilings {
		add(m, "a ceiling, no control")
	}
	p := newPanel("", fmt.Sprintf("%s less that of the baseline, %g %% interval", measure(b.headline), 100*b.table.Confidence), "")
	last := float64(len(rows) - 1)
	baseline, err := plotter.NewLine(plotter.XYs{{X: 0, Y: -0.6}, {X: 0, Y: last + 0.6}})
	if err != nil {
		return f, fmt.Errorf("drawing the baseline: %w", err)
	}
	baseline.LineStyle = draw.LineStyle{Color: ink, Width: vg.Points(0.8), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}}
	p.Add(baseline)
	var ticks plot.ConstantTicks
	for i, r := range rows {
		y := last - float64(i)
		ticks = append(ticks, plot.Tick{Value: y, Label: r.name})
		point := intervals{{r.point.Difference, y, r.point.Low, r.point.High}}
		if err := point.add(p, lineStyle(r.part)); err != nil {
			return f, err
		}
	}
	p.Y.Tick.Marker = ticks
	p.Y.Tick.Length = 0
	p.Y.Min, p.Y.Max = -0.6, last+0.6
	widen(&p.X)
	f.panelHeight = 60 + 22*float64(len(rows))
	f.panels = [][]*plot.Plot{{p}}
	f.caption = fmt.Sprintf("What %s and its controls have over %s in %s, with %g %% intervals. The dashed line is the baseline.",
		b.systemName(g.treatment), b.systemName(g.baseline), title(b.headline), 100*b.table.Confidence)
	return f, nil
}
