package reports

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lastmile/runs"
)

// panel says which curve a panel of the learning curves shows, and how its
// axis is called.
type panel struct{ curve, title, axis string }

var rlPanels = []panel{
	{"reward", "Reward", "mean reward of an update"},
	{"kl", "KL to the MLE policy", "nats per response"},
	{"score", "Score of the reward model", "mean score"},
	{"length", "Length", "tokens per response"},
	{"ended", "Ended", "share with end token"},
	{"entropy", "Entropy", "nats per token"},
}

// learningFigure shows what reinforcement learning did, update by update.
func (b *builder) learningFigure() (figure, error) {
	f := figure{
		name:       "learning-curves",
		caption:    "Learning curves of reinforcement learning: thin lines are seeds, thick lines their mean.",
		panelWidth: 260, panelHeight: 190,
	}
	var panels []*plot.Plot
	shown := map[string]bool{}
	for _, wanted := range rlPanels {
		p := newPanel(wanted.title, "update", wanted.axis)
		drawn := false
		for _, l := range b.labels {
			if l.algorithm == "mle" {
				continue
			}
			curves := b.curvesOf("rl", wanted.curve, "train", l.name)
			if len(curves) == 0 {
				continue
			}
			if err := addCurves(p, curves, lineStyle(b.style(l.name))); err != nil {
				return f, err
			}
			drawn, shown[l.name] = true, true
		}
		if drawn {
			if wanted.curve == "ended" {
				// A share that never changes would get an axis around it that
				// no share can reach.
				p.Y.Max = min(p.Y.Max, 1)
			}
			panels = append(panels, p)
		}
	}
	for _, l := range b.labels {
		if shown[l.name] {
			f.legend = append(f.legend, legendEntry{name: l.name, line: lineStyle(b.style(l.name))})
		}
	}
	f.panels = inRows(panels, 3)
	return f, nil
}

// lossPanels are the stages whose losses are shown.
var lossPanels = []panel{
	{"base", "Base model", "nats per token"},
	{"mle", "MLE", "nats per token"},
	{"reward", "Reward model", "loss"},
	{"rl", "MLE trained on", "nats per token"},
	{"scorer", "Learned scorer", "loss"},
}

// lossFigure shows the losses of the stages that follow a gradient of data. A
// stage that several runs share is drawn once.
func (b *builder) lossFigure() (figure, error) {
	f := figure{
		name:       "losses",
		caption:    "Losses: thin lines are training batches, thick lines dev. Colours tell seeds apart.",
		panelWidth: 260, panelHeight: 190,
	}
	var panels []*plot.Plot
	var seeds []int
	for _, wanted := range lossPanels {
		p := newPanel(wanted.title, "step", wanted.axis)
		drawn := map[string]bool{}
		for _, c := range b.curves {
			if c.Kind != wanted.curve || c.Name != "loss" || drawn[c.Stage+c.Split] {
				continue
			}
			drawn[c.Stage+c.Split] = true
			if !slices.Contains(seeds, c.Seed) {
				seeds = append(seeds, c.Seed)
			}
			style := lineStyle(slices.Index(seeds, c.Seed))
			if c.Split == "train" {
				style = faint(style)
			}
			if err := addLine(p, c.Steps, c.Values, style); err != nil {
				return f, err
			}
		}
		if len(drawn) > 0 {
			panels = append(panels, p)
		}
	}
	for i, seed := range seeds {
		f.legend = append(f.legend, legendEntry{name: fmt.Sprintf("seed %d", seed), line: lineStyle(i)})
	}
	f.panels = inRows(panels, 3)
	return f, nil
}

// curvesOf returns the curves of a label's runs, one for each seed.
func (b *builder) curvesOf(kind, name, split, label string) []runs.Curve {
	var found []runs.Curve
	for _, c := range b.curves {
		if c.Kind == kind && c.Name == name && c.Split == split && c.Label == label {
			found = append(found, c)
		}
	}
	return found
}

// addCurves draws each curve thinly and their mean, where they all have a
// value, thickly.
func addCurves(p *plot.Plot, curves []runs.Curve, style draw.LineStyle) error {
	sums, counts := map[int]float64{}, map[int]int{}
	for _, c := range curves {
		if len(curves) > 1 {
			if err := addLine(p, c.Steps, c.Values, faint(style)); err != nil {
				return err
			}
		}
		for i, step := range c.Steps {
			sums[step] += c.Values[i]
			counts[step]++
		}
	}
	var steps []int
	for step, n := range counts {
		if n == len(curves) {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	var means []float64
	for _, step := range steps {
		means = append(means, sums[step]/float64(len(curves)))
	}
	return addLine(p, steps, means, style)
}

// addLine draws one line.
func addLine(p *plot.Plot, steps []int, values []float64, style draw.LineStyle) error {
	if len(steps) == 0 {
		return nil
	}
	points := make(plotter.XYs, len(steps))
	for i := range steps {
		points[i] = plotter.XY{X: float64(steps[i]), Y: values[i]}
	}
	if len(points) == 1 {
		dot, err := plotter.NewScatter(points)
		if err != nil {
			return fmt.Errorf("drawing a curve: %w", err)
		}
		dot.GlyphStyle = draw.GlyphStyle{Color: style.Color, Radius: vg.Points(2), Shape: draw.CircleGlyph{}}
		p.Add(dot)
		return nil
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return fmt.Errorf("drawing a curve: %w", err)
	}
	line.LineStyle = style
	p.Add(line)
	return nil
}

// inRows lays panels out in rows of at most n.
func inRows(panels []*plot.Plot, n int) [][]*plot.Plot {
	if len(panels) == 0 {
		return nil
	}
	n = min(n, len(panels))
	var rows [][]*plot.Plot
	for row := range slices.Chunk(panels, n) {
		full := make([]*plot.Plot, n)
		copy(full, row)
		rows = append(rows, full)
	}
	return rows
}
