package trivial

import (
	"strings"
	"unicode"
)

// unrepeated prefers responses with a smaller share of tokens that they had before.
func unrepeated() Scorer {
	return Scorer{"fewer repeats", "repeats fewer of its tokens", func(r Response) float64 {
		if len(r.Tokens) == 0 {
			return 1
		}
		distinct := map[int]bool{}
		for _, token := range r.Tokens {
			distinct[token] = true
		}
		return float64(len(distinct)) / float64(len(r.Tokens))
	}}
}

// overlap prefers responses with a larger share of words that the input has too: what
// ROUGE-1 calls precision, against the input, each of whose words counts any number of
// times.
func overlap() Scorer {
	return Scorer{"overlap", "has more of its words in the input", func(r Response) float64 {
		there := map[string]bool{}
		for _, word := range words(r.Input) {
			there[word] = true
		}
		own := words(r.Text)
		if len(own) == 0 {
			return 0
		}
		shared := 0
		for _, word := range own {
			if there[word] {
				shared++
			}
		}
		return float64(shared) / float64(len(own))
	}}
}

// words are runs of letters and digits, in lower case; in scripts that are written
// without spaces, single characters.
func words(text string) []string {
	var found []string
	start := -1
	end := func(at int) {
		if start >= 0 {
			found = append(found, text[start:at])
			start = -1
		}
	}
	text = strings.ToLower(text)
	for i, c := range text {
		switch {
		case unicode.Is(unicode.Lo, c):
			end(i)
			found = append(found, string(c))
		case unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c):
			if start < 0 {
				start = i
			}
		default:
			end(i)
		}
	}
	end(len(text))
	return found
}
