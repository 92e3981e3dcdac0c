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

// The kinds of the stages that train after MLE, by today's name and by that
// of older stores.
var (
	policyKinds      = []string{"policy", "rl"}
	rewardModelKinds = []string{"reward_model", "reward"}
)

// wantedCurves names the curves that are shown: all of the training after MLE,
// whose rewards have names of their own and whose metrics of dev have theirs, and the
// losses of the rest.
func wantedCurves() []runs.CurveName {
	wanted := []runs.CurveName{{Name: "loss"}}
	for _, kind := range policyKinds {
		wanted = append(wanted, runs.CurveName{Kind: kind, Split: "train"}, runs.CurveName{Kind: kind, Split: "dev"})
	}
	return wanted
}

// curvesOf returns the curves of a label's runs by that name, one for each
// seed, from stages of one of the kinds.
func (b *builder) curvesOf(kinds []string, name, split, label string) []runs.Curve {
	var found []runs.Curve
	for _, c := range b.curves {
		if slices.Contains(kinds, c.Kind) && c.Name == name && c.Split == split && c.Label == label {
			found = append(found, c)
		}
	}
	return found
}

// addCurves draws each curve thinly and their mean, where they all have a
// value, thickly.
func addCurves(p *plot.Plot, curves []runs.Curve, style draw.LineStyle) error {
	if len(curves) > 1 {
		for _, c := range curves {
			if err := addLine(p, c.Steps, c.Values, faint(style)); err != nil {
				return err
			}
		}
	}
	steps, values := aligned(curves)
	means := make([]float64, len(steps))
	for _, of := range values {
		for i, v := range of {
			means[i] += v
		}
	}
	for i := range means {
		means[i] /= float64(len(curves))
	}
	return addLine(p, steps, means, style)
}

// aligned are the steps at which all curves have a value, in order, and the values
// [curve][step].
func aligned(curves []runs.Curve) (steps []int, values [][]float64) {
	counts := map[int]int{}
	for _, c := range curves {
		for _, step := range c.Steps {
			counts[step]++
		}
	}
	for step, n := range counts {
		if n == len(curves) {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	values = make([][]float64, len(curves))
	for k, c := range curves {
		for i, step := range c.Steps {
			if counts[step] == len(curves) {
				values[k] = append(values[k], c.Values[i])
			}
		}
	}
	return steps, values
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
