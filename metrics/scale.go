package metrics

import "math"

// Scale is what kind of number a metric gives, which decides how many of them
// are made one, and how two systems are compared.
type Scale int

const (
	// Amount is any number. Systems have means, and are compared by them.
	Amount Scale = iota
	// Share is 0 or 1: the mean is a share of the texts, its interval Wilson's.
	Share
	// Ratio has its best value at 1 and a long tail above. Systems have medians,
	// and are compared by how far they are from 1, the mean of |ln ratio|.
	Ratio
)

// ScaleOf returns the scale of a metric by its name. A metric made elsewhere is an
// amount.
func ScaleOf(metric string) Scale {
	m, err := New(metric, DefaultOptions())
	if err != nil {
		return Amount
	}
	if m.Direction() == CloserToOne {
		return Ratio
	}
	if b, ok := m.(builtin); ok && b.share {
		return Share
	}
	return Amount
}

// Summary names what [Mean] gives of a system: "mean", "share" or "median".
func (s Scale) Summary() string {
	return [...]string{"mean", "share", "median"}[s]
}

// Compared names what [Compare] gives of both systems: "mean", "share" or
// "mean |ln ratio|".
func (s Scale) Compared() string {
	if s == Ratio {
		return "mean |ln ratio|"
	}
	return s.Summary()
}

// farthest bounds the ratios that are compared: 1/20 and 20. An empty text, whose
// logarithm has no end, counts as half a word beside ten.
var farthest = math.Log(20)

// fromOne is how far a ratio is from 1: |ln ratio|, within bounds.
func fromOne(ratio float64) float64 {
	if ratio <= 0 {
		return farthest
	}
	return min(farthest, math.Abs(math.Log(ratio)))
}

// comparable are the scores by which systems are compared.
func (s Scale) comparable(scores [][]float64) [][]float64 {
	if s != Ratio {
		return scores
	}
	distances := make([][]float64, len(scores))
	for k, row := range scores {
		distances[k] = make([]float64, len(row))
		for i, ratio := range row {
			distances[k][i] = fromOne(ratio)
		}
	}
	return distances
}

// Better tells what a difference between two systems, as [Compare] gives it, says
// of the first by a metric of that direction: 1 where it is better, −1 where it is
// worse, 0 where it is neither.
func (d Direction) Better(difference float64) int {
	sign := 0
	if difference > 0 {
		sign = 1
	} else if difference < 0 {
		sign = -1
	}
	switch d {
	case Higher:
		return sign
	case Lower, CloserToOne:
		return -sign
	}
	return 0
}
