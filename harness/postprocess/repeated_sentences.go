package postprocess

import (
	"strings"
	"unicode"

	"lastmile/experiments"
)

// removeRepeatedSentences removes sentences that stood in the output before, but
// for case, punctuation and space.
type removeRepeatedSentences struct{}

func newRemoveRepeatedSentences(experiments.Postprocess) (Processor, error) {
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

// removeSentences goes over the text once. Where a sentence goes, another may
// begin to look like the end of the one before, so that once is not enough.
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
		said := strings.Join(keys, " ")
		if said != "" && seen[said] {
			removed = true
			continue
		}
		seen[said] = true
		b.WriteString(sentence)
	}
	if !removed {
		return text
	}
	return strings.TrimRightFunc(b.String(), unicode.IsSpace)
}
