package evaluation

import (
	"slices"

	"lastmile/harness/correlation"
)

// Measure is what is measured on the samples of one policy.
type Measure struct {
	// Policy is one of [Policies].
	Policy string `json:"policy"`
	// Statistic is "truth above", the share of samples that the truth scores above;
	// "kendall" (tau-b), "spearman" or "pearson", the mean over prompts of the
	// correlation of the reward with a metric over the prompt's samples; or "ranked",
	// the share of pairs of samples of one prompt that the reward orders as a metric
	// does, among those that differ by [Distinct] or more.
	Statistic string `json:"statistic"`
	// Metric is the one that the reward is compared with; "" where there is none.
	Metric string `json:"metric"`
	Estimate
}

// The statistics of a [Measure].
const (
	TruthAbove = "truth above"
	Kendall    = "kendall"
	Spearman   = "spearman"
	Pearson    = "pearson"
	Ranked     = "ranked"
)

// Distinct is by how much two samples must differ in a metric for their order to count.
const Distinct = 0.02

// correlations are those that are measured within a prompt.
var correlations = []struct {
	name string
	of   func(x, y []float64) float64
}{{Kendall, correlation.Kendall}, {Spearman, correlation.Spearman}, {Pearson, correlation.Pearson}}

// samples measures on the samples of one policy.
func samples(prompts []Prompt, policy int, names Names) []Measure {
	var above, all []float64
	for _, p := range prompts {
		sum := 0.0
		for _, s := range p.Policies[policy] {
			sum += right(p.Truth, s.Score)
		}
		above, all = append(above, sum), append(all, float64(len(p.Policies[policy])))
	}
	measures := []Measure{{Statistic: TruthAbove, Estimate: ratio(above, all)}}
	for m, metric := range names.Metrics {
		for _, c := range correlations {
			var values []float64
			for _, p := range prompts {
				if scores, by := columns(p.Policies[policy], m); varies(by) {
					values = append(values, c.of(scores, by))
				}
			}
			measures = append(measures, Measure{Statistic: c.name, Metric: metric, Estimate: mean(values)})
		}
		if m == names.Ranked {
			measures = append(measures, Measure{Statistic: Ranked, Metric: metric, Estimate: ranked(prompts, policy, m)})
		}
	}
	return measures
}

// columns are the scores of samples, and what they score by a metric.
func columns(samples []Sample, metric int) (scores, by []float64) {
	for _, s := range samples {
		scores, by = append(scores, s.Score), append(by, s.Metrics[metric])
	}
	return scores, by
}

func varies(values []float64) bool { return len(values) > 0 && slices.Min(values) < slices.Max(values) }

// ranked is the share of pairs of samples that the reward orders as a metric does.
func ranked(prompts []Prompt, policy, metric int) Estimate {
	var agree, pairs []float64
	for _, p := range prompts {
		sum, n := 0.0, 0.0
		for _, a := range p.Policies[policy] {
			for _, b := range p.Policies[policy] {
				if a.Metrics[metric]-b.Metrics[metric] >= Distinct {
					sum += right(a.Score, b.Score)
					n++
				}
			}
		}
		if n > 0 {
			agree, pairs = append(agree, sum), append(pairs, n)
		}
	}
	return ratio(agree, pairs)
}
