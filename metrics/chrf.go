package metrics

// chrfOrder is the length of the longest n-grams of characters that chrF
// counts, and chrfBeta how much more recall counts than precision.
const (
	chrfOrder = 6
	chrfBeta  = 2.0
)

// The statistics of chrF for each n: the n-grams of the hypothesis, those of
// the reference, and those of both.
const chrfValues = 3 * chrfOrder

// chrfStatistics fills in the statistics of the example that is loaded, by the
// reference that gives the highest score.
func chrfStatistics(r *reader, into []float64) {
	hypothesis, references := r.numbered(func(ids []int32, text string) []int32 {
		for _, c := range text {
			if !pythonSpace(c) {
				ids = append(ids, c)
			}
		}
		return ids
	})
	best := -1.0
	for _, reference := range references {
		var hits [chrfOrder]int
		r.grams.shared(hypothesis, reference, hits[:])
		var of [chrfValues]float64
		for n, hit := range hits {
			of[3*n+1] = float64(max(len(reference)-n, 0))
			of[3*n+2] = float64(hit)
			// Where the reference has no such n-grams, those of the hypothesis
			// do not count.
			if of[3*n+1] > 0 {
				of[3*n] = float64(max(len(hypothesis)-n, 0))
			}
		}
		if score := chrf(of[:]); score > best {
			best = score
			copy(into, of[:])
		}
	}
}

// chrf is chrF of summed statistics, from 0 to 100: the F-score of the mean
// precision and the mean recall over those n that both texts have.
func chrf(sums []float64) float64 {
	precision, recall, order := 0.0, 0.0, 0.0
	for n := range chrfOrder {
		hypothesis, reference, hits := sums[3*n], sums[3*n+1], sums[3*n+2]
		if hypothesis > 0 && reference > 0 {
			precision += hits / hypothesis
			recall += hits / reference
			order++
		}
	}
	if precision+recall == 0 {
		return 0
	}
	precision /= order
	recall /= order
	const factor = chrfBeta * chrfBeta
	return 100 * (1 + factor) * precision * recall / (factor*precision + recall)
}
