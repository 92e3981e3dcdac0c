package postprocess

import (
	"strings"
	"unicode"
)

// word is a stretch of text without white space.
type word struct {
	start, end int    // bytes in the text
	key        string // what it is compared by: small letters and digits
}

// words returns the words of text. Punctuation has an empty key where it stands
// alone, and else belongs to its word.
func words(text string) []word {
	var found []word
	start := -1
	add := func(end int) {
		if start >= 0 {
			found = append(found, word{start, end, key(text[start:end])})
			start = -1
		}
	}
	for i, c := range text {
		switch {
		case unicode.IsSpace(c):
			add(i)
		case start < 0:
			start = i
		}
	}
	add(len(text))
	return found
}

// punctuation is what may stand around a word without being part of it. The signs
// of "C#", "C++" and "/dev" are not among them.
const punctuation = ".,;:!?…\"'“”‘’«»()[]{}<>-–—*•。！？，；：、「」"

// key returns text in small letters, without punctuation around it.
func key(text string) string {
	return strings.ToLower(strings.Trim(text, punctuation))
}

// joined returns the keys of words as one string.
func joined(words []word) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString(w.key)
		b.WriteByte(' ')
	}
	return b.String()
}

// without returns text without the words that drop marks, and without the space
// before them; the rest keeps its spaces.
func without(text string, words []word, drop []bool) string {
	var b strings.Builder
	end := 0 // of the word before
	for i, w := range words {
		if !drop[i] {
			b.WriteString(text[end:w.end])
		}
		end = w.end
	}
	b.WriteString(text[end:])
	if len(drop) > 0 && drop[0] {
		return strings.TrimLeftFunc(b.String(), unicode.IsSpace)
	}
	return b.String()
}
