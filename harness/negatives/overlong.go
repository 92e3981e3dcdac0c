package negatives

import (
	"math/rand/v2"
	"strings"

	"lastmile/experiments"
)

// overlong is the truth that does not stop where it should: a sentence of another
// example's reference follows, which is good text about something else.
type overlong struct{ sentences int }

// overlongSettings are those of the truth followed by sentences of other examples'
// references.
type overlongSettings struct {
	Share
	// Sentences is the most sentences that follow; how many is drawn. Fewer
	// follow where there is no room for more.
	Sentences int `toml:"sentences" json:"sentences"`
}

var overlongKind = define("overlong", false, overlongSettings{Share{Weight: 1}, 1}, experiments.Rules{"sentences": experiments.Whole(1, 1000)},
	func(s overlongSettings) Kind { return overlong{s.Sentences} })

// Make puts sentences of other truths after the truth, behind a space where it
// ends with a full stop, otherwise behind a comma, a semicolon or "and". Without
// end further ones follow until the response is cut off.
func (k overlong) Make(s *Source, ended bool, r *rand.Rand) []int {
	text := strings.TrimSpace(s.Truth)
	if !ended {
		last := text
		return s.prolonged(text, func() string {
			for range draws {
				if next := s.continuation(last, r); next != "" {
					last = next
					return next
				}
			}
			return ""
		})
	}
	var made []int
	for range 1 + r.IntN(k.sentences) {
		// A sentence that fits may have to be looked for among longer ones.
		for range draws {
			next := s.continuation(text, r)
			if next == "" {
				continue
			}
			if tokens := s.response(text + next); tokens != nil {
				text, made = text+next, tokens
				break
			}
		}
	}
	return made
}

// joints are what stands between a truth without a full stop and what follows.
var joints = []string{", ", "; ", " and "}

// continuation is a sentence of another example's first reference with what joins
// it to text; "" where the one drawn says nothing that is not there already.
func (s *Source) continuation(text string, r *rand.Rand) string {
	other := r.IntN(len(s.maker.examples))
	parts, between := split(s.maker.examples[other].References[0])
	joint := " "
	if strings.TrimRight(text, ".!?。") == text {
		joint = joints[r.IntN(len(joints))]
	}
	if len(parts) == 0 || other == s.index {
		return ""
	}
	starts := append(sentenceStarts(parts), len(parts))
	i := r.IntN(len(starts) - 1)
	sentence := strings.Join(parts[starts[i]:starts[i+1]], between)
	if strings.Contains(normal(s.Truth), normal(sentence)) {
		return ""
	}
	return joint + sentence
}
