package negatives

import (
	"math/rand/v2"

	"lastmile/experiments"
)

// PolicyKind is the name of the kind that the MLE policy writes itself. It is made of
// samples, which a [Maker] has from [Maker.UseSamples]; without them it makes none.
const PolicyKind = "policy"

// Sample is a response that the MLE policy drew to an example's prompt.
type Sample struct {
	// Example is the ID of the example.
	Example string `json:"example"`
	// Ended tells whether the last of Tokens is the end token.
	Ended bool `json:"ended"`
	// Similarity is the ROUGE-L F1 of Text against the example's first reference,
	// from 0 to 1.
	Similarity float64 `json:"similarity"`
	// Tokens is the response, exactly as it was drawn, and Text the output in it.
	Tokens []int  `json:"tokens"`
	Text   string `json:"text"`
}

// policy takes the samples that the MLE policy itself drew (Chen et al. 2024, "SPIN").
type policy struct{ nearest float64 }

// policySettings are those of the MLE policy's own samples, which [samples] describes.
type policySettings struct {
	Ended
	// Nearest is the similarity to the truth, as ROUGE-L from 0 to 1, above which
	// a sample is no negative: it may be as good.
	Nearest float64 `toml:"nearest" json:"nearest"`
}

var policyKind = define(PolicyKind, false, policySettings{Ended{Weight: 1}, 0.5}, experiments.Rules{"nearest": experiments.From(0, 1)},
	func(s policySettings) Kind { return policy{s.Nearest} })

// Make takes one of the ended samples that are not too near to the truth, each at most
// once in a group.
func (k policy) Make(s *Source, _ bool, r *rand.Rand) []int {
	if s.sampled == nil {
		s.sampled = [][]int{}
		for _, sample := range s.maker.samples[s.Example.ID] {
			if sample.Ended && sample.Similarity <= k.nearest {
				s.sampled = append(s.sampled, sample.Tokens)
			}
		}
	}
	if len(s.sampled) == 0 {
		return nil
	}
	i, last := r.IntN(len(s.sampled)), len(s.sampled)-1
	tokens := s.sampled[i]
	s.sampled[i] = s.sampled[last]
	s.sampled = s.sampled[:last]
	return tokens
}
