package postprocess

import (
	"strings"
)

// firstSentence keeps the first sentence.
type firstSentence struct{}

func newFirstSentence(Settings) (Processor, error) { return firstSentence{}, nil }

func (firstSentence) Process(t Text) string {
	for _, sentence := range Sentences(t.Text) {
		if sentence = strings.TrimSpace(sentence); sentence != "" {
			return sentence
		}
	}
	return ""
}
