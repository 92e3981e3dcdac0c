// Package correlation says how well two lists of numbers agree. Lists are of the same
// length; where one of the two does not vary, nothing can be told, and it is 0.
package correlation

import (
	"cmp"
	"math"
	"slices"
)

// Pearson is Pearson's r; 0 where one of the two does not vary.
func Pearson(x, y []float64) float64 {
	n := float64(len(x))
	var mx, my float64
	for i := range x {
		mx += x[i] / n
		my += y[i] / n
	}
	var xx, xy, yy float64
	for i := range x {
		xx += (x[i] - mx) * (x[i] - mx)
		xy += (x[i] - mx) * (y[i] - my)
		yy += (y[i] - my) * (y[i] - my)
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

// Spearman is Spearman's rho: Pearson's r of the ranks, equal values sharing their mean;
// 0 where one of the two does not vary.
func Spearman(x, y []float64) float64 { return Pearson(ranks(x), ranks(y)) }

// ranks are the places of the values in order, equal ones sharing their mean.
func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	out := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+to-1) / 2
		}
		from = to
	}
	return out
}
