package reward

import (
	"context"

	"lastmile/experiments"
	"lastmile/metrics"
)

// consensusSettings are a reward that is the mean similarity of a response to the other
// samples of its prompt: no reference, and the utility that minimum Bayes risk decoding
// estimates (Eikema and Aziz 2022), as self-consistency (Wang et al. 2023) for texts.
type consensusSettings struct {
	Weight
	// Metric is the similarity: any of the metrics that are rewards, from 0 to 1.
	Metric string `toml:"metric" json:"metric"`
	// Stemming applies Porter's stemmer in ROUGE.
	Stemming bool `toml:"stemming" json:"stemming"`
}

var consensusReward = define("consensus", consensusSettings{Weight{1}, "rougeL", true}, experiments.Rules{
	"metric":   experiments.OneOf("metric that is a reward", similarities),
	"stemming": experiments.Anything,
}, func(s consensusSettings, env Env) Reward {
	return consensus{similarity{s.Metric, metrics.Options{Stemming: s.Stemming, Tokenizer: env.Tokenizer}}, env.Text}
}).comparesSamples()

// similarities are the metrics that are rewards.
func similarities() []string {
	var names []string
	for _, e := range referenceRewards() {
		names = append(names, e.name)
	}
	return names
}

// consensus is a metric against the other samples.
type consensus struct {
	similarity
	text func(tokens []int) string
}

// Score implements [Reward]. A truth among the responses is compared with the samples,
// but no sample with it. A metric takes the best of several references, so each pair is
// an input of its own.
func (m consensus) Score(_ context.Context, groups []Group) ([][]Value, error) {
	values := make([][]Value, len(groups))
	for i, g := range groups {
		texts := make([]string, len(g.Responses))
		for j, r := range g.Responses {
			texts[j] = m.text(r.Tokens)
		}
		var inputs []metrics.Input
		others := make([]int, len(g.Responses))
		for j := range g.Responses {
			for k, other := range g.Responses {
				if k != j && !other.IsTruth {
					inputs = append(inputs, metrics.Input{Hypothesis: texts[j], References: []string{texts[k]}})
					others[j]++
				}
			}
		}
		scores, err := m.scores(inputs)
		if err != nil {
			return nil, err
		}
		values[i] = make([]Value, len(g.Responses))
		for j, n := range others {
			for _, score := range scores[:n] {
				values[i][j].Total += score / float64(n)
			}
			scores = scores[n:]
		}
	}
	return values, nil
}
