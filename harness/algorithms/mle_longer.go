package algorithms

import (
	"context"

	"lastmile/experiments"
	"lastmile/harness/train"
)

// MLELonger goes on with maximum likelihood: the control for what other algorithms
// cost. It trains as [mle] says, but for so many steps.
type MLELonger struct {
	// Steps is the number of optimizer steps.
	Steps int `toml:"steps" json:"steps"`
}

var mleLonger = define(Maker{
	Name:   "mle_longer",
	Label:  "MLE trained on",
	Family: Likelihood,
	Needs:  Needs{Texts: true},
	Reads:  []string{"mle"},
}, MLELonger{Steps: 200}, experiments.Rules{"steps": experiments.AtLeast(1)})

// Train implements [Algorithm].
func (a MLELonger) Train(ctx context.Context, e *Env) error {
	return train.MLE(ctx, e.Policy, e.Train, e.Dev, e.MLE, a.Steps, e.Seed, "rl", e.Hooks)
}
