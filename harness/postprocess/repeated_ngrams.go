package postprocess

import (
	"strings"

	"lastmile/experiments"
)

// removeRepeatedNGrams removes what repeats what the output has said before: a
// run of n words or more that stood in it already, and shorter runs that follow
// directly upon themselves within a sentence ("the the", "in the in the").
type removeRepeatedNGrams struct{ n int }

func newRemoveRepeatedNGrams(config experiments.Postprocess) (Processor, error) {
	return removeRepeatedNGrams{config.NGram}, atLeastOne("ngram", config.NGram)
}

func (p removeRepeatedNGrams) Process(t Text) string {
	text := t.Text
	// Where words go, others become neighbours: as often as something goes.
	for {
		shorter := p.removeRuns(p.removeStutter(text))
		if len(shorter) >= len(text) {
			return text
		}
		text = shorter
	}
}

// removeRuns removes runs of p.n words and more that stood in the text before.
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

// removeStutter removes runs of fewer than p.n words that follow upon
// themselves. Numbers may ("0 0"), and the end of one sentence may begin the
// next ("He sees Tom. Tom runs.").
func (p removeRepeatedNGrams) removeStutter(text string) string {
	all := words(text)
	drop := make([]bool, len(all))
	var kept []word
next:
	for i := 0; i < len(all); i++ {
		if last := len(kept) - 1; last >= 0 && !finished(text[kept[last].start:kept[last].end]) {
			for n := min(p.n-1, len(kept), len(all)-i); n > 0; n-- {
				run := all[i : i+n]
				if says(run) && joined(run) == joined(kept[len(kept)-n:]) {
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

// says tells whether there is a word among words that is neither a number nor
// punctuation alone.
func says(words []word) bool {
	for _, w := range words {
		if w.key != "" && !number(w.key) {
			return true
		}
	}
	return false
}
