package metrics

import (
	"fmt"
	"math"
)

// Estimate is a system's mean score.
type Estimate struct {
	Mean      float64
	Low, High float64 // the interval
	Examples  int
	Seeds     int
	// Warnings say which assumptions are not met.
	Warnings []string
}

// Mean estimates a system's mean from its scores [seed][example].
func Mean(scores [][]float64, resampling Resampling) (Estimate, error) {
	r, err := resampling.complete()
	if err != nil {
		return Estimate{}, err
	}
	if _, err := rectangle("the system", scores); err != nil {
		return Estimate{}, fmt.Errorf("estimating a mean: %w", err)
	}
	t := newTable(scores)
	i := r.interval(t.byExample, t)
	return Estimate{
		Mean: t.mean, Low: i.Low, High: i.High,
		Examples: t.examples, Seeds: t.seeds,
		Warnings: warnings(t.byExample, "scores", t.seeds),
	}, nil
}

// Comparison says how system a differs from system b.
type Comparison struct {
	MeanA, MeanB float64
	// Difference is MeanA − MeanB, and Low and High its interval.
	Difference, Low, High float64
	// P is the two-sided p value of approximate randomisation over examples.
	P float64
	// Examples and Seeds are the numbers compared; Seeds is that of the
	// system with fewer.
	Examples, Seeds int
	// Wins, Ties and Losses count examples by the sign of a's score minus
	// b's, averaged over seeds. Where lower scores are better, a win is bad.
	Wins, Ties, Losses int
	// Warnings say which assumptions are not met.
	Warnings []string
}

// Compare compares two systems on the same examples by their scores
// [seed][example]. With as many seeds in both, seed k of a is paired with seed
// k of b, whatever they share (such as the policy that both began with)
// falling out of the difference; otherwise the seeds of each are drawn by
// themselves.
func Compare(a, b [][]float64, resampling Resampling) (Comparison, error) {
	r, err := resampling.complete()
	if err != nil {
		return Comparison{}, err
	}
	examples, err := rectangle("system a", a)
	if err != nil {
		return Comparison{}, fmt.Errorf("comparing two systems: %w", err)
	}
	examplesB, err := rectangle("system b", b)
	if err != nil {
		return Comparison{}, fmt.Errorf("comparing two systems: %w", err)
	}
	if examples != examplesB {
		return Comparison{}, fmt.Errorf("comparing two systems: a has %d examples and b has %d, expected the same examples", examples, examplesB)
	}
	ta, tb := newTable(a), newTable(b)
	differences := subtract(ta.byExample, tb.byExample)

	var i Interval
	if len(a) == len(b) {
		paired := make([][]float64, len(a))
		for s := range a {
			paired[s] = subtract(a[s], b[s])
		}
		i = r.interval(differences, newTable(paired))
	} else {
		i = r.interval(differences, ta, tb)
	}
	c := Comparison{
		MeanA: ta.mean, MeanB: tb.mean,
		Difference: ta.mean - tb.mean, Low: i.Low, High: i.High,
		P:        r.signFlips(differences),
		Examples: examples, Seeds: min(len(a), len(b)),
	}
	for _, d := range differences {
		switch {
		case d > 0:
			c.Wins++
		case d < 0:
			c.Losses++
		default:
			c.Ties++
		}
	}
	c.Warnings = warnings(differences, "differences", c.Seeds)
	if len(a) != len(b) {
		c.Warnings = append(c.Warnings, fmt.Sprintf("a has %d seeds and b has %d, so seeds are not paired", len(a), len(b)))
	}
	return c, nil
}

// subtract takes b from a; what is rounding only becomes 0.
func subtract(a, b []float64) []float64 {
	differences := make([]float64, len(a))
	for i := range a {
		if d := a[i] - b[i]; math.Abs(d) > 1e-12*(math.Abs(a[i])+math.Abs(b[i])) {
			differences[i] = d
		}
	}
	return differences
}

// fewExamples is the number below which an interval over examples is not to be
// trusted: at 30, normal data are covered in about 94 % of cases instead of
// 95 %, skewed data in fewer.
const fewExamples = 30

func warnings(values []float64, what string, seeds int) []string {
	list := few(len(values))
	same := true
	for _, x := range values {
		same = same && x == values[0]
	}
	if same {
		list = append(list, fmt.Sprintf("all %s are equal, so the interval has no width", what))
	}
	switch seeds {
	case 1:
		list = append(list, "1 seed: the interval speaks of other examples, not of other seeds")
	case 2:
		list = append(list, "2 seeds: the interval covers other examples and the two seeds seen, not reliably another seed")
	}
	return list
}

// few warns of an interval over too few examples.
func few(examples int) []string {
	if examples >= fewExamples {
		return nil
	}
	return []string{fmt.Sprintf("only %s; an interval needs at least %d to be trusted", count(examples, "example"), fewExamples)}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
