package negatives

import (
	"math"
	"math/rand/v2"
)

// randomTokens is tokens of the vocabulary, each as likely as any other.
type randomTokens struct{}

// randomSettings are those of tokens of the vocabulary, each as likely as any other.
type randomSettings struct{ Share }

var randomKind = define("random", true, randomSettings{Share{Weight: 1.2, Unended: 0.1}}, nil, func(randomSettings) Kind { return randomTokens{} })

// Make draws about as many tokens as the truth has, or as many as there may be.
func (randomTokens) Make(s *Source, ended bool, r *rand.Rand) []int {
	n := s.MaxResponse
	if ended {
		n = aboutAsMany(s.TruthTokens, s.MaxResponse-1, r)
	}
	tokens := make([]int, 0, n+1)
	for range n {
		tokens = append(tokens, s.maker.tokens[r.IntN(len(s.maker.tokens))])
	}
	if ended {
		tokens = append(tokens, s.maker.codec.End())
	}
	return tokens
}

// aboutAsMany draws a number around n, mostly between two thirds and one and a
// half of it, from 1 to limit, so that the length alone does not tell a
// negative from the truth.
func aboutAsMany(n, limit int, r *rand.Rand) int {
	drawn := int(math.Round(float64(n) * math.Exp(0.3*r.NormFloat64())))
	return min(max(drawn, 1), limit)
}
