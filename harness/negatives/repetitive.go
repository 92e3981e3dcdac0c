package negatives

import (
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// repetitive is the truth with a repetition: of a few words, of a sentence, or of
// the whole, a few times or until the response is cut off; or of some words later
// on ("theme for Sphinx theme"), or of one of the input's words in the place of
// others ("Sphinx for Sphinx").
type repetitive struct{}

// repetitiveSettings are those of the truth caught in a repetition.
type repetitiveSettings struct{ Share }

var repetitiveKind = define("repetitive", true, repetitiveSettings{Share{Weight: 2.6, Unended: 0.1}}, nil, func(repetitiveSettings) Kind { return repetitive{} })

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
			if made := repeatLater(parts, r); made != nil {
				return s.response(strings.Join(made, between))
			}
		case 3:
			if made := repeatInPlace(parts, s.Input, r); made != nil {
				return s.response(strings.Join(made, between))
			}
		}
	}
	start, end := span(parts, r)
	before, loop, after := parts[:start], parts[start:end], parts[end:]
	text := func(count int) string {
		return strings.Join(slices.Concat(before, slices.Repeat(loop, count)), between)
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
	count := 2 + r.IntN(2)
	if len(loop) <= longestSpan && len(loop) < len(parts) {
		count = 2 + r.IntN(5)
	}
	if len(after) > 0 && r.IntN(2) == 0 {
		if tokens := s.response(text(count) + between + strings.Join(after, between)); tokens != nil {
			return tokens
		}
	}
	for ; count >= 2; count-- {
		if tokens := s.response(text(count)); tokens != nil {
			return tokens
		}
	}
	return nil
}

// repeatLater repeats one to four neighbouring parts later in the text, behind at
// least one other part; there are three parts or more. Half of the time the
// repetition replaces the parts that stood there. It returns nil where it chose
// nothing but short words, such as "for", which good texts repeat as well.
func repeatLater(parts []string, r *rand.Rand) []string {
	n := 1 + r.IntN(min(longestSpan, len(parts)/2))
	start := r.IntN(len(parts) - n)
	again := parts[start : start+n]
	if !slices.ContainsFunc(again, long) {
		return nil
	}
	at := start + n + 1 + r.IntN(len(parts)-start-n)
	rest := parts[at:]
	if r.IntN(2) == 0 {
		rest = rest[min(n, len(rest)):]
	}
	return slices.Concat(parts[:at], again, rest)
}

// repeatInPlace puts one of the parts, a word of the input, in the place of up to half
// of the others. A reward model that counts the words in common with the input,
// repeated ones each time, would prefer such a response to the truth. It returns nil
// where no part but short words stands in the input.
func repeatInPlace(parts []string, input string, r *rand.Rand) []string {
	found := map[string]bool{}
	for _, p := range words(input) {
		found[bare(input[p.start:p.end])] = true
	}
	var about []int
	for i, part := range parts {
		if long(part) && found[bare(part)] {
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

// long reports whether a word has four letters or more.
func long(word string) bool { return utf8.RuneCountInString(bare(word)) >= 4 }

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
