package reports

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lastmile/runs"
)

// courseFigure shows what a metric of dev came to as the policy went away from the MLE
// policy, after Gao et al. (2023): over the square root of the KL, with best-of-n on the
// same axes.
func (b *builder) courseFigure() (figure, error) {
	f := figure{name: "over-optimisation", panelWidth: 400, panelHeight: 260}
	courses := b.courses()
	var names []string
	for _, c := range courses {
		if !slices.Contains(names, c.metric) {
			names = append(names, c.metric)
		}
	}
	var panels []*plot.Plot
	shown := map[string]bool{}
	initial, chosen := false, false
	for _, metric := range names {
		p := newPanel(title(metric)+arrow(ownDirection(metric))+" on dev", "√KL to the MLE policy, KL in nats per response", title(metric))
		drawn := false
		for _, c := range courses {
			if c.metric != metric {
				continue
			}
			lines := b.overKL(c)
			if len(lines) == 0 {
				continue
			}
			style := lineStyle(b.style(c.label))
			if len(lines) > 2 { // two seeds or more, and their mean
				for _, line := range lines[1:] {
					if err := addPath(p, line, faint(style)); err != nil {
						return f, err
					}
				}
			}
			if err := addPath(p, lines[0], style); err != nil {
				return f, err
			}
			drawn, shown[c.label] = true, true
			initial = initial || c.steps[0] == 0
		}
		if !drawn {
			continue
		}
		points := b.bestOfN(metric)
		if len(points.XYs) > 0 {
			chosen = true
			if err := addPoints(p, points); err != nil {
				return f, err
			}
		}
		widen(&p.X)
		widen(&p.Y)
		panels = append(panels, p)
	}
	for _, l := range b.labels {
		if shown[l.name] {
			f.legend = append(f.legend, legendEntry{name: l.name, line: lineStyle(b.style(l.name))})
		}
	}
	f.caption = "Metrics of dev against the KL of the samples to the MLE policy, update by update: thin lines are seeds, thick lines their mean."
	if initial {
		f.caption += " At 0 is the initial policy."
	}
	if chosen {
		f.caption += " Triangles are the best of n samples of the baseline, by test scores, at its KL, ln n − (n−1)/n."
	}
	f.panels = inRows(panels, 2)
	return f, nil
}

// overKL is a course over √KL: first the mean over seeds, then the seeds. The KL after
// an update is that of the samples for the next one, or of its own where it is the last;
// after none it is 0.
func (b *builder) overKL(c course) []plotter.XYs {
	steps, kl := aligned(b.curvesOf(policyKinds, "kl", "train", c.label))
	if len(kl) != len(c.values) {
		return nil
	}
	var indices, at []int // of the course's steps that have a KL, and where it is
	for i, step := range c.steps {
		k := slices.Index(steps, step+1)
		if k < 0 {
			k = slices.Index(steps, step)
		}
		if step == 0 || k >= 0 {
			indices, at = append(indices, i), append(at, k)
		}
	}
	if len(indices) == 0 {
		return nil
	}
	mean := make(plotter.XYs, len(indices))
	lines := []plotter.XYs{mean}
	for s, values := range c.values {
		line := make(plotter.XYs, len(indices))
		for n, i := range indices {
			x := 0.0
			if c.steps[i] > 0 {
				x = kl[s][at[n]]
			}
			line[n] = plotter.XY{X: math.Sqrt(max(0, x)), Y: values[i]}
			mean[n].X += max(0, x) / float64(len(c.values))
			mean[n].Y += values[i] / float64(len(c.values))
		}
		lines = append(lines, line)
	}
	for n := range mean {
		mean[n].X = math.Sqrt(mean[n].X)
	}
	return lines
}

// bestOfN are the baselines' raw outputs that are the best of n samples, by a metric
// over √KL.
func (b *builder) bestOfN(metric string) plotter.XYLabels {
	var points plotter.XYLabels
	for _, d := range b.decodings {
		if d.Strategy != "best-of-n" {
			continue
		}
		for _, baseline := range b.baselines {
			cell := b.table.cell(runs.System{Label: baseline, Decode: d.name, Form: "raw"}, metric)
			if cell == nil || cell.Score == nil {
				continue
			}
			name := fmt.Sprintf("best of %d", d.candidates())
			if d.isOracle() {
				name += " (oracle)"
			}
			points.XYs = append(points.XYs, plotter.XY{X: math.Sqrt(bestOfNKL(d.candidates())), Y: cell.Score.Value})
			points.Labels = append(points.Labels, name)
		}
	}
	return points
}

// bestOfNKL is the KL of the best of n samples to the policy that draws them, in nats: ln
// n − (n−1)/n, which it does not exceed (Beirami et al. 2024).
func bestOfNKL(n int) float64 { return math.Log(float64(n)) - float64(n-1)/float64(n) }

// addPath draws a line through points, and a dot at each.
func addPath(p *plot.Plot, points plotter.XYs, style draw.LineStyle) error {
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return fmt.Errorf("drawing a curve: %w", err)
	}
	line.LineStyle = style
	dots.GlyphStyle = draw.GlyphStyle{Color: style.Color, Radius: style.Width, Shape: draw.CircleGlyph{}}
	p.Add(line, dots)
	return nil
}

// addPoints draws points with their names.
func addPoints(p *plot.Plot, points plotter.XYLabels) error {
	scatter, err := plotter.NewScatter(points.XYs)
	if err != nil {
		return fmt.Errorf("drawing points: %w", err)
	}
	scatter.GlyphStyle = draw.GlyphStyle{Color: color.Color(ink), Radius: vg.Points(3.5), Shape: draw.PyramidGlyph{}}
	labels, err := plotter.NewLabels(points)
	if err != nil {
		return fmt.Errorf("naming points: %w", err)
	}
	for i := range labels.TextStyle {
		labels.TextStyle[i] = textStyle(smallSize, false)
		labels.TextStyle[i].XAlign = draw.XCenter
	}
	labels.Offset = vg.Point{Y: vg.Points(7)}
	p.Add(scatter, labels)
	return nil
}
