package reward

import (
	"context"
	"math"
)

// lengthSettings are a reward that takes off |ln(length / length of the truth)|, both in
// tokens with the end token.
type lengthSettings struct{ Weight }

var lengthReward = define("length", lengthSettings{Weight{1}}, nil, func(lengthSettings, Env) Reward {
	return each(func(g Group, r Response) Value { return Value{Total: -lengthRatio(r.Tokens, g.Truth)} })
}).byDefault()

// lengthRatio is |ln(length of the response / length of the truth)|, both in
// tokens with the end token.
func lengthRatio(response, truth []int) float64 {
	return math.Abs(math.Log(float64(len(response)) / float64(len(truth))))
}

// each is a reward that looks at one response at a time.
type each func(Group, Response) Value

// Score implements [Reward].
func (value each) Score(_ context.Context, groups []Group) ([][]Value, error) {
	values := make([][]Value, len(groups))
	for i, g := range groups {
		for _, r := range g.Responses {
			values[i] = append(values[i], value(g, r))
		}
	}
	return values, nil
}
