package stages

import (
	"embed"
	"fmt"
	"slices"
	"strings"

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
	// Names lists the metrics, as the table of the package metrics knows them, and
	// those of [metrics.command.NAME].
	Names []string `toml:"names" json:"names"`
	// Stemming applies Porter's stemmer in ROUGE.
	Stemming bool `toml:"stemming" json:"stemming"`
	// Tokenizer cuts texts into the words of ROUGE and of lengths: "rouge-score",
	// which knows the letters a to z and digits, or "unicode", by Unicode's rules
	// (UAX 29), Chinese and Japanese by the character. Rewards, rankings of samples
	// and what is chosen on dev go by the same words.
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
			"names":             experiments.List(MetricName(), 1),
			"stemming":          experiments.Anything,
			"tokenizer":         experiments.Choice("tokenizer", append([]string{""}, metrics.Tokenizers()...)...),
			"length_adjustment": experiments.Choice("formula", "ratio", "exp", "brevity", metrics.LengthNormalised),
			"length_alpha":      experiments.NotBelow(0),
		},
		Check: noMetric,
	}
}

// MetricNames are the metrics that can be scored in a sweep, but for those of commands.
func MetricNames() []string {
	return append(append(metrics.Names(), LearnedMetric), metrics.Pretrained()...)
}

// MetricName allows the metrics that can be scored in a sweep, and what may be one of a
// command's.
func MetricName() experiments.Check {
	known := experiments.OneOf("metric", MetricNames)
	return experiments.Check{Allowed: known.Allowed, Broken: func(value any) string {
		if name, _ := value.(string); IsExternal(name) {
			return ""
		}
		return known.Broken(value)
	}}
}

// IsExternal tells whether a metric is computed by a command of the user's, if there is
// one of that name.
func IsExternal(metric string) bool {
	_, _, ok := metrics.External(metric)
	return ok
}

// noMetric complains about metrics of commands that there are not, or that have no such
// number.
func noMetric(c experiments.Config) []experiments.Complaint {
	var found []experiments.Complaint
	complain := func(message string, keys ...string) {
		found = append(found, experiments.Complaint{Keys: append([]string{"metrics.names"}, keys...), Message: message})
	}
	for _, name := range experiments.Get[Metrics](c, "metrics").Names {
		command, number, ok := metrics.External(name)
		if !ok {
			continue
		}
		key := metricCommands + "." + command
		switch numbers := experiments.Get[MetricCommand](c, key).Numbers; {
		case !c.Has(key):
			known := experiments.OneOf("metric", func() []string { return append(MetricNames(), externalNames(c)...) })
			complain(known.Broken(name) + "; there is no [" + key + "] that could compute it")
		case !slices.Contains(numbers, number):
			complain(fmt.Sprintf("the command %s has no number %q; one of %s", command, number, strings.Join(numbers, ", ")), key+".numbers")
		}
	}
	return found
}

// externalNames are the metrics of the commands that a run uses.
func externalNames(c experiments.Config) []string {
	var names []string
	for _, command := range c.Names(metricCommands) {
		for _, number := range experiments.Get[MetricCommand](c, metricCommands+"."+command).Numbers {
			names = append(names, metrics.ExternalName(command, number))
		}
	}
	return names
}

// Options are the options of metrics that do not need the task.
func (m Metrics) Options() metrics.Options {
	return metrics.Options{Stemming: m.Stemming, Tokenizer: m.Tokenizer, LengthAdjustment: m.LengthAdjustment, Alpha: m.LengthAlpha}
}
