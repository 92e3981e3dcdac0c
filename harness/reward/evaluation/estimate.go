package evaluation

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Estimate is a value over prompts with its 95 % interval.
type Estimate struct {
	Value float64 `json:"value"`
	// Low and High are the bounds of the interval; nil with fewer than two prompts.
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
	// N is the number of prompts.
	N int `json:"n"`
}

// mean is that of values of prompts; 0 of none.
func mean(values []float64) Estimate {
	ones := make([]float64, len(values))
	for i := range ones {
		ones[i] = 1
	}
	return ratio(values, ones)
}

// ratio is the sum of parts over that of wholes, both by prompt. Its variance is that of
// the ratio estimator for clusters (Cochran 1977, section 6.3), linearised: that of the
// mean where all wholes are 1.
func ratio(parts, wholes []float64) Estimate {
	part, whole := 0.0, 0.0
	for i := range parts {
		part += parts[i]
		whole += wholes[i]
	}
	e := Estimate{N: len(parts)}
	if whole == 0 {
		return e
	}
	e.Value = part / whole
	if e.N < 2 {
		return e
	}
	square := 0.0
	for i := range parts {
		d := parts[i] - e.Value*wholes[i]
		square += d * d
	}
	n := float64(e.N)
	half := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * math.Sqrt(n/(n-1)*square) / whole
	low, high := e.Value-half, e.Value+half
	e.Low, e.High = &low, &high
	return e
}
