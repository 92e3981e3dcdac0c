package reports

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// rewardFigure shows the accuracies of the reward models by kind, one dot for
// each seed.
func (b *builder) rewardFigure() (figure, error) {
	f := figure{
		name:       "reward-accuracy",
		caption:    "Pairwise accuracy of the reward models on dev, one dot for each seed. Chance is 0.5.",
		panelWidth: 420,
	}
	models, kinds := b.rewardModels()
	if len(models) == 0 {
		return f, nil
	}
	f.panelHeight = 60 + float64(len(kinds))*max(18, 10*float64(len(models)))
	p := newPanel("Reward models", "accuracy", "")
	var ticks plot.ConstantTicks
	for i, k := range kinds {
		ticks = append(ticks, plot.Tick{Value: float64(len(kinds) - 1 - i), Label: k.String()})
	}
	lowest := 1.0
	for k, m := range models {
		style := lineStyle(b.style(m.labels[0]))
		var dots plotter.XYs
		for i, kind := range kinds {
			y := float64(len(kinds)-1-i) - 0.6*((float64(k)+0.5)/float64(len(models))-0.5)
			for _, a := range m.of[kind] {
				dots = append(dots, plotter.XY{X: a.Accuracy, Y: y})
				lowest = min(lowest, a.Accuracy)
			}
		}
		scatter, err := plotter.NewScatter(dots)
		if err != nil {
			return f, fmt.Errorf("drawing accuracies: %w", err)
		}
		scatter.GlyphStyle = draw.GlyphStyle{Color: style.Color, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}
		p.Add(scatter)
		f.legend = append(f.legend, legendEntry{name: strings.Join(m.labels, "; "), line: style})
	}
	p.Y.Tick.Marker = ticks
	p.Y.Tick.Length = 0
	p.Y.Min, p.Y.Max = -0.6, float64(len(kinds))-0.4
	p.X.Min, p.X.Max = math.Floor(lowest*20-0.2)/20, 1.003
	f.panels = [][]*plot.Plot{{p}}
	return f, nil
}
