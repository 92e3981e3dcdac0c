package reward

import "math"

// lengthSettings are a reward that takes off |ln(length / length of the truth)|, both in
// tokens with the end token.
type lengthSettings struct{ Weight }

var lengthReward = define("length", lengthSettings{Weight{1}}, nil, func(lengthSettings, Env) Reward {
	return Each(func(g Group, r Response) Value { return Value{Total: -lengthRatio(r.Tokens, g.Truth)} })
}).byDefault()

// lengthRatio is |ln(length of the response / length of the truth)|, both in
// tokens with the end token.
func lengthRatio(response, truth []int) float64 {
	return math.Abs(math.Log(float64(len(response)) / float64(len(truth))))
}
