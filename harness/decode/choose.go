package decode

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// choose draws a token by inversion of the distribution function, from all
// tokens or from those that top-k and then top-p leave.
func choose(stream *rand.Rand, probabilities []float32, topK int, topP float64) int {
	u := stream.Float64()
	if topK == 0 && topP >= 1 {
		return invert(u, len(probabilities), func(i int) float64 { return float64(probabilities[i]) })
	}
	order := likeliest(probabilities, topK, topP)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(probabilities[b], probabilities[a]) })
	if topK > 0 && topK < len(order) {
		order = order[:topK]
	}
	total := 0.0
	for _, i := range order {
		total += float64(probabilities[i])
	}
	if topP < 1 {
		sum := 0.0
		for n, i := range order {
			sum += float64(probabilities[i])
			if sum >= topP*total {
				order = order[:n+1]
				break
			}
		}
	}
	return order[invert(u, len(order), func(i int) float64 { return float64(probabilities[order[i]]) })]
}

// likeliest are the tokens above some probability, in their order, which hold
// all that top-k and top-p may leave: to sort a whole vocabulary for each token
// would take longer than a step of a small model.
func likeliest(probabilities []float32, topK int, topP float64) []int {
	total := 0.0
	for _, p := range probabilities {
		total += float64(p)
	}
	for least := float64(slices.Max(probabilities)) / 256; ; least /= 256 {
		var above []int
		sum := 0.0
		for i, p := range probabilities {
			if float64(p) >= least {
				above = append(above, i)
				sum += float64(p)
			}
		}
		enough := topK > 0 && len(above) >= topK || topK == 0 && sum >= topP*total
		if enough || len(above) == len(probabilities) || least == 0 {
			return above
		}
	}
}

// invert is the first index at which the running sum of the weights passes
// the share u of their total.
func invert(u float64, n int, weight func(int) float64) int {
	total := 0.0
	for i := range n {
		total += weight(i)
	}
	sum := 0.0
	for i := range n {
		if sum += weight(i); sum > u*total {
			return i
		}
	}
	return n - 1
}
