package metrics

import "math"

// wilson is the interval of a share (Wilson 1927), for scores that come in seeds
// and examples: the number of draws is that of independent ones which would be as
// uncertain, share·(1 − share)/variance, after the design effect of surveys (Kish
// 1965). Where all scores are the same, the examples count, and no seed.
func wilson(share float64, u uncertainty, seeds, examples int) (low, high float64) {
	n, z := float64(examples), 0.0
	if v := u.variance(); v > 0 && share > 0 && share < 1 {
		n, z = min(share*(1-share)/v, float64(seeds*examples)), u.quantile(1-Confidence)
	} else {
		z = studentTail(1-Confidence, max(1, n-1))
	}
	center := (share + z*z/(2*n)) / (1 + z*z/n)
	width := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return max(0, min(share, center-width)), min(1, max(share, center+width))
}
