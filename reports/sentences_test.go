package reports

import (
	"strings"
	"testing"

	"lastmile/metrics"
	"lastmile/runs"
)

// talk makes the sentences on ppo against mle, decoded in one way, from
// differences that are given.
func talk(byMetric map[string]*difference, controls ...control) string {
	sampling := map[string]decodeSettings{"sample": {Strategy: "sample", Temperature: 1}}
	b := &builder{
		evidence: &evidence{
			acronyms:  newAcronyms(algorithms),
			labels:    []label{{name: "mle", algorithm: algorithmNamed(algorithms, "none"), decode: sampling}, {name: "ppo", algorithm: algorithmNamed(algorithms, "ppo"), decode: sampling}},
			decodings: []decoding{{"sample", sampling["sample"]}},
		},
		baselines: []string{"mle"}, treatments: []string{"ppo"}, headline: "la-rougeL", controls: controls,
		table: &mainTable{differences: map[runs.System]map[string]*difference{ppo: byMetric}},
	}
	return strings.Join(b.sentences(), "\n")
}

var ppo = runs.System{Label: "ppo", Decode: "sample", Form: "raw"}

func diff(a, b, width, p float64) *difference {
	return &difference{
		Comparison: metrics.Comparison{MeanA: a, MeanB: b, Difference: a - b, Low: a - b - width, High: a - b + width, Examples: 913, Seeds: 3, Tested: true, P: p, Corrected: p},
		seeds:      []int{1, 2, 3},
	}
}

// ofTwo is a difference of two seeds, which is not tested.
func ofTwo(a, b, width float64) *difference {
	d := diff(a, b, width, 0)
	d.Tested, d.seeds = false, d.seeds[:2]
	return d
}

func postOfMLE(d *difference) control {
	return control{treatment: ppo, other: runs.System{Label: "mle", Decode: "sample", Form: "post"}, kind: postProcessed, difference: d}
}

func TestSentences(t *testing.T) {
	for name, c := range map[string]struct {
		byMetric map[string]*difference
		controls []control
		want     []string
		without  string
	}{
		"a gain": {
			map[string]*difference{"la-rougeL": diff(0.133, 0.096, 0.012, 0.0001), "repetition": diff(0.09, 0.134, 0.01, 0.0004), "ended": diff(0.97, 0.969, 0.01, 0.8), "length_ratio": diff(0.12, 0.15, 0.01, 0.002)}, nil,
			[]string{"PPO's raw outputs sampled at temperature 1 are better than MLE's by 0.037 [0.025, 0.049] la-ROUGE-L (0.133 against 0.096; p < 0.001; 913 examples, 3 seeds).",
				"Their repetition is lower, which is better (0.090 against 0.134, −0.044 [−0.054, −0.034], p < 0.001); their share ended is not significantly different (0.970 against 0.969, +0.001 [−0.009, 0.011], p = 0.80); their length ratio is closer to 1 (mean |ln length ratio| 0.120 against 0.150, −0.030 [−0.040, −0.020], p = 0.002)."}, "So the gain"},
		"a loss": {
			map[string]*difference{"la-rougeL": diff(0.096, 0.133, 0.012, 0.004), "ended": diff(0.9, 0.96, 0.01, 0.001), "length_ratio": diff(0.15, 0.12, 0.01, 0.002)}, []control{postOfMLE(diff(0.096, 0.15, 0.01, 0.0001))},
			[]string{"are worse than MLE's by 0.037 [0.025, 0.049] la-ROUGE-L (0.096 against 0.133; p = 0.004;",
				"share ended is lower, which is worse", "length ratio is farther from 1",
				"They are worse than post-processed outputs of MLE sampled at temperature 1 by 0.054 [0.044, 0.064] (0.096 against 0.150; p < 0.001)."}, "So the gain"},
		"nothing": {
			map[string]*difference{"la-rougeL": diff(0.133, 0.131, 0.012, 0.41)}, nil,
			[]string{"PPO's raw outputs sampled at temperature 1 are not significantly different from MLE's in la-ROUGE-L (0.133 against 0.131, a difference of +0.002 [−0.010, 0.014]; p = 0.41;"}, "above"},
		"two seeds": {
			map[string]*difference{"la-rougeL": ofTwo(0.133, 0.096, 0.001), "repetition": ofTwo(0.09, 0.134, 0.001), "length_ratio": ofTwo(0.12, 0.15, 0.001)}, []control{postOfMLE(ofTwo(0.133, 0.12, 0.01))},
			[]string{"PPO's raw outputs sampled at temperature 1 score 0.037 [0.036, 0.038] la-ROUGE-L above MLE's for these two models, over examples (0.133 against 0.096; 913 examples, 2 seeds). With fewer than three seeds nothing is called significant.",
				"Their repetition is 0.090 against 0.134 (−0.044 [−0.045, −0.043]); their mean |ln length ratio| is 0.120 against 0.150 (−0.030 [−0.031, −0.029]).", "They score 0.013 [0.003, 0.023] above post-processed outputs"}, "p ="},
		"a gain that a control has too": {
			map[string]*difference{"la-rougeL": diff(0.133, 0.096, 0.012, 0.0001)}, []control{postOfMLE(diff(0.133, 0.131, 0.01, 0.5))},
			[]string{"Post-processed outputs of MLE sampled at temperature 1 are not significantly different from them (0.133 against 0.131, a difference of +0.002 [−0.008, 0.012]; p = 0.50).",
				"So the gain is not shown to go beyond that of post-processed outputs of MLE sampled at temperature 1."}, ""},
		"a gain beyond the control": {
			map[string]*difference{"la-rougeL": diff(0.133, 0.096, 0.012, 0.0001)}, []control{postOfMLE(diff(0.133, 0.12, 0.01, 0.01))},
			[]string{"They are better than post-processed outputs of MLE sampled at temperature 1 by 0.013 [0.003, 0.023]", "p = 0.010", "So the gain goes beyond each of these controls."}, "not shown"},
		"no numbers": {map[string]*difference{}, nil, []string{"There is nothing to compare yet."}, "significant"},
	} {
		t.Run(name, func(t *testing.T) {
			got := talk(c.byMetric, c.controls...)
			contains(t, got, c.want...)
			if c.without != "" && strings.Contains(got, c.without) {
				t.Errorf("%q is said in:\n%s", c.without, got)
			}
		})
	}
}

// What the sentences say must be what the numbers say: the synthetic store
// has a gain in sampling, none in greedy decoding, and a control that equals
// the gain.
func TestSentencesOfAStore(t *testing.T) {
	summary, page := write(t, demo().store(t), options(t.TempDir()))
	said := strings.Join(summary.Sentences, "\n")
	contains(t, said,
		"PPO's raw outputs sampled at temperature 1 are better than MLE's by 0.0",
		"PPO's raw outputs decoded greedily are not significantly different from MLE's in la-ROUGE-L",
		"MLE sampled at its best temperature on dev (0.7) is not significantly different from them",
		"better than “MLE, longer” (MLE trained on) sampled at temperature 1 by 0.0",
		"So the gain is not shown to go beyond that of MLE sampled at its best temperature on dev (0.7).")
	contains(t, page, "### Controls", "best temperature on dev", "trained on", "post-processed")
}
