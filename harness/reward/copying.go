package reward

import (
	"context"
	"math"
	"strings"

	"lastmile/metrics"
)

// copyingSettings are a reward that takes off the share of a response's words that stand
// in fragments copied from the input (coverage: Grusky et al. 2018), as far as it exceeds
// that of the truth. A policy that is rewarded for the words of references, most of which
// the input has, learns to copy more than people do. The paper has no such penalty.
type copyingSettings struct{ Weight }

var copyingReward = define("copying", copyingSettings{Weight{1}}, nil, func(_ copyingSettings, env Env) Reward { return copying{env.Text} })

// copying is that reward, with what tokens say.
type copying struct{ text func(tokens []int) string }

// Score implements [Reward].
func (c copying) Score(_ context.Context, groups []Group) ([][]Value, error) {
	coverage := similarity{"coverage", metrics.DefaultOptions()}
	values := make([][]Value, len(groups))
	for i, g := range groups {
		values[i] = make([]Value, len(g.Responses))
		if strings.TrimSpace(g.Input) == "" {
			continue // there is nothing to copy
		}
		inputs := []metrics.Input{{Source: g.Input, Hypothesis: c.text(g.Truth)}}
		for _, r := range g.Responses {
			inputs = append(inputs, metrics.Input{Source: g.Input, Hypothesis: c.text(r.Tokens)})
		}
		covered, err := coverage.scores(inputs)
		if err != nil {
			return nil, err
		}
		for j, of := range covered[1:] {
			values[i][j].Total = -math.Max(0, of-covered[0])
		}
	}
	return values, nil
}
