package metrics

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// SentenceSplitter is what signatures call [Sentences].
const SentenceSplitter = "lastmile-1"

// Sentences cuts a text into sentences: behind ., ! or ? and the quotes
// and brackets that close, where white space follows and then something that
// is not a lower-case letter. A full stop behind an abbreviation or a single
// letter ends nothing. It stands in for NLTK's punkt, a trained model.
func Sentences(text string) []string {
	var sentences []string
	start := 0
	for i := 0; i < len(text); i++ {
		if c := text[i]; c != '.' && c != '!' && c != '?' {
			continue
		}
		mark := i
		for i+1 < len(text) && strings.IndexByte(".!?\"')]", text[i+1]) >= 0 {
			i++
		}
		rest := text[i+1:]
		next := strings.TrimLeftFunc(rest, unicode.IsSpace)
		if len(next) == len(rest) && rest != "" {
			continue
		}
		if r, _ := utf8.DecodeRuneInString(next); next != "" && unicode.IsLower(r) {
			continue
		}
		if text[mark] == '.' && mark == i && abbreviated(text[start:mark]) {
			continue
		}
		sentences = append(sentences, text[start:i+1])
		start = len(text) - len(next)
		i = start - 1
	}
	if strings.TrimSpace(text[start:]) != "" {
		sentences = append(sentences, text[start:])
	}
	return sentences
}

var abbreviations = func() map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq("mr mrs ms dr prof st jr sr vs etc e.g i.e cf fig no vol pp approx inc ltd co corp dept est jan feb mar apr jun jul aug sep sept oct nov dec") {
		set[word] = true
	}
	return set
}()

// abbreviated says whether the last word before a full stop is an abbreviation
// or an initial.
func abbreviated(before string) bool {
	word := before[strings.LastIndexFunc(before, unicode.IsSpace)+1:]
	word = strings.TrimLeft(word, "\"'([")
	if r, size := utf8.DecodeRuneInString(word); size == len(word) && unicode.IsUpper(r) && r != 'I' {
		return true
	}
	return abbreviations[strings.ToLower(word)]
}
