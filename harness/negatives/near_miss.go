package negatives

import (
	"math/rand/v2"

	"lastmile/experiments"
	"lastmile/harness/data"
)

// nearMiss is the reference of the example whose reference is most like the truth:
// good text on the topic, and wrong.
type nearMiss struct {
	same  float64
	index *similarTruths
}

// nearMissSettings are those of the reference of the example whose reference is most
// like the truth, those left out that say the same or whose input is about the same. It
// is not drawn: a seed changes nothing.
type nearMissSettings struct {
	Ended
	// Same is the cosine of two references, as bags of words weighted by
	// TF-IDF, from which on they are taken to say the same.
	Same float64 `toml:"same" json:"same"`
}

var nearMissKind = define("near-miss", false, nearMissSettings{Ended{Weight: 1}, 0.85}, experiments.Rules{"same": experiments.AboveTo(0, 1)},
	func(s nearMissSettings) Kind { return &nearMiss{same: s.Same} })

func (k *nearMiss) over(examples []data.Example) Kind {
	return &nearMiss{k.same, indexTruths(examples)}
}

// Make takes the nearest reference; the second, third and so on of a group take the
// next ones. It makes none where no other has a word in common with the truth.
func (k *nearMiss) Make(s *Source, _ bool, _ *rand.Rand) []int {
	if s.nearest == nil {
		s.nearest = k.index.nearest(s.index, k.same)
	}
	for s.misses < len(s.nearest) {
		other := s.nearest[s.misses]
		s.misses++
		if tokens := s.response(s.maker.examples[other].References[0]); tokens != nil {
			return tokens
		}
	}
	return nil
}
