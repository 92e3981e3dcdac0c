package metrics

import (
	"math"
	"slices"
)

// Interval is a confidence interval.
type Interval struct {
	Low, High float64
}

// Bootstrap returns the BCa interval of the mean of the values.
func Bootstrap(values []float64, resampling Resampling) (Interval, error) {
	r, err := resampling.complete()
	if err != nil {
		return Interval{}, err
	}
	if _, err := rectangle("the sample", [][]float64{values}); err != nil {
		return Interval{}, err
	}
	return r.bca(values), nil
}

// PercentileBootstrap returns the percentile interval of the mean of the
// values.
func PercentileBootstrap(values []float64, resampling Resampling) (Interval, error) {
	r, err := resampling.complete()
	if err != nil {
		return Interval{}, err
	}
	if _, err := rectangle("the sample", [][]float64{values}); err != nil {
		return Interval{}, err
	}
	return r.percentile(r.means("examples", values)), nil
}

// percentile returns the middle of the resampled means. It sorts them.
func (r Resampling) percentile(means []float64) Interval {
	slices.Sort(means)
	tail := (1 - r.Confidence) / 2
	return Interval{quantile(means, tail), quantile(means, 1-tail)}
}

// bca returns the bias-corrected and accelerated interval.
func (r Resampling) bca(values []float64) Interval {
	m := mean(values)
	var squares, cubes float64
	for _, x := range values {
		d := x - m
		squares += d * d
		cubes += d * d * d
	}
	if squares == 0 {
		return Interval{m, m}
	}
	means := r.means("examples", values)
	below := 0.0
	for _, x := range means {
		if x < m {
			below++
		} else if x == m {
			below += 0.5
		}
	}
	z0 := normalQuantile(below / float64(len(means)))
	if math.IsInf(z0, 0) {
		return r.percentile(means)
	}
	acceleration := cubes / (6 * math.Pow(squares, 1.5))
	z := normalQuantile((1 + r.Confidence) / 2)
	at := func(z float64) float64 {
		return normalCDF(z0 + (z0+z)/(1-acceleration*(z0+z)))
	}
	if math.Abs(acceleration)*(math.Abs(z0)+z) >= 1 {
		return r.percentile(means) // too skewed for the formula to hold
	}
	slices.Sort(means)
	return Interval{quantile(means, at(-z)), quantile(means, at(z))}
}

// quantile interpolates between sorted values as numpy does.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-2)
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
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

func normalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// studentQuantile is the quantile of Student's t for p of at least one half.
func studentQuantile(p float64, freedom int) float64 {
	low, high := 0.0, 1.0
	for studentCDF(high, freedom) < p {
		high *= 2
	}
	for range 100 {
		middle := (low + high) / 2
		if studentCDF(middle, freedom) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// studentCDF sums the finite series for whole degrees of freedom (Abramowitz
// and Stegun 1964, 26.7.3 and 26.7.4).
func studentCDF(t float64, freedom int) float64 {
	theta := math.Atan(t / math.Sqrt(float64(freedom)))
	sin, cos := math.Sincos(theta)
	odd := freedom%2 == 1
	term, sum := 1.0, 0.0
	first := 2
	if odd {
		term, first = cos, 3
	}
	for k := first; k <= freedom; k += 2 {
		sum += term
		term *= cos * cos * float64(k-1) / float64(k)
	}
	if odd {
		return 0.5 + (theta+sin*sum)/math.Pi
	}
	return 0.5 + sin*sum/2
}
