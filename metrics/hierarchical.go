package metrics

import (
	"fmt"
	"math"
)

// table is scores by seed and example, with what intervals need of them.
type table struct {
	seeds, examples int
	mean            float64
	byExample       []float64 // means over seeds
	bySeed          []float64 // means over examples
	residual        float64   // variance of scores given example and seed; 0 for one seed
}

// newTable averages a rectangle of scores.
func newTable(scores [][]float64) table {
	t := table{seeds: len(scores), examples: len(scores[0])}
	t.byExample = make([]float64, t.examples)
	for _, row := range scores {
		t.bySeed = append(t.bySeed, mean(row))
		for i, x := range row {
			t.byExample[i] += x / float64(t.seeds)
		}
	}
	t.mean = mean(t.bySeed)
	if t.seeds > 1 && t.examples > 1 {
		sum := 0.0
		for s, row := range scores {
			for i, x := range row {
				e := x - t.byExample[i] - t.bySeed[s] + t.mean
				sum += e * e
			}
		}
		t.residual = sum / float64((t.seeds-1)*(t.examples-1))
	}
	return t
}

// seedDeviations resamples how far the mean over seeds strays, as the package
// comment has it.
func (r Resampling) seedDeviations(purpose string, t table) []float64 {
	v := variance(t.bySeed)
	own := v - t.residual/float64(t.examples)
	if v == 0 || own <= 0 {
		return nil
	}
	seeds := float64(t.seeds)
	c := math.Sqrt(own / v * seeds / (seeds - 1))
	if t.seeds > 2 {
		p := (1 + r.Confidence) / 2
		c *= studentQuantile(p, t.seeds-1) / normalQuantile(p)
	}
	deviations := r.means(purpose, t.bySeed)
	for i := range deviations {
		deviations[i] = c * (deviations[i] - t.mean)
	}
	return deviations
}

// interval returns the interval of the mean of means by example, with the
// deviations of seeds added: BCa without any seeds to draw, percentiles with
// them.
func (r Resampling) interval(byExample []float64, tables ...table) Interval {
	several := false
	for _, t := range tables {
		several = several || t.seeds > 1
	}
	if !several {
		return r.bca(byExample)
	}
	means := r.means("examples", byExample)
	for k, t := range tables {
		if t.seeds < 2 {
			continue
		}
		for i, d := range r.seedDeviations(fmt.Sprint("seeds ", k), t) {
			means[i] += d
		}
	}
	return r.percentile(means)
}

// rectangle checks that each seed has the same number of finite scores, and
// returns that number.
func rectangle(what string, scores [][]float64) (int, error) {
	if len(scores) == 0 || len(scores[0]) == 0 {
		return 0, fmt.Errorf("%s has no scores", what)
	}
	for s, row := range scores {
		if len(row) != len(scores[0]) {
			return 0, fmt.Errorf("%s: seed %d has %d examples, expected %d as the first one has", what, s+1, len(row), len(scores[0]))
		}
		for i, x := range row {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return 0, fmt.Errorf("%s: the score of seed %d, example %d is %v, expected a finite number", what, s+1, i+1, x)
			}
		}
	}
	return len(scores[0]), nil
}
