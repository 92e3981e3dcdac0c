package metrics

import (
	"strings"
	"unicode"
)

// longestRepeat is the length of the longest n-grams that repetition counts.
const longestRepeat = 4

// repetition is the share of the hypothesis's 1- to 4-grams that it had
// before. Welleck et al. (2020) take the same share for one n at a time.
func repetition(r *reader) float64 {
	var words []int32
	for field := range strings.FieldsSeq(strings.ToLower(r.input.Hypothesis)) {
		word := strings.TrimFunc(field, func(c rune) bool { return unicode.IsPunct(c) || unicode.IsSymbol(c) })
		if word == "" {
			word = field
		}
		words = append(words, r.vocabulary.id([]byte(word)))
	}
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
