package metrics

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/clipperhouse/uax29/v2/words"
)

// Unicode is the tokenizer of texts in any script.
const Unicode = "unicode"

// RougeScore is the tokenizer of rouge-score, which knows the letters a to z only.
const RougeScore = "rouge-score"

// Tokenizers are the names of [Options.Tokenizer].
func Tokenizers() []string { return []string{RougeScore, Unicode} }

// tokenizerName is a tokenizer's name in signatures.
func tokenizerName(unicode bool) string {
	if unicode {
		return "unicode-uax29"
	}
	return rougeTokenizer
}

// unicode tells whether words are those of the tokenizer "unicode".
func (o Options) unicode() (bool, error) {
	switch o.Tokenizer {
	case "", RougeScore:
		return false, nil
	case Unicode:
		return true, nil
	}
	return false, fmt.Errorf("unknown tokenizer %q; one of %s", o.Tokenizer, strings.Join(Tokenizers(), ", "))
}

// eachUnicodeWord calls f with each word of a text, in lower case: what Unicode's rules
// (UAX 29) keep together and has a letter or a number. Where a script writes no
// spaces, Chinese and Japanese, each character is a word.
func eachUnicodeWord(text string, f func(word string)) {
	segments := words.FromString(strings.ToLower(text))
	for segments.Next() {
		word := segments.Value()
		if strings.IndexFunc(word, isWordRune) < 0 {
			continue
		}
		start := 0
		for i, r := range word {
			if !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) {
				continue
			}
			if start < i {
				f(word[start:i])
			}
			start = i + len(string(r))
			f(word[i:start])
		}
		if start < len(word) {
			f(word[start:])
		}
	}
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// plainLetters tells whether a word has only the letters that Porter's stemmer knows,
// and digits.
func plainLetters(word string) bool {
	for i := range len(word) {
		if lower[word[i]] == 0 {
			return false
		}
	}
	return true
}
