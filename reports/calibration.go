package reports

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lastmile/reports/document"
	"lastmile/runs"
)

// calibrated are the pairs of reliability tables, as the store calls them and as
// reports do.
var calibrated = []struct{ pairs, name string }{
	{"trained", "negatives trained on"},
	{"left out", "negatives left out"},
	{beforeRL, "samples before RL"},
	{afterRL, "samples after RL"},
}

// bins are a reliability table over seeds: by bin the sums over pairs of the confidence
// and of how often it is right.
func bins(evaluations []runs.RunEvaluation, pairs string) (sums [10]runs.RewardBin, n int) {
	for _, e := range evaluations {
		for _, b := range e.Calibration {
			if b.Pairs == pairs {
				at := &sums[b.Bin]
				at.Confidence += float64(b.N) * b.Confidence
				at.Right += float64(b.N) * b.Right
				at.N += b.N
				n += b.N
			}
		}
	}
	return sums, n
}

// calibrationError is the expected calibration error of reward models: the mean over
// pairs of the distance, in their bin, between the confidence and the share that is
// right.
func calibrationError(sums [10]runs.RewardBin, n int) float64 {
	sum := 0.0
	for _, b := range sums {
		sum += math.Abs(b.Confidence-b.Right) / float64(n)
	}
	return sum
}

// calibrationTable says how far each label's reward models can be believed.
func (b *builder) calibrationTable() []document.Block {
	table := document.Table{
		Header: document.Row("reward model", "truth against", "pairs", "confidence", "right", "calibration error"),
		Align:  []document.Alignment{2: document.Right, 3: document.Right, 4: document.Right, 5: document.Right},
	}
	for _, l := range b.labels {
		of := b.evaluationsOf(l.name)
		for _, c := range calibrated {
			sums, n := bins(of, c.pairs)
			if n == 0 {
				continue
			}
			var confidence, right float64
			for _, bin := range sums {
				confidence, right = confidence+bin.Confidence/float64(n), right+bin.Right/float64(n)
			}
			table.Add(l.name, c.name, fmt.Sprint(n), number(confidence), number(right), number(calibrationError(sums, n)))
		}
	}
	if len(table.Rows) == 0 {
		return nil
	}
	return []document.Block{paragraph("How far the reward model can be believed: its confidence in the response that scores higher, by Bradley and Terry's model the logistic function of the margin, beside the share of pairs in which that response is the truth. The expected calibration error is the mean distance of the two in ten bins of confidence. Pairs are those of all seeds."), table}
}

// calibrationFigure is the reliability plot of each label's reward models.
func (b *builder) calibrationFigure() (figure, error) {
	f := figure{
		name:       "reward-calibration",
		caption:    "Reliability of the reward models, all seeds together: by confidence, the share of pairs in which the truth scores above. The grey line is perfect calibration; larger dots are more pairs.",
		panelWidth: 260, panelHeight: 220,
	}
	var panels []*plot.Plot
	for _, l := range b.labels {
		of := b.evaluationsOf(l.name)
		if len(of) == 0 {
			continue
		}
		p := newPanel(l.name, "confidence", "truth above")
		if err := addDiagonal(p); err != nil {
			return f, err
		}
		for i, c := range calibrated {
			if sums, n := bins(of, c.pairs); n > 0 {
				if err := addReliability(p, sums, n, lineStyle(i)); err != nil {
					return f, err
				}
			}
		}
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0.48, 1.02, -0.03, 1.03
		panels = append(panels, p)
	}
	if len(panels) == 0 {
		return f, nil
	}
	for i, c := range calibrated {
		f.legend = append(f.legend, legendEntry{name: c.name, line: lineStyle(i)})
	}
	f.panels = inRows(panels, 3)
	return f, nil
}

// addDiagonal draws where confidence and truth agree.
func addDiagonal(p *plot.Plot) error {
	line, err := plotter.NewLine(plotter.XYs{{X: 0.5, Y: 0.5}, {X: 1, Y: 1}})
	if err != nil {
		return fmt.Errorf("drawing calibration: %w", err)
	}
	line.LineStyle = draw.LineStyle{Color: color.NRGBA{0x99, 0x99, 0x99, 0xFF}, Width: vg.Points(1), Dashes: dashes[1]}
	p.Add(line)
	return nil
}

// addReliability draws a line through the bins, with dots whose area is the share of
// pairs in them.
func addReliability(p *plot.Plot, sums [10]runs.RewardBin, n int, style draw.LineStyle) error {
	var points plotter.XYs
	var sizes []vg.Length
	for _, b := range sums {
		if b.N > 0 {
			points = append(points, plotter.XY{X: b.Confidence / float64(b.N), Y: b.Right / float64(b.N)})
			sizes = append(sizes, vg.Points(1.5+5*math.Sqrt(float64(b.N)/float64(n))))
		}
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return fmt.Errorf("drawing calibration: %w", err)
	}
	line.LineStyle = style
	dots, err := plotter.NewScatter(points)
	if err != nil {
		return fmt.Errorf("drawing calibration: %w", err)
	}
	dots.GlyphStyleFunc = func(i int) draw.GlyphStyle {
		return draw.GlyphStyle{Color: style.Color, Radius: sizes[i], Shape: draw.CircleGlyph{}}
	}
	p.Add(line, dots)
	return nil
}
