package tokenizer

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// manyMarks is the length of a run of combining marks from which on package
// norm puts joiners into it (UAX 15's stream-safe format), which Hugging Face
// does not do.
const manyMarks = 30

// inForm writes text in one of Unicode's normalization forms.
func inForm(form norm.Form, text string) string {
	if form == norm.NFC && isLatin(text) || form.IsNormalString(text) && !hasHighMark(text) {
		return text
	}
	marks, before := 0, rune(0)
	for _, c := range text {
		if c < 0x300 {
			marks, before = 0, c
			continue
		}
		p := form.PropertiesString(string(c))
		if p.CCC() == 0 && p.LeadCCC() == 0 {
			marks = 0
		}
		// One character may decompose into several marks.
		marks += max(1, len(p.Decomposition())/2)
		// Package norm composes characters beyond U+FFFF as if they were those
		// with the same last 16 bits, and knows newer marks.
		if marks >= manyMarks || before > 0xffff && p.CCC() != 0 || unicode.Is(newMarks, c) {
			return inFormByMarks(form, text)
		}
		before = c
	}
	return form.String(text)
}

// hasHighMark tells whether a character beyond U+FFFF or a newer mark is in
// text, which package norm may take for normal when it is not.
func hasHighMark(text string) bool {
	for _, c := range text {
		if c > 0xffff || c >= 0x300 && unicode.Is(newMarks, c) {
			return true
		}
	}
	return false
}

// inFormByMarks is inForm by definition: decompose each character, order the
// marks, and compose each starter with the marks that nothing keeps from it.
func inFormByMarks(form norm.Form, text string) string {
	decompose := norm.NFD
	if form == norm.NFKC || form == norm.NFKD {
		decompose = norm.NFKD
	}
	var chars []rune
	for _, c := range text {
		chars = append(chars, []rune(decompose.String(string(c)))...)
	}
	for i := 0; i < len(chars); {
		end := i
		for end < len(chars) && ccc(chars[end]) != 0 {
			end++
		}
		slices.SortStableFunc(chars[i:end], func(a, b rune) int { return int(ccc(a)) - int(ccc(b)) })
		i = end + 1
	}
	if form == norm.NFD || form == norm.NFKD {
		return string(chars)
	}
	out := chars[:0]
	starter := -1 // place in out
	var before uint8
	for _, c := range chars {
		class := ccc(c)
		if starter >= 0 && (len(out) == starter+1 || before < class && before != 0) {
			if composed, ok := compose(out[starter], c); ok {
				out[starter] = composed
				continue
			}
		}
		if class == 0 {
			starter = len(out)
		}
		before = class
		out = append(out, c)
	}
	return string(out)
}

// compose returns the character that a and b are in NFC, if there is one.
func compose(a, b rune) (rune, bool) {
	pair := norm.NFC.String(string([]rune{a, b}))
	c, n := utf8.DecodeRuneInString(pair)
	return c, n == len(pair) && norm.NFD.String(pair) == norm.NFD.String(string(a))+norm.NFD.String(string(b))
}

// ccc is a character's canonical combining class, 0 for a starter.
func ccc(c rune) uint8 {
	if c < 0x300 || unicode.Is(newMarks, c) {
		return 0
	}
	return norm.NFD.PropertiesString(string(c)).CCC()
}

// isLatin tells whether all characters of text are below U+0300, the first
// combining mark, where every text is in NFC.
func isLatin(text string) bool {
	for i := range len(text) {
		if text[i] >= 0xcc { // the first byte of U+0300
			return false
		}
	}
	return true
}
