package stages

import (
	"embed"

	"lastmile/experiments"
	"lastmile/metrics"
)

// Sources are this package's files: their comments document its settings.
//
//go:embed *.go
var Sources embed.FS

// LearnedMetric is the metric that a scorer stage trains.
const LearnedMetric = "bleurt"

// Metrics say what is scored.
type Metrics struct {
	// Names lists the metrics, as the table of the package metrics knows them.
	Names []string `toml:"names" json:"names"`
	// Stemming applies Porter's stemmer in ROUGE.
	Stemming bool `toml:"stemming" json:"stemming"`
	// Tokenizer cuts texts into the words of ROUGE and of lengths: "rouge-score",
	// which knows the letters a to z and digits, or "unicode", by Unicode's rules
	// (UAX 29), Chinese and Japanese by the character.
	Tokenizer string `toml:"tokenizer" json:"tokenizer,omitempty"`
	// LengthAdjustment is the formula of la-ROUGE: "ratio", "exp", "brevity" or
	// "length-normalised", which divides by what a random system of that length
	// gets on the task's inputs.
	LengthAdjustment string `toml:"length_adjustment" json:"length_adjustment"`
	// LengthAlpha is the α of the formula "exp"; 0 means 1.
	LengthAlpha float64 `toml:"length_alpha" json:"length_alpha,omitempty"`
}

// metricsSection is the section [metrics] of a sweep file.
func metricsSection() experiments.Section {
	return experiments.Section{
		Key: "metrics",
		Default: Metrics{
			Names:            []string{"rouge1", "rouge2", "rougeL", "la-rougeL", LearnedMetric, "length_ratio", "repetition", "ended"},
			Stemming:         true,
			LengthAdjustment: "ratio",
		},
		Rules: experiments.Rules{
			"names":             experiments.List(experiments.OneOf("metric", MetricNames), 1),
			"stemming":          experiments.Anything,
			"tokenizer":         experiments.Choice("tokenizer", append([]string{""}, metrics.Tokenizers()...)...),
			"length_adjustment": experiments.Choice("formula", "ratio", "exp", "brevity", metrics.LengthNormalised),
			"length_alpha":      experiments.NotBelow(0),
		},
	}
}

// MetricNames are the metrics that can be scored in a sweep.
func MetricNames() []string {
	return append(append(metrics.Names(), LearnedMetric), metrics.Pretrained()...)
}

// Options are the options of metrics that do not need the task.
func (m Metrics) Options() metrics.Options {
	return metrics.Options{Stemming: m.Stemming, Tokenizer: m.Tokenizer, LengthAdjustment: m.LengthAdjustment, Alpha: m.LengthAlpha}
}
