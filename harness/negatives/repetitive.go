package negatives

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// repetitive is the truth caught in a repetition: of a few words, of a
// sentence, or of the whole, a few times or until the response is cut off; or
// it comes back to words that it has said ("theme for Sphinx theme"), or says
// one of the input's in place of others ("Sphinx for Sphinx").
type repetitive struct{}

func (repetitive) Name() string { return "repetitive" }

// Make repeats a span of the truth after what comes before it, as far as there
// is room for that. After a repetition that ends, the rest of the truth may
// follow.
func (repetitive) Make(s *Source, ended bool, r *rand.Rand) []int {
	parts, between := split(s.Truth)
	if len(parts) == 0 {
		return nil
	}
	if ended && len(parts) >= 3 {
		switch r.IntN(12) {
		case 0, 1, 2:
			if made := comeBack(parts, r); made != nil {
				return s.response(strings.Join(made, between))
			}
		case 3:
			if made := insist(parts, s.Input, r); made != nil {
				return s.response(strings.Join(made, between))
			}
		}
	}
	start, end := span(parts, r)
	before, loop, after := parts[:start], parts[start:end], parts[end:]
	text := func(times int) string {
		return strings.Join(slices.Concat(before, slices.Repeat(loop, times)), between)
	}
	if s.response(text(2)) == nil {
		before = nil
	}
	if !ended {
		if s.response(text(2)) == nil {
			return nil // cut before it repeats itself
		}
		again := between + strings.Join(loop, between)
		return s.prolonged(text(2), func() string { return again })
	}
	times := 2 + r.IntN(2)
	if len(loop) <= longestSpan && len(loop) < len(parts) {
		times = 2 + r.IntN(5)
	}
	if len(after) > 0 && r.IntN(2) == 0 {
		if tokens := s.response(text(times) + between + strings.Join(after, between)); tokens != nil {
			return tokens
		}
	}
	for ; times >= 2; times-- {
		if tokens := s.response(text(times)); tokens != nil {
			return tokens
		}
	}
	return nil
}

// comeBack says a few of the parts, at least three, once more: at least one
// other stands between the two times. Half of the time what stood there makes
// way. It returns nil where it chose none but little words, such as "for",
// which come back in good texts as well.
func comeBack(parts []string, r *rand.Rand) []string {
	n := 1 + r.IntN(min(longestSpan, len(parts)/2))
	start := r.IntN(len(parts) - n)
	again := parts[start : start+n]
	if !slices.ContainsFunc(again, weighty) {
		return nil
	}
	at := start + n + 1 + r.IntN(len(parts)-start-n)
	rest := parts[at:]
	if r.IntN(2) == 0 {
		rest = rest[min(n, len(rest)):]
	}
	return slices.Concat(parts[:at], again, rest)
}

// insist says one of the parts, which stands in the input, in place of up to
// half of them: what a response is worth grows with each word that it has in
// common with the input, unless that word has been said. It returns nil where
// no part, little words aside, stands in the input.
func insist(parts []string, input string, r *rand.Rand) []string {
	found := map[string]bool{}
	for _, p := range words(input) {
		found[bare(input[p.start:p.end])] = true
	}
	var about []int
	for i, part := range parts {
		if weighty(part) && found[bare(part)] {
			about = append(about, i)
		}
	}
	if len(about) == 0 {
		return nil
	}
	chosen := about[r.IntN(len(about))]
	out := slices.Clone(parts)
	n := 1 + r.IntN(len(parts)/2)
	for _, i := range r.Perm(len(parts))[:n+1] {
		if n > 0 && i != chosen {
			out[i] = parts[chosen]
			n--
		}
	}
	return out
}

// bare is a word in lower case, without the marks around it.
func bare(word string) string {
	return strings.ToLower(strings.TrimFunc(word, func(c rune) bool { return unicode.IsPunct(c) || unicode.IsSymbol(c) }))
}

// weighty tells a word of four letters or more.
func weighty(word string) bool { return utf8.RuneCountInString(bare(word)) >= 4 }

// longestSpan is the most words of a short loop.
const longestSpan = 4

// span draws what is repeated: the whole, a sentence, or a few words.
func span(parts []string, r *rand.Rand) (start, end int) {
	switch r.IntN(4) {
	case 0:
		return 0, len(parts)
	case 1:
		if starts := sentenceStarts(parts); len(starts) > 1 {
			starts = append(starts, len(parts))
			i := r.IntN(len(starts) - 1)
			return starts[i], starts[i+1]
		}
	}
	n := 1 + r.IntN(min(longestSpan, len(parts)))
	start = r.IntN(len(parts) - n + 1)
	return start, start + n
}
