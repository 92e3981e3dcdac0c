package decode

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// fromAll reports whether top-k and top-p leave all tokens.
func fromAll(topK int, topP float64) bool { return topK == 0 && topP >= 1 }

// choose draws a token by inversion of the distribution function, from all
// tokens or from those that top-k and then top-p leave.
func choose(stream *rand.Rand, probabilities []float32, topK int, topP float64) int {
	u := stream.Float64()
	if fromAll(topK, topP) {
		return invert(u, probabilities)
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
	kept := make([]float32, len(order))
	for n, i := range order {
		kept[n] = probabilities[i]
	}
	return order[invert(u, kept)]
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

// part is how many weights invert adds up one after the other.
const part = 256

// invert is the first index at which the running sum of the weights passes
// the share u of their total. The sum is taken in parts, four at a time, which
// need not wait for each other's additions.
func invert(u float64, weights []float32) int {
	sums := make([]float64, (len(weights)+part-1)/part)
	n := 0
	for ; (n+4)*part <= len(weights); n += 4 {
		w := weights[n*part : (n+4)*part]
		a, b, c, d := w[:part], w[part:2*part], w[2*part:3*part], w[3*part:4*part]
		var sa, sb, sc, sd float64
		for i := range part {
			sa += float64(a[i])
			sb += float64(b[i])
			sc += float64(c[i])
			sd += float64(d[i])
		}
		sums[n], sums[n+1], sums[n+2], sums[n+3] = sa, sb, sc, sd
	}
	for ; n < len(sums); n++ {
		for _, w := range weights[n*part : min(len(weights), (n+1)*part)] {
			sums[n] += float64(w)
		}
	}
	total := 0.0
	for _, sum := range sums {
		total += sum
	}
	before := 0.0
	for n, sum := range sums {
		if before+sum <= u*total {
			before += sum
			continue
		}
		within := 0.0
		for i := n * part; ; i++ {
			if within += float64(weights[i]); before+within > u*total {
				return i
			}
		}
	}
	return len(weights) - 1
}
