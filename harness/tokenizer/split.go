package tokenizer

import (
	"strings"
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
// than the rest of the splitting. Unicode's version is Go's, with what Hugging
// Face's tokenizers know besides.
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
	fill(newLetters, letter)
	fill(unicode.N, number)
	fill(newNumbers, number)
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
	case unicode.IsLetter(c), unicode.Is(newLetters, c):
		return letter, n
	case unicode.IsNumber(c), unicode.Is(newNumbers, c):
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

// digitRun returns the length in bytes of the digits that text goes on with from
// i; the pre-tokenizer Digits has a Unicode of its own.
func digitRun(text string, i int) int {
	for i < len(text) {
		n := digit(text[i:])
		if n == 0 {
			break
		}
		i += n
	}
	return i
}

// digit returns the length in bytes of the digit that s begins with, 0 where it
// begins with something else.
func digit(s string) int {
	k, n := classAt(s)
	if k == number || n == utf8.UTFMax && k == other && isNewDigit(s) {
		return n
	}
	return 0
}

func isNewDigit(s string) bool {
	c, _ := utf8.DecodeRuneInString(s)
	return unicode.Is(newDigits, c)
}

// digitsApart is Digits(individual_digits=true): the length of the first digit
// of a text, or of what stands before it.
func digitsApart(text string) int {
	if n := digit(text); n > 0 {
		return n
	}
	return beforeDigit(text)
}

// digitsTogether is Digits(individual_digits=false).
func digitsTogether(text string) int {
	if n := digitRun(text, 0); n > 0 {
		return n
	}
	return beforeDigit(text)
}

// beforeDigit returns the length of text up to its first digit.
func beforeDigit(text string) int {
	for i := 0; i < len(text); {
		k, n := classAt(text[i:])
		if k == number || n == utf8.UTFMax && k == other && isNewDigit(text[i:]) {
			return i
		}
		i += n
	}
	return len(text)
}

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

// llama3Word returns what matches the pattern of Llama 3 and, with one digit at
// a time, of Qwen 2 at the start of a text:
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
//	 ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
func llama3Word(digits int) func(text string) int {
	return func(text string) int {
		k, n := classAt(text)
		switch k {
		case letter:
			return run(text, n, letter)
		case number:
			for range digits - 1 {
				if n == len(text) {
					break
				}
				k, size := classAt(text[n:])
				if k != number {
					break
				}
				n += size
			}
			return n
		case other:
			if text[0] == '\'' {
				if n := anyContraction(text); n > 0 {
					return n
				}
			}
		}
		next, size := other, 0
		if n < len(text) {
			next, size = classAt(text[n:])
		}
		switch {
		case size > 0 && next == letter && text[0] != '\r' && text[0] != '\n':
			return run(text, n+size, letter)
		case k == other:
			return lineEnds(text, run(text, n, other))
		case size > 0 && next == other && text[0] == ' ':
			return lineEnds(text, run(text, n+size, other))
		}
		end := run(text, n, space)
		if last := strings.LastIndexAny(text[:end], "\r\n"); last >= 0 {
			return last + 1
		}
		if end == len(text) || end == n {
			return end
		}
		_, size = utf8.DecodeLastRuneInString(text[:end])
		return end - size
	}
}

// lineEnds returns the end of the line feeds and carriage returns that text goes
// on with from i.
func lineEnds(text string, i int) int {
	for i < len(text) && (text[i] == '\r' || text[i] == '\n') {
		i++
	}
	return i
}

// anyContraction is contraction for letters of either case, among which the
// long s is.
func anyContraction(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] | 0x20 {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(text) < 3 {
		return 0
	}
	if text[1:3] == "ſ" {
		return 3
	}
	switch [2]byte{text[1] | 0x20, text[2] | 0x20} {
	case [2]byte{'r', 'e'}, [2]byte{'v', 'e'}, [2]byte{'l', 'l'}:
		return 3
	}
	return 0
}
