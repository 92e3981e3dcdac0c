package stages

import (
	"context"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/likelihood"
	"lastmile/metrics"
)

// needsLikelihood tells whether a run is scored by a metric under a causal language
// model.
func needsLikelihood(c experiments.Config) bool {
	return slices.ContainsFunc(experiments.Get[Metrics](c, "metrics").Names, IsLikelihood)
}

// IsLikelihood tells whether a metric needs the causal language model of the section
// [likelihood].
func IsLikelihood(metric string) bool { return slices.Contains(metrics.Likelihoods(), metric) }

// MadeElsewhere tells whether a metric is none of the package metrics: one by a model of
// its own, that of a scorer stage or of the section [likelihood], or by a command.
func MadeElsewhere(metric string) bool {
	return metric == LearnedMetric || IsLikelihood(metric) || IsExternal(metric)
}

// likelihoodContent is the hash of the model that computes likelihoods, "" for none.
func likelihoodContent(ctx context.Context, c experiments.Config, files Hasher) (string, error) {
	if !needsLikelihood(c) {
		return "", nil
	}
	hash, err := modelContent(ctx, experiments.Get[likelihood.Settings](c, "likelihood").Model, files)
	if err != nil {
		return "", Mistakef("likelihood.model: %w", err)
	}
	return hash, nil
}

// checkLikelihood tells whether that model can be used.
func checkLikelihood(c experiments.Config) error {
	if !needsLikelihood(c) {
		return nil
	}
	if err := experiments.Get[likelihood.Settings](c, "likelihood").Check(); err != nil {
		return Mistakef("likelihood.model: %w; expected a Hugging Face folder of a causal language model", err)
	}
	return nil
}
