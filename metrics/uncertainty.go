package metrics

import "math"

// Confidence is that of all intervals.
const Confidence = 0.95

// Level is below what a p value, corrected where it is one of several, is called
// significant.
const Level = 1 - Confidence

// part is a part of the variance of a mean, estimated with so many degrees of
// freedom.
type part struct{ variance, freedom float64 }

// uncertainty is how far a mean may be from the true one: the parts of its
// variance.
type uncertainty []part

// variance is the squared standard error of the mean.
func (u uncertainty) variance() float64 {
	sum := 0.0
	for _, p := range u {
		sum += p.variance
	}
	return sum
}

// quantile is the number of standard errors beyond which a mean strays, on
// either side together, with the probability alpha: the mean of Student's
// quantiles of the parts, weighted by the parts (Cochran and Cox 1950).
//
// Satterthwaite's (1946) degrees of freedom, which are the other way to make one
// quantile of several, are a function of the same estimates. With three seeds
// they are many just where the seeds happen to agree and the standard error is
// too small, so that 6 to 8 % of true nulls come out significant instead of 5.
func (u uncertainty) quantile(alpha float64) float64 {
	sum, total := 0.0, 0.0
	for _, p := range u {
		if p.variance > 0 {
			sum += p.variance * studentTail(alpha, p.freedom)
			total += p.variance
		}
	}
	return sum / total
}

// width is half of that of the interval.
func (u uncertainty) width() float64 {
	v := u.variance()
	if v == 0 {
		return 0
	}
	return math.Sqrt(v) * u.quantile(1-Confidence)
}

// smallestP is the p below which nobody asks.
const smallestP = 1e-12

// p is the two-sided p value of a mean so far from what is tested: the alpha
// whose interval ends there.
func (u uncertainty) p(distance float64) float64 {
	distance = math.Abs(distance)
	v := u.variance()
	switch {
	case distance == 0:
		return 1
	case v == 0:
		return 0
	}
	wanted := distance / math.Sqrt(v)
	low, high := math.Log(smallestP), 0.0
	for range 27 { // seven digits
		middle := (low + high) / 2
		if u.quantile(math.Exp(middle)) > wanted {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Exp(high)
}
