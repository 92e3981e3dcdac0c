package metrics

import (
	"fmt"
	"math"
)

// FewestSeeds is the number of training seeds from which on a difference is
// tested. One or two models say next to nothing of others.
const FewestSeeds = 3

// crossed is scores by seed and example, each seed with the same examples, and
// their means.
type crossed struct {
	seeds, examples int
	mean            float64
	byExample       []float64 // means over seeds
	bySeed          []float64 // means over examples
	residual        float64   // variance of scores given example and seed; 0 for one seed
}

// cross averages a rectangle of scores.
func cross(scores [][]float64) crossed {
	t := crossed{seeds: len(scores), examples: len(scores[0])}
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

// uncertainty is that of the mean over seeds and examples, both drawn at random;
// with fewer than [FewestSeeds], that over examples alone.
func (t crossed) uncertainty() uncertainty { return uncertain(t.byExample, t) }

// uncertain is the uncertainty of the mean of means by example, to which the
// tables contribute their seeds.
func uncertain(byExample []float64, tables ...crossed) uncertainty {
	if len(byExample) < 2 {
		return nil
	}
	n := float64(len(byExample))
	examples := part{variance(byExample) / n, n - 1}
	seeds := math.MaxInt
	for _, t := range tables {
		seeds = min(seeds, t.seeds)
	}
	if seeds < FewestSeeds {
		return uncertainty{examples}
	}
	u := uncertainty{}
	for _, t := range tables {
		// The means by example hold the noise of each score too, which those by
		// seed have counted.
		s := float64(t.seeds)
		examples.variance -= t.residual / (n * s)
		u = append(u, part{variance(t.bySeed) / s, s - 1})
	}
	examples.variance = max(0, examples.variance)
	return append(u, examples)
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

func mean(values []float64) float64 {
	sum := 0.0
	for _, x := range values {
		sum += x
	}
	return sum / float64(len(values))
}

// variance is the sample variance, with n − 1 below.
func variance(values []float64) float64 {
	m := mean(values)
	sum := 0.0
	for _, x := range values {
		sum += (x - m) * (x - m)
	}
	return sum / float64(len(values)-1)
}
