package metrics

import "slices"

// median is that of all scores, with Woodruff's (1952) interval: the quantiles at
// the ends of the interval of the share of scores that are not above it.
func median(scores [][]float64) (middle, low, high float64) {
	all := slices.Concat(scores...)
	slices.Sort(all)
	middle = quantile(all, 0.5)
	below := make([][]float64, len(scores))
	for s, row := range scores {
		below[s] = make([]float64, len(row))
		for i, x := range row {
			switch {
			case x < middle:
				below[s][i] = 1
			case x == middle:
				below[s][i] = 0.5
			}
		}
	}
	width := cross(below).uncertainty().width()
	return middle, quantile(all, max(0, 0.5-width)), quantile(all, min(1, 0.5+width))
}

// quantile interpolates between sorted values as numpy does.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 1 {
		return sorted[0]
	}
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-2)
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
