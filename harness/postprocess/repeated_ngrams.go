package postprocess

import (
	"strings"
)

// removeRepeatedNGrams removes repetitions: a run of n words or more that the output
// has before, and a shorter run that directly follows the same run within a
// sentence ("the the", "in the in the").
type removeRepeatedNGrams struct{ n int }

func newRemoveRepeatedNGrams(config Settings) (Processor, error) {
	return removeRepeatedNGrams{config.NGram}, atLeastOne("ngram", config.NGram)
}

func (p removeRepeatedNGrams) Process(t Text) string {
	text := t.Text
	// Removing words makes others neighbours, which may repeat something in turn.
	for {
		shorter := p.removeRuns(p.removeStutter(text))
		if len(shorter) >= len(text) {
			return text
		}
		text = shorter
	}
}

// removeRuns removes runs of p.n words and more that the text has before.
func (p removeRepeatedNGrams) removeRuns(text string) string {
	all := words(text)
	drop := make([]bool, len(all))
	seen := map[string]bool{}
	for i := 0; i+p.n <= len(all); i++ {
		run := joined(all[i : i+p.n])
		if strings.TrimSpace(run) == "" {
			continue // a line of dashes
		}
		if seen[run] {
			for j := range p.n {
				drop[i+j] = true
			}
		}
		seen[run] = true
	}
	return without(text, all, drop)
}

// removeStutter removes runs of fewer than p.n words that directly follow the same
// run. Numbers may be repeated ("0 0"), and so may the last word of a sentence at the
// beginning of the next ("He sees Tom. Tom runs.").
func (p removeRepeatedNGrams) removeStutter(text string) string {
	all := words(text)
	drop := make([]bool, len(all))
	var kept []word
next:
	for i := 0; i < len(all); i++ {
		if last := len(kept) - 1; last >= 0 && !finished(text[kept[last].start:kept[last].end]) {
			for n := min(p.n-1, len(kept), len(all)-i); n > 0; n-- {
				run := all[i : i+n]
				if hasWord(run) && joined(run) == joined(kept[len(kept)-n:]) {
					for j := range n {
						drop[i+j] = true
					}
					i += n - 1
					continue next
				}
			}
		}
		kept = append(kept, all[i])
	}
	return without(text, all, drop)
}

// hasWord reports whether one of the words is neither a number nor punctuation
// alone.
func hasWord(words []word) bool {
	for _, w := range words {
		if w.key != "" && !number(w.key) {
			return true
		}
	}
	return false
}
