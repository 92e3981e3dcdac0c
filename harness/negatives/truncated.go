package negatives

import (
	"math"
	"math/rand/v2"
	"strings"
	"unicode"

	"lastmile/experiments"
)

// truncated is the truth cut after a word inside it, as if that were all: what is
// missing is content, and the end token follows.
type truncated struct{ keep float64 }

// truncatedSettings are those of the truth cut after a word inside it, so that content is
// missing. The end token follows: without it, it would be how the truth itself begins.
type truncatedSettings struct {
	Ended
	// Keep is the least share of the truth's words that is kept.
	Keep float64 `toml:"keep" json:"keep"`
}

var truncatedKind = define("truncated", false, truncatedSettings{Ended{Weight: 1}, 0.3}, experiments.Rules{"keep": experiments.FromBelow(0, 1)},
	func(s truncatedSettings) Kind { return truncated{s.Keep} })

// Make cuts the truth after any of its words behind which a word of content
// follows. A comma or a bracket that would stand last is left out too: no truth
// ends with one.
func (k truncated) Make(s *Source, _ bool, r *rand.Rand) []int {
	places := words(s.Truth)
	last := 0 // the last word of content, which no cut keeps
	for i, p := range places {
		if hasContent(s.Truth[p.start:p.end]) {
			last = i
		}
	}
	least := max(1, int(math.Ceil(k.keep*float64(len(places)))))
	if least > last {
		return nil
	}
	kept := least + r.IntN(last-least+1)
	text := strings.TrimRight(s.Truth[:places[kept-1].end], ",;:-–—([{/&")
	return s.response(strings.TrimRightFunc(text, unicode.IsSpace))
}

// hasContent reports whether a word says something by itself: it has four letters
// or more, a digit, a capital, or is written without an alphabet.
func hasContent(word string) bool {
	return long(word) || strings.ContainsFunc(word, func(c rune) bool {
		return unicode.IsDigit(c) || unicode.IsUpper(c) || unicode.Is(unicode.Lo, c)
	})
}
