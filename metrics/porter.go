package metrics

import "strings"

// stemWord is Porter's stemmer (1980) as NLTK extends it by default, applied
// as rouge-score does: to words of more than three letters. The word is of a
// to z and 0 to 9; digits count as consonants.
func stemWord(word string) string {
	if len(word) <= 3 || !plainLetters(word) {
		return word
	}
	if stem, ok := irregular[word]; ok {
		return stem
	}
	w := []byte(word)
	w = plural(w)
	w = pastOrGerund(w)
	w = finalY(w)
	w = doubleSuffix(w)
	w = applyRules(w, step3)
	w = residualSuffix(w)
	w = finalE(w)
	w = finalLL(w)
	return string(w)
}

var irregular = map[string]string{
	"skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "news": "news",
	"innings": "inning", "inning": "inning", "outings": "outing", "outing": "outing",
	"cannings": "canning", "canning": "canning",
	"howe": "howe", "proceed": "proceed", "exceed": "exceed", "succeed": "succeed",
}

// rule replaces a suffix where what is before it has a measure above min.
type rule struct {
	suffix, replacement string
	min                 int
}

// Steps 2 to 4 of the paper. Of the first rule whose suffix matches, the
// condition decides; no later rule is tried.
var (
	step2 = rules(0, "ational ate tional tion enci ence anci ance izer ize bli ble alli al "+
		"entli ent eli e ousli ous ization ize ation ate ator ate alism al iveness ive "+
		"fulness ful ousness ous aliti al iviti ive biliti ble fulli ful")
	step3 = rules(0, "icate ic ative - alize al iciti ic ical ic ful - ness -")
	step4 = rules(1, "al - ance - ence - er - ic - able - ible - ant - ement - ment - ent - "+
		"ion - ou - ism - ate - iti - ous - ive - ize -")
)

// rules reads pairs of a suffix and its replacement, "-" for none.
func rules(min int, pairs string) []rule {
	fields := strings.Fields(pairs)
	list := make([]rule, 0, len(fields)/2)
	for i := 0; i < len(fields); i += 2 {
		list = append(list, rule{fields[i], strings.Trim(fields[i+1], "-"), min})
	}
	return list
}

func applyRules(w []byte, list []rule) []byte {
	for _, r := range list {
		if stem, ok := cut(w, r.suffix); ok {
			if measure(stem) > r.min {
				return append(stem, r.replacement...)
			}
			return w
		}
	}
	return w
}

// plural is step 1a.
func plural(w []byte) []byte {
	if stem, ok := cut(w, "ies"); ok {
		if len(stem) == 1 {
			return append(stem, "ie"...) // dies, ties
		}
		return append(stem, 'i')
	}
	if ends(w, "sses") {
		return w[:len(w)-2]
	}
	if ends(w, "s") && !ends(w, "ss") {
		return w[:len(w)-1]
	}
	return w
}

// pastOrGerund is step 1b.
func pastOrGerund(w []byte) []byte {
	if stem, ok := cut(w, "ied"); ok {
		if len(stem) == 1 {
			return append(stem, "ie"...) // died, tied
		}
		return append(stem, 'i')
	}
	if stem, ok := cut(w, "eed"); ok {
		if measure(stem) > 0 {
			return w[:len(w)-1]
		}
		return w
	}
	stem, ok := cut(w, "ed")
	if !ok || !hasVowel(stem) {
		if stem, ok = cut(w, "ing"); !ok || !hasVowel(stem) {
			return w
		}
	}
	switch {
	case ends(stem, "at"), ends(stem, "bl"), ends(stem, "iz"):
		return append(stem, 'e')
	case endsDoubleConsonant(stem):
		switch stem[len(stem)-1] {
		case 'l', 's', 'z':
			return stem
		}
		return stem[:len(stem)-1]
	case measure(stem) == 1 && endsCVC(stem):
		return append(stem, 'e')
	}
	return stem
}

// finalY is step 1c: happy, but not enjoy, nor by.
func finalY(w []byte) []byte {
	if stem, ok := cut(w, "y"); ok && len(stem) > 1 && consonantAt(stem, len(stem)-1) {
		return append(stem, 'i')
	}
	return w
}

// doubleSuffix is step 2.
func doubleSuffix(w []byte) []byte {
	if stem, ok := cut(w, "alli"); ok && measure(stem) > 0 {
		return doubleSuffix(append(stem, "al"...))
	}
	if ends(w, "logi") {
		// The l belongs to the stem here, so that geo- is long enough.
		if measure(w[:len(w)-3]) > 0 {
			return w[:len(w)-1]
		}
		return w
	}
	return applyRules(w, step2)
}

// residualSuffix is step 4.
func residualSuffix(w []byte) []byte {
	if stem, ok := cut(w, "ion"); ok && !ends(stem, "s") && !ends(stem, "t") {
		return w
	}
	return applyRules(w, step4)
}

// finalE is step 5a.
func finalE(w []byte) []byte {
	if stem, ok := cut(w, "e"); ok {
		if m := measure(stem); m > 1 || m == 1 && !endsCVC(stem) {
			return stem
		}
	}
	return w
}

// finalLL is step 5b.
func finalLL(w []byte) []byte {
	if ends(w, "ll") && measure(w[:len(w)-1]) > 1 {
		return w[:len(w)-1]
	}
	return w
}

func ends(w []byte, suffix string) bool {
	return len(w) >= len(suffix) && string(w[len(w)-len(suffix):]) == suffix
}

func cut(w []byte, suffix string) ([]byte, bool) {
	if !ends(w, suffix) {
		return w, false
	}
	return w[:len(w)-len(suffix)], true
}

// isConsonant says whether c is a consonant after a letter that is one or is
// not: y is one at the beginning and after a vowel.
func isConsonant(c byte, first, afterConsonant bool) bool {
	switch c {
	case 'a', 'e', 'i', 'o', 'u':
		return false
	case 'y':
		return first || !afterConsonant
	}
	return true
}

// measure counts the changes from vowels to consonants, the paper's m.
func measure(stem []byte) int {
	m := 0
	before := false
	for i, c := range stem {
		now := isConsonant(c, i == 0, before)
		if i > 0 && now && !before {
			m++
		}
		before = now
	}
	return m
}

func hasVowel(stem []byte) bool {
	before := false
	for i, c := range stem {
		before = isConsonant(c, i == 0, before)
		if !before {
			return true
		}
	}
	return false
}

// consonantAt says whether the letter at i is a consonant.
func consonantAt(w []byte, i int) bool {
	// A run of y's alternates, so only the letter before it matters.
	flip := false
	for i > 0 && w[i] == 'y' {
		flip = !flip
		i--
	}
	return isConsonant(w[i], i == 0, false) != flip
}

func endsDoubleConsonant(w []byte) bool {
	n := len(w)
	return n >= 2 && w[n-1] == w[n-2] && consonantAt(w, n-1)
}

// endsCVC is the paper's *o: consonant, vowel, consonant other than w, x, y;
// or, in NLTK, a word of a vowel and a consonant.
func endsCVC(w []byte) bool {
	n := len(w)
	if n == 2 {
		return !consonantAt(w, 0) && consonantAt(w, 1)
	}
	if n < 3 || !consonantAt(w, n-3) || consonantAt(w, n-2) || !consonantAt(w, n-1) {
		return false
	}
	switch w[n-1] {
	case 'w', 'x', 'y':
		return false
	}
	return true
}
