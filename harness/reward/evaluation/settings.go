package evaluation

import (
	"embed"

	"lastmile/experiments"
)

// Sources are this package's files: their comments document its settings.
//
//go:embed *.go
var Sources embed.FS

// Settings say how a reward model is evaluated, on dev. Nothing is trained by it, and no
// other stage reads the result.
type Settings struct {
	// Examples is the number of dev examples, drawn at random, the same for all runs.
	Examples int `toml:"examples" json:"examples"`
	// Samples is the number of responses that each of both policies gives to a prompt:
	// the MLE policy, and that after reinforcement learning.
	Samples int `toml:"samples" json:"samples"`
	// Temperature is that of the samples.
	Temperature float64 `toml:"temperature" json:"temperature"`
	// BatchSize is the number of responses sampled or scored at once; it changes speed
	// and memory, and nothing else but rounding.
	BatchSize int `toml:"batch_size" json:"batch_size"`
}

// Section is the section [reward_eval] of a sweep file.
func Section(active func(experiments.Config) bool) experiments.Section {
	return experiments.Section{
		Key:     "reward_eval",
		Default: Settings{Examples: 200, Samples: 8, Temperature: 1, BatchSize: 64},
		Rules: experiments.Rules{
			"examples":    experiments.AtLeast(1),
			"samples":     experiments.Whole(2, 1<<16),
			"temperature": experiments.Temperature,
			"batch_size":  experiments.Whole(1, 1<<16),
		},
		Active: active,
	}
}
