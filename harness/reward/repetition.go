package reward

import "math"

// repetitionSettings are a reward that takes off the share of a response's tokens that
// came before in it, as far as it exceeds the truth's, on the tokens that repeat. A
// reward model that has learned relevance scores a response higher for each
// repetition of a relevant word. The paper has no such penalty.
type repetitionSettings struct{ Weight }

var repetitionReward = define("repetition", repetitionSettings{Weight{4}}, nil, func(repetitionSettings, Env) Reward {
	return Each(func(g Group, r Response) Value {
		places := repeats(r.Tokens)
		excess := math.Max(0, share(places, r.Tokens)-share(repeats(g.Truth), g.Truth))
		value := Value{Total: -excess, Tokens: make([]float64, len(r.Tokens))}
		for _, i := range places {
			value.Tokens[i] = -excess / float64(len(places))
		}
		return value
	})
}).byDefault()

// repeats are the places of the tokens that came before.
func repeats(tokens []int) (places []int) {
	seen := make(map[int]bool)
	for i, token := range tokens {
		if seen[token] {
			places = append(places, i)
		}
		seen[token] = true
	}
	return places
}

func share(places, tokens []int) float64 { return float64(len(places)) / float64(len(tokens)) }
