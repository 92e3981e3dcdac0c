package postprocess

import (
	"strings"
	"unicode"
)

// removeRepeatedSentences removes sentences that the output has before, case,
// punctuation and space aside.
type removeRepeatedSentences struct{}

func newRemoveRepeatedSentences(Settings) (Processor, error) {
	return removeRepeatedSentences{}, nil
}

func (removeRepeatedSentences) Process(t Text) string {
	text := t.Text
	for {
		shorter := removeSentences(text)
		if len(shorter) >= len(text) {
			return text
		}
		text = shorter
	}
}

// removeSentences removes the sentences that the text has before. Where one is removed
// its neighbours may become one sentence, so that once is not enough.
func removeSentences(text string) string {
	var b strings.Builder
	seen := map[string]bool{}
	removed := false
	for _, sentence := range Sentences(text) {
		var keys []string
		for _, w := range words(sentence) {
			if w.key != "" {
				keys = append(keys, w.key)
			}
		}
		sentenceKey := strings.Join(keys, " ")
		if sentenceKey != "" && seen[sentenceKey] {
			removed = true
			continue
		}
		seen[sentenceKey] = true
		b.WriteString(sentence)
	}
	if !removed {
		return text
	}
	return strings.TrimRightFunc(b.String(), unicode.IsSpace)
}
