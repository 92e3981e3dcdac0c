package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// class is what GPT-2's pattern tells characters apart by.
type class uint8

const (
	other  class = iota
	letter       // \p{L}
	number       // \p{N}
	space        // \s
)

// classes holds the class of each character of Unicode's first two planes,
// where nearly all text lies; a search in Unicode's tables would cost more
// than the rest of the splitting. Unicode's version is Go's; where Hugging
// Face's is newer, 93 rare numerals of the second plane are digits there and
// not here.
var classes [0x20000]class

func init() {
	fill := func(table *unicode.RangeTable, k class) {
		for _, r := range table.R16 {
			for c := uint32(r.Lo); c <= uint32(r.Hi); c += uint32(r.Stride) {
				classes[c] = k
			}
		}
		for _, r := range table.R32 {
			for c := r.Lo; c <= r.Hi && c < uint32(len(classes)); c += r.Stride {
				classes[c] = k
			}
		}
	}
	fill(unicode.L, letter)
	fill(unicode.N, number)
	fill(unicode.White_Space, space)
}

// classAt returns the class of the first character of s, which is not empty,
// and its length in bytes. A byte that is not UTF-8 is of class other.
func classAt(s string) (class, int) {
	if s[0] < utf8.RuneSelf {
		return classes[s[0]], 1
	}
	c, n := utf8.DecodeRuneInString(s)
	if int(c) < len(classes) {
		return classes[c], n
	}
	switch {
	case unicode.IsLetter(c):
		return letter, n
	case unicode.IsNumber(c):
		return number, n
	}
	return other, n
}

// run returns the length in bytes of the characters of class k that s goes on
// with from i.
func run(s string, i int, k class) int {
	for i < len(s) {
		found, n := classAt(s[i:])
		if found != k {
			break
		}
		i += n
	}
	return i
}

// digits says how numbers are cut out before the pattern sees the text.
type digits uint8

const (
	digitsInWords  digits = iota // not at all
	digitsTogether               // Digits(individual_digits=false)
	digitsApart                  // Digits(individual_digits=true)
)

// splitter cuts text into the words within which pairs are merged.
type splitter struct {
	digits digits
	// word returns the length in bytes of the first word of a text that is not
	// empty.
	word func(text string) int
}

// segment returns the length in bytes of the first stretch of text, which is not
// empty, that the pattern sees as a text of its own.
func (s splitter) segment(text string) int {
	if s.digits == digitsInWords {
		return len(text)
	}
	k, n := classAt(text)
	if k == number {
		if s.digits == digitsTogether {
			return run(text, n, number)
		}
		return n
	}
	for n < len(text) {
		k, size := classAt(text[n:])
		if k == number {
			break
		}
		n += size
	}
	return n
}

// wholeText is the pattern of ByteLevel(use_regex=false): no pattern.
func wholeText(text string) int { return len(text) }

// gpt2Word matches GPT-2's pattern at the start of text:
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// Go's regexp has no look-ahead, and this is some fifty times as fast.
func gpt2Word(text string) int {
	if text[0] == '\'' {
		if n := contraction(text); n > 0 {
			return n
		}
	}
	k, n := classAt(text)
	if text[0] == ' ' && len(text) > 1 {
		next, size := classAt(text[1:])
		if next != space {
			return run(text, 1+size, next)
		}
	}
	if k != space {
		return run(text, n, k)
	}
	// \s+(?!\S) gives the last space of a run back to the word that follows
	// it, unless it is the only one.
	end := run(text, n, space)
	if end == len(text) || end == n {
		return end
	}
	_, last := utf8.DecodeLastRuneInString(text[:end])
	return end - last
}

// contraction returns the length of an English ending after an apostrophe, 0
// where there is none.
func contraction(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(text) > 2 {
		switch text[1:3] {
		case "re", "ve", "ll":
			return 3
		}
	}
	return 0
}
