package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Permutation returns the two-sided p value of approximate randomisation for
// paired differences: how often their mean is as far from 0 where each sign is
// drawn at random.
func Permutation(differences []float64, resampling Resampling) (float64, error) {
	r, err := resampling.complete()
	if err != nil {
		return 0, err
	}
	if _, err := rectangle("the differences", [][]float64{differences}); err != nil {
		return 0, err
	}
	return r.signFlips(differences), nil
}

func (r Resampling) signFlips(differences []float64) float64 {
	total, size := 0.0, 0.0
	for _, d := range differences {
		total += d
		size += math.Abs(d)
	}
	// A flip that gives the same sum in another order of rounding counts.
	threshold := math.Abs(total) - 1e-12*size
	sums := signedSums(differences)
	far := make([]bool, r.Resamples)
	r.blocks("signs", func(stream *rand.ChaCha8, from, to int) {
		for i := from; i < to; i++ {
			flipped := 0.0
			signs := uint64(0)
			for k := range sums {
				if k%8 == 0 {
					signs = stream.Uint64()
				}
				flipped += sums[k][signs&0xFF]
				signs >>= 8
			}
			far[i] = math.Abs(flipped) >= threshold
		}
	})
	count := 0
	for _, f := range far {
		if f {
			count++
		}
	}
	return float64(count+1) / float64(r.Resamples+1)
}

// signedSums returns, for each 8 differences, their sum under each choice of
// signs, a difference being negated where its bit is 1: a flip of all signs is
// then one look-up for each 8.
func signedSums(differences []float64) [][256]float64 {
	var sums [][256]float64
	for part := range slices.Chunk(differences, 8) {
		var of [256]float64
		for signs := range of {
			for k, d := range part {
				if signs>>k&1 != 0 {
					d = -d
				}
				of[signs] += d
			}
		}
		sums = append(sums, of)
	}
	return sums
}

// Holm corrects p values for being several (Holm 1979): each is multiplied by
// the number of those that are not smaller, and none falls below a smaller
// one's. The result is in the order of p; those at most α are significant
// while the chance of a single false one among all stays below α.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	corrected := make([]float64, len(p))
	highest := 0.0
	for rank, i := range order {
		highest = max(highest, min(1, p[i]*float64(len(p)-rank)))
		corrected[i] = highest
	}
	return corrected
}
