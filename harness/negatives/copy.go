package negatives

import (
	"math/rand/v2"
	"strings"
)

// copied is a copy of the input, of its beginning or of another part of it:
// about the input, but no answer.
type copied struct{}

// copySettings are those of a copy of the input, of its beginning or of another part of
// it.
type copySettings struct{ Share }

var copyKind = define("copy", true, copySettings{Share{Weight: 0.8, Unended: 0.1}}, nil, func(copySettings) Kind { return copied{} })

// Make copies the beginning or a span of about the truth's length, the first
// sentence, or as much as there is room for. Without end it copies from the
// beginning or from some word on until the response is cut off, and begins
// anew where the input ends.
func (copied) Make(s *Source, ended bool, r *rand.Rand) []int {
	places := words(s.Input)
	if len(places) == 0 {
		return nil
	}
	first := 0
	if r.IntN(2) == 0 {
		first = r.IntN(len(places))
	}
	if !ended {
		whole := "\n" + strings.TrimSpace(s.Input)
		return s.prolonged(s.Input[places[first].start:], func() string { return whole })
	}
	var last int // the place after the copy's last word
	switch r.IntN(4) {
	default:
		last = first + aboutAsMany(len(words(s.Truth)), len(places)-first, r)
	case 1:
		first, last = 0, endOfSentence(s.Input, places)
	case 2:
		first, last = 0, len(places)
	}
	// Whole words only: an end in the middle of one would give it away.
	for ; last > first; last -= 1 + (last-first)/16 {
		if tokens := s.response(s.Input[places[first].start:places[last-1].end]); tokens != nil {
			return tokens
		}
	}
	return nil
}

// endOfSentence returns the number of words in the first sentence, or line, of
// text.
func endOfSentence(text string, places []place) int {
	for i, p := range places[:len(places)-1] {
		between := text[p.end:places[i+1].start]
		word := text[p.start:p.end]
		if strings.Contains(between, "\n") || between != "" && strings.ContainsAny(word[len(word)-1:], ".!?") || word == "。" {
			return i + 1
		}
	}
	return len(places)
}
