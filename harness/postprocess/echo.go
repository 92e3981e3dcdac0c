package postprocess

import (
	"strings"
)

// stripEcho removes what was copied from the input: runs of at least so many
// words. An output that would lose all its words stays as it is.
type stripEcho struct{ words int }

func newStripEcho(config Settings) (Processor, error) {
	return stripEcho{config.EchoWords}, atLeastOne("echo_words", config.EchoWords)
}

func (p stripEcho) Process(t Text) string {
	input := p.runs(withoutPunctuation(words(t.Input)))
	if len(input) == 0 {
		return t.Text
	}
	text := t.Text
	for {
		shorter := p.strip(text, input)
		if key(strings.TrimSpace(shorter)) == "" || len(shorter) >= len(text) {
			return text
		}
		text = shorter
	}
}

// withoutPunctuation returns the words that are not punctuation alone.
func withoutPunctuation(all []word) []word {
	var found []word
	for _, w := range all {
		if w.key != "" {
			found = append(found, w)
		}
	}
	return found
}

// runs returns all runs of p.words words.
func (p stripEcho) runs(all []word) map[string]bool {
	found := map[string]bool{}
	for i := 0; i+p.words <= len(all); i++ {
		found[joined(all[i:i+p.words])] = true
	}
	return found
}

// strip removes the runs of input that the text has. Words that become neighbours by
// that may be such a run again.
func (p stripEcho) strip(text string, input map[string]bool) string {
	all := withoutPunctuation(words(text))
	drop := make([]bool, len(all))
	for i := 0; i+p.words <= len(all); i++ {
		if input[joined(all[i:i+p.words])] {
			for j := range p.words {
				drop[i+j] = true
			}
		}
	}
	return without(text, all, drop)
}
