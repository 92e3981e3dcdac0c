package reward

import (
	"context"
	"math"

	"lastmile/experiments"
	"lastmile/harness/model"
)

// LearnedSettings are a reward that is the reward model's score.
type LearnedSettings struct {
	Weight
	// Baseline is "truth", which takes the score of the prompt's truth from
	// that of a response and divides by the mean over the prompts of the first
	// update of the standard deviation of the scores within a prompt, so that
	// the result does not depend on the unit of the scores; or "none", the
	// score as it is.
	Baseline string `toml:"baseline" json:"baseline"`
	// Clip bounds the result to ±Clip; 0 means no bound.
	Clip float64 `toml:"clip" json:"clip"`
}

var learnedReward = define("learned", LearnedSettings{Weight{1}, "truth", 2.5}, experiments.Rules{
	"baseline": experiments.Choice("baseline", "truth", "none"),
	"clip":     experiments.NotBelow(0),
}, func(s LearnedSettings, env Env) Reward {
	return &learned{LearnedSettings: s, score: env.Score}
}).byDefault().needsModel()

type learned struct {
	LearnedSettings
	score func([]model.Tree) ([][]float64, error)
	state struct {
		// GroupStd is the mean standard deviation of the scores within a prompt
		// at the first update.
		GroupStd float64 `json:"group_std"`
	}
}

// State implements [Stateful].
func (l *learned) State() any { return &l.state }

// Score implements [Reward].
func (l *learned) Score(_ context.Context, groups []Group) ([][]Value, error) {
	trees := make([]model.Tree, len(groups))
	for i, g := range groups {
		trees[i].Prompt = g.Prompt
		for _, r := range g.Responses {
			trees[i].Responses = append(trees[i].Responses, r.Tokens)
		}
		trees[i].Responses = append(trees[i].Responses, g.Truth)
	}
	scores, err := l.score(trees)
	if err != nil {
		return nil, err
	}
	if l.state.GroupStd == 0 {
		l.state.GroupStd = GroupStd(samples(groups, scores))
	}
	values := make([][]Value, len(groups))
	for i, of := range scores {
		last := len(of) - 1
		for _, score := range of[:last] {
			if l.Baseline == "truth" {
				score = (score - of[last]) / l.state.GroupStd
			}
			if l.Clip > 0 {
				score = math.Max(-l.Clip, math.Min(l.Clip, score))
			}
			values[i] = append(values[i], Value{Total: score})
		}
	}
	return values, nil
}

// samples are the scores of the responses that were sampled.
func samples(groups []Group, scores [][]float64) [][]float64 {
	of := make([][]float64, len(groups))
	for i, g := range groups {
		for j, r := range g.Responses {
			if !r.IsTruth {
				of[i] = append(of[i], scores[i][j])
			}
		}
	}
	return of
}

// GroupStd is the mean over groups of the standard deviation of a group's values,
// with n in its denominator; 1 where the values of no group differ.
func GroupStd(groups [][]float64) float64 {
	sum := 0.0
	for _, values := range groups {
		sum += deviation(values)
	}
	if sum == 0 {
		return 1
	}
	return sum / float64(len(groups))
}

func deviation(values []float64) float64 {
	mean, square := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		square += (v - mean) * (v - mean) / float64(len(values))
	}
	return math.Sqrt(square)
}
