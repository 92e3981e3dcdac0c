package rollout

import (
	"embed"
	"fmt"

	"lastmile/experiments"
	"lastmile/harness/decode"
	"lastmile/harness/reward"
	"lastmile/harness/train"
)

// Sources are this package's files: their comments document its settings.
//
//go:embed *.go
var Sources embed.FS

// Settings are what is common to the algorithms that sample from the policy that
// they train.
type Settings struct {
	train.OptimizerSettings
	// Updates is the number of rounds of sampling and learning.
	Updates int `toml:"updates" json:"updates"`
	// Prompts is the number of prompts in an update.
	Prompts int `toml:"prompts" json:"prompts"`
	// Samples is the number of responses to each prompt.
	Samples int `toml:"samples" json:"samples"`
	// Temperature is the sampling temperature. The default is that of the
	// decoding sample, at which a policy is reported.
	Temperature float64 `toml:"temperature" json:"temperature"`
	// Epochs is the number of passes over an update's responses.
	Epochs int `toml:"epochs" json:"epochs"`
	// Minibatches is the number of optimizer steps in a pass. A prompt's
	// responses stay together.
	Minibatches int `toml:"minibatches" json:"minibatches"`
	// TargetKL ends an update's passes once the policy has moved so far, in
	// nats a token (k3), from the one that sampled; 0 means never.
	TargetKL float64 `toml:"target_kl" json:"target_kl"`
	// Baseline is what is taken off the sum of the rewards of a response:
	// "none", or "truth", the sum of the prompt's truth.
	Baseline string `toml:"baseline" json:"baseline"`
	// ScaleRewards is what the sum of the rewards is divided by: "none", or
	// "group_std", the mean over the prompts of the first update of the standard
	// deviation of the sums within a prompt.
	ScaleRewards string `toml:"scale_rewards" json:"scale_rewards"`

	// MLECoefficient weighs an auxiliary loss of maximum likelihood on the truths
	// of the update's prompts, the mean over their tokens (Ouyang et al. 2022,
	// PPO-ptx); 0 means none.
	MLECoefficient float64 `toml:"mle_coefficient" json:"mle_coefficient,omitempty"`

	// EvalEvery is the number of updates between two evaluations of greedy outputs
	// for dev, which are also made before the first update and after the last; 0
	// means none.
	EvalEvery int `toml:"eval_every" json:"eval_every,omitempty"`
	// SelectOn is the metric by which the best evaluation is the result; where
	// nothing is said the last policy is.
	SelectOn string `toml:"select_on" json:"select_on,omitempty"`
	// Patience is the number of evaluations without a better one after which
	// training stops; 0 means never.
	Patience int `toml:"patience" json:"patience,omitempty"`
	// DevExamples is the number of dev examples that are evaluated, the first; 0
	// means all.
	DevExamples int `toml:"dev_examples" json:"dev_examples,omitempty"`

	KL KLSettings `toml:"kl" json:"kl"`
}

// Default are the settings of which nothing is said.
func Default() Settings {
	optimizer := train.DefaultOptimizer(1e-4)
	optimizer.CheckpointEvery = 20
	optimizer.WeightDecay = 0
	optimizer.Epsilon = 1e-5
	return Settings{
		OptimizerSettings: optimizer,
		Updates:           50,
		Prompts:           24,
		Samples:           4,
		Temperature:       decode.Default("sample").Temperature,
		Epochs:            2,
		Minibatches:       2,
		TargetKL:          0.1,
		Baseline:          none,
		ScaleRewards:      none,
		KL:                KLSettings{Coefficient: 0.1, In: InReward, Estimator: K1, Target: 6, Horizon: 10000},
	}
}

// The values of rl.baseline and rl.scale_rewards.
const (
	none     = "none"
	truth    = "truth"
	groupStd = "group_std"
)

// Section is the section [rl] of a sweep file. metric says which metrics can choose
// among policies on dev.
func Section(active func(experiments.Config) bool, metric experiments.Check) experiments.Section {
	return experiments.Section{
		Key:     "rl",
		Default: Default(),
		Rules: train.WithOptimizer(experiments.Rules{
			"updates":         experiments.AtLeast(1),
			"prompts":         experiments.Whole(1, 1<<16),
			"samples":         experiments.Whole(1, 1<<16),
			"temperature":     experiments.Temperature,
			"epochs":          experiments.Whole(1, 1<<16),
			"minibatches":     experiments.Whole(1, 1<<16),
			"target_kl":       experiments.NotBelow(0),
			"baseline":        experiments.Choice("baseline", none, truth),
			"scale_rewards":   experiments.Choice("scale", none, groupStd),
			"mle_coefficient": experiments.NotBelow(0),
			"eval_every":      experiments.AtLeast(0),
			"select_on":       metric,
			"patience":        experiments.AtLeast(0),
			"dev_examples":    experiments.AtLeast(0),
		}.And(klRules)),
		Active: active,
		Check: func(c experiments.Config) []experiments.Complaint {
			s := experiments.Get[Settings](c, "rl")
			return experiments.Complaints(checkMinibatches(s), checkSamples(s, reward.ComparesSamples(c)), checkKL(s.KL), checkSelection(s))
		},
	}
}

// checkSamples complains about a reward, "" for none, that compares the samples of a
// prompt where there is one alone.
func checkSamples(s Settings, comparing string) experiments.Complaint {
	if comparing == "" || s.Samples > 1 {
		return experiments.Complaint{}
	}
	return experiments.Complaint{
		Keys:    []string{"rl.samples", "reward." + comparing},
		Message: fmt.Sprintf("the reward %s compares the samples of a prompt with each other, and %d is too few", comparing, s.Samples),
	}
}

// checkMinibatches complains about more minibatches than there are prompts.
func checkMinibatches(s Settings) experiments.Complaint {
	if s.Minibatches <= s.Prompts {
		return experiments.Complaint{}
	}
	return experiments.Complaint{
		Keys:    []string{"rl.minibatches", "rl.prompts"},
		Message: fmt.Sprintf("%d minibatches cannot be made of %d prompts, whose responses stay together", s.Minibatches, s.Prompts),
	}
}

// checkSelection complains about a choice among evaluations where there are none.
func checkSelection(s Settings) experiments.Complaint {
	switch {
	case s.EvalEvery == 0 && s.SelectOn != "":
		return experiments.Complaint{
			Keys:    []string{"rl.select_on", "rl.eval_every"},
			Message: fmt.Sprintf("%s chooses among evaluations on dev, and with eval_every = 0 there are none", s.SelectOn),
		}
	case s.SelectOn == "" && s.Patience > 0:
		return experiments.Complaint{
			Keys:    []string{"rl.patience", "rl.select_on"},
			Message: "patience waits for a better evaluation on dev, and without select_on none is better than another",
		}
	}
	return experiments.Complaint{}
}
