package reward

import (
	"context"

	"lastmile/harness/random"
)

// randomSettings are a reward drawn from a standard normal distribution for every
// response: a control with a reward's variance that says nothing about the response.
type randomSettings struct{ Weight }

var randomReward = define("random", randomSettings{Weight{1}}, nil, func(_ randomSettings, env Env) Reward { return noise{env.Seed} })

type noise struct{ seed int }

// Score implements [Reward]. The stream of a draw is named by the seed, the
// update, the prompt and the number of the response.
func (n noise) Score(_ context.Context, groups []Group) ([][]Value, error) {
	values := make([][]Value, len(groups))
	for i, g := range groups {
		for j := range g.Responses {
			draw := random.New(n.seed, "reward", "random", g.Update, g.ID, j).NormFloat64()
			values[i] = append(values[i], Value{Total: draw})
		}
	}
	return values, nil
}
