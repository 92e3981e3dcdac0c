package metrics

import "math"

// bleuOrder is the length of the longest n-grams that BLEU counts.
const bleuOrder = 4

// The statistics of BLEU, which are summed over texts: the length of the
// hypothesis, that of the reference nearest to it, the n-grams that hit, and
// all n-grams of the hypothesis.
const (
	bleuLength = iota
	bleuReferenceLength
	bleuHits
	bleuGrams  = bleuHits + bleuOrder
	bleuValues = bleuGrams + bleuOrder
)

// bleuStatistics fills in the statistics of the example that is loaded.
func bleuStatistics(r *reader, into []float64) {
	hypothesis, references := r.numbered(func(ids []int32, text string) []int32 {
		for _, word := range tokenize13a(text) {
			ids = append(ids, r.vocabulary.id([]byte(word)))
		}
		return ids
	})
	h := len(hypothesis)
	into[bleuLength] = float64(h)
	nearest := -1
	for _, reference := range references {
		off, least := max(h-len(reference), len(reference)-h), max(h-nearest, nearest-h)
		if nearest < 0 || off < least || off == least && len(reference) < nearest {
			nearest = len(reference)
		}
	}
	into[bleuReferenceLength] = float64(nearest)
	var hits [bleuOrder]int
	r.grams.clipped(hypothesis, references, hits[:])
	for n, hit := range hits {
		into[bleuHits+n] = float64(hit)
		into[bleuGrams+n] = float64(max(h-n, 0))
	}
}

// bleu is BLEU of summed statistics, from 0 to 100. A precision of 0 is
// smoothed exponentially. With effective order, n-grams that are longer than
// the text do not count; without it they make BLEU 0.
func bleu(sums []float64, effectiveOrder bool) float64 {
	any := 0.0
	for n := range bleuOrder {
		any += sums[bleuHits+n]
	}
	if any == 0 {
		return 0
	}
	sum, order, smooth := 0.0, 0, 1.0
	for n := range bleuOrder {
		hits, all := sums[bleuHits+n], sums[bleuGrams+n]
		switch {
		case all == 0 && effectiveOrder:
			continue
		case all == 0:
			return 0
		case hits == 0:
			smooth *= 2
			sum += math.Log(100 / (smooth * all))
		default:
			sum += math.Log(100 * hits / all)
		}
		order++
	}
	score := math.Exp(sum / float64(order))
	if h, r := sums[bleuLength], sums[bleuReferenceLength]; h < r {
		score *= math.Exp(1 - r/h)
	}
	return score
}
