package metrics

// longestRepeat is the length of the longest n-grams that repetition counts.
const longestRepeat = 4

// repetition is the share of the hypothesis's 1- to 4-grams that it had
// before. Welleck et al. (2020) take the same share for one n at a time.
func repetition(r *reader) float64 {
	words := r.hypothesisFields()
	if len(words) == 0 {
		return 0
	}
	all, distinct := 0, 0
	for i, n := range r.grams.distinct(words, longestRepeat) {
		all += max(len(words)-i, 0)
		distinct += n
	}
	return 1 - float64(distinct)/float64(all)
}
