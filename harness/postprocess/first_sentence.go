package postprocess

import (
	"strings"

	"lastmile/experiments"
)

// firstSentence keeps the first sentence.
type firstSentence struct{}

func newFirstSentence(experiments.Postprocess) (Processor, error) { return firstSentence{}, nil }

func (firstSentence) Process(t Text) string {
	for _, sentence := range Sentences(t.Text) {
		if sentence = strings.TrimSpace(sentence); sentence != "" {
			return sentence
		}
	}
	return ""
}
