package metrics

import (
	"fmt"
	"math"
)

// Estimate is what a system scores.
type Estimate struct {
	// Value is the mean or, of ratios, the median.
	Value     float64
	Low, High float64 // the interval
	Examples  int
	Seeds     int
	// Warnings say which assumptions are not met.
	Warnings []string
}

// Mean estimates what a system scores from its scores [seed][example].
func Mean(scores [][]float64, scale Scale) (Estimate, error) {
	if _, err := rectangle("the system", scores); err != nil {
		return Estimate{}, fmt.Errorf("estimating a mean: %w", err)
	}
	t := cross(scores)
	e := Estimate{Value: t.mean, Examples: t.examples, Seeds: t.seeds}
	u := t.uncertainty()
	switch scale {
	case Ratio:
		e.Value, e.Low, e.High = median(scores)
	case Share:
		e.Low, e.High = wilson(t.mean, u, t.seeds, t.examples)
	default:
		e.Low, e.High = t.mean-u.width(), t.mean+u.width()
	}
	e.Warnings = warnings("these models", t.seeds, t.examples)
	if scale != Share && e.Low == e.High {
		e.Warnings = append(e.Warnings, "all scores are equal, so the interval has no width")
	}
	return e, nil
}

// Comparison says how system a differs from system b.
type Comparison struct {
	// MeanA and MeanB are the means by which the systems are compared; of
	// ratios, those of |ln ratio|.
	MeanA, MeanB float64
	// Difference is MeanA − MeanB, and Low and High its interval.
	Difference, Low, High float64
	// Tested says that both systems have at least [FewestSeeds] seeds. Without
	// it the interval is about these two models, over examples; there is no p.
	Tested bool
	// P is the two-sided p value, and Corrected the same after [Correct].
	P, Corrected float64
	// Examples and Seeds are the numbers compared; Seeds is that of the
	// system with fewer.
	Examples, Seeds int
	// Warnings say which assumptions are not met.
	Warnings []string
}

// Significant tells whether the systems differ: the rule of reports and commands,
// of tables, sentences and files. level is [Level] but where somebody chose
// another.
func (c Comparison) Significant(level float64) bool { return c.Tested && c.Corrected < level }

// Compare compares two systems on the same examples by their scores
// [seed][example]. With as many seeds in both, seed k of a is paired with seed
// k of b, whatever they share (such as the policy that both began with)
// falling out of the difference; otherwise the seeds of each are a sample of
// their own.
func Compare(a, b [][]float64, scale Scale) (Comparison, error) {
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
	return compare(scale.comparable(a), scale.comparable(b)), nil
}

// compare compares rectangles of scores.
func compare(a, b [][]float64) Comparison {
	ta, tb := cross(a), cross(b)
	var u uncertainty
	if len(a) == len(b) {
		differences := make([][]float64, len(a))
		for s := range a {
			differences[s] = subtract(a[s], b[s])
		}
		u = cross(differences).uncertainty()
	} else {
		u = uncertain(subtract(ta.byExample, tb.byExample), ta, tb)
	}
	c := Comparison{MeanA: ta.mean, MeanB: tb.mean, Difference: ta.mean - tb.mean, Examples: ta.examples, Seeds: min(ta.seeds, tb.seeds)}
	if math.Abs(c.Difference) <= rounding*(math.Abs(c.MeanA)+math.Abs(c.MeanB)) {
		c.Difference = 0
	}
	c.Low, c.High = c.Difference-u.width(), c.Difference+u.width()
	if c.Tested = c.Seeds >= FewestSeeds && c.Examples > 1; c.Tested {
		c.P = u.p(c.Difference)
		c.Corrected = c.P
	}
	c.Warnings = warnings("these two models", c.Seeds, c.Examples)
	if c.Low == c.High {
		c.Warnings = append(c.Warnings, "all differences are equal, so the interval has no width")
	}
	if len(a) != len(b) {
		c.Warnings = append(c.Warnings, fmt.Sprintf("a has %d seeds and b has %d, so seeds are not paired", len(a), len(b)))
	}
	return c
}

// rounding is the part of two numbers below which their difference is rounding
// only.
const rounding = 1e-12

// subtract takes b from a; what is rounding only becomes 0.
func subtract(a, b []float64) []float64 {
	differences := make([]float64, len(a))
	for i := range a {
		if d := a[i] - b[i]; math.Abs(d) > rounding*(math.Abs(a[i])+math.Abs(b[i])) {
			differences[i] = d
		}
	}
	return differences
}

// fewExamples is the number below which an interval over examples is not to be
// trusted: Student's t has skewed data covered in fewer than 95 % of cases.
const fewExamples = 30

// warnings are what numbers of seeds and examples leave to be said.
func warnings(models string, seeds, examples int) []string {
	var list []string
	if examples < fewExamples {
		list = append(list, fmt.Sprintf("only %s; an interval needs at least %d to be trusted", count(examples, "example"), fewExamples))
	}
	if seeds < FewestSeeds {
		list = append(list, fmt.Sprintf("%s: the interval is for %s, over examples, and says nothing of other training seeds; with fewer than %d, no difference is called significant", count(seeds, "seed"), models, FewestSeeds))
	}
	return list
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
