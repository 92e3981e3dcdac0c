package reports

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"lastmile/runs"
)

// lengthFigure shows how long outputs and references are, in words as ROUGE
// counts them: raw in the upper row, post-processed in the lower one.
func (b *builder) lengthFigure() (figure, error) {
	f := figure{
		name:       "lengths",
		caption:    "Lengths in words (as ROUGE counts them) of references and outputs, all seeds together. The last place stands for that length and all above.",
		panelWidth: 260, panelHeight: 190,
	}
	references, lengths := b.texts.references, b.texts.lengths
	all := slices.Clone(references)
	for _, values := range lengths {
		all = append(all, values...)
	}
	if len(lengths) == 0 {
		return f, nil
	}
	// A few outputs that run on must not press the rest into a corner.
	slices.Sort(all)
	longest := max(all[len(all)*995/1000], 4)

	shown := map[string]bool{}
	for _, form := range []string{"raw", "post"} {
		var row []*plot.Plot
		for _, d := range b.decodings {
			p := newPanel(fmt.Sprintf("%s, %s", d.name, formName(form)), "words", "share of texts")
			if len(references) > 0 {
				filled, err := plotter.NewPolygon(outline(shares(references, longest)))
				if err != nil {
					return f, fmt.Errorf("drawing lengths: %w", err)
				}
				filled.Color, filled.LineStyle.Width = fillGrey, 0
				p.Add(filled)
			}
			drawn := false
			for _, l := range b.labels {
				values := lengths[runs.System{Label: l.name, Decode: d.name, Form: form}]
				if len(values) == 0 {
					continue
				}
				drawn, shown[l.name] = true, true
				line, err := plotter.NewLine(steps(shares(values, longest)))
				if err != nil {
					return f, fmt.Errorf("drawing lengths: %w", err)
				}
				line.LineStyle = lineStyle(b.style(l.name))
				line.LineStyle.Width = vg.Points(1.3)
				p.Add(line)
			}
			if !drawn {
				p = nil
			} else {
				p.Y.Min = 0
			}
			row = append(row, p)
		}
		if slices.ContainsFunc(row, func(p *plot.Plot) bool { return p != nil }) {
			f.panels = append(f.panels, row)
		}
	}
	if len(references) > 0 {
		f.legend = append(f.legend, legendEntry{name: "references", fill: color.Color(fillGrey)})
	}
	for _, l := range b.labels {
		if shown[l.name] {
			f.legend = append(f.legend, legendEntry{name: l.name, line: lineStyle(b.style(l.name))})
		}
	}
	return f, nil
}

// shares returns the share of the values that are 0, 1, … longest or more.
func shares(values []int, longest int) []float64 {
	result := make([]float64, longest+1)
	for _, v := range values {
		result[min(v, longest)] += 1 / float64(len(values))
	}
	return result
}

// steps is the line of a histogram whose bars are centred on whole numbers.
func steps(shares []float64) plotter.XYs {
	var points plotter.XYs
	for i, y := range shares {
		points = append(points, plotter.XY{X: float64(i) - 0.5, Y: y}, plotter.XY{X: float64(i) + 0.5, Y: y})
	}
	return points
}

// outline closes that line at the bottom.
func outline(shares []float64) plotter.XYs {
	points := plotter.XYs{{X: -0.5, Y: 0}}
	points = append(points, steps(shares)...)
	return append(points, plotter.XY{X: float64(len(shares)) - 0.5, Y: 0})
}
