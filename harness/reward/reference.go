package reward

import (
	"context"
	"slices"
	"strings"

	"lastmile/experiments"
	"lastmile/metrics"
)

// rougeSettings are a reward that is a ROUGE of the response against the references of
// the training prompt (Ranzato et al. 2016; Paulus et al. 2018).
type rougeSettings struct {
	Weight
	// Stemming applies Porter's stemmer.
	Stemming bool `toml:"stemming" json:"stemming"`
}

// adjustedSettings are a reward that is a length-adjusted ROUGE of the response against
// the references of the training prompt.
type adjustedSettings struct {
	Weight
	// Stemming applies Porter's stemmer.
	Stemming bool `toml:"stemming" json:"stemming"`
	// LengthAdjustment is the formula: "ratio", "exp" or "brevity".
	LengthAdjustment string `toml:"length_adjustment" json:"length_adjustment"`
}

// ngramSettings are a reward that is BLEU (Papineni et al. 2002) or chrF (Popović 2015)
// of the response against the references of the training prompt, by sentence and from
// 0 to 1 (Ranzato et al. 2016; Chang et al. 2025, "BLEUBERI").
type ngramSettings struct{ Weight }

// fromHundred are the metrics that go up to 100. As rewards they are divided by it,
// so that one weight and one KL coefficient suit all.
var fromHundred = []string{"bleu", "chrf"}

// referenceRewards are a reward for every ROUGE and length-adjusted ROUGE that the
// package metrics has, for BLEU and for chrF.
func referenceRewards() []entry {
	var plain, adjusted, others []entry
	stemming := experiments.Rules{"stemming": experiments.Anything}
	for _, name := range metrics.Names() {
		switch {
		case strings.HasPrefix(name, "rouge"):
			plain = append(plain, define(name, rougeSettings{Weight{1}, true}, stemming, func(s rougeSettings, env Env) Reward {
				return reference{similarity{name, metrics.Options{Stemming: s.Stemming, Tokenizer: env.Tokenizer}}.scores, env.Text}
			}))
		case strings.HasPrefix(name, "la-rouge"):
			rules := experiments.Rules{"length_adjustment": experiments.Choice("formula", "ratio", "exp", "brevity")}.And(stemming)
			adjusted = append(adjusted, define(name, adjustedSettings{Weight{1}, true, "ratio"}, rules, func(s adjustedSettings, env Env) Reward {
				return reference{similarity{name, metrics.Options{Stemming: s.Stemming, Tokenizer: env.Tokenizer, LengthAdjustment: s.LengthAdjustment}}.scores, env.Text}
			}))
		case slices.Contains(fromHundred, name):
			others = append(others, define(name, ngramSettings{Weight{1}}, nil, func(_ ngramSettings, env Env) Reward {
				return reference{similarity{name, metrics.Options{}}.scores, env.Text}
			}))
		}
	}
	return slices.Concat(plain, adjusted, others)
}

// similarity is a metric of texts, against references for the most part.
type similarity struct {
	metric  string
	options metrics.Options
}

// scores are those of inputs, from 0 to 1.
func (m similarity) scores(inputs []metrics.Input) ([]float64, error) {
	selected, err := metrics.Select([]string{m.metric}, m.options)
	if err != nil {
		return nil, err
	}
	all, err := metrics.All(selected, inputs, 1)
	if err != nil {
		return nil, err
	}
	if slices.Contains(fromHundred, m.metric) {
		for i := range all[0] {
			all[0][i] /= 100
		}
	}
	return all[0], nil
}

// reference is a metric against the references.
type reference struct {
	scores func([]metrics.Input) ([]float64, error)
	text   func(tokens []int) string
}

// Score implements [Reward].
func (m reference) Score(_ context.Context, groups []Group) ([][]Value, error) {
	return scoreTogether(groups, func(g Group, r Response) metrics.Input {
		return metrics.Input{Hypothesis: m.text(r.Tokens), References: g.References, Ended: r.Ended, Tokens: len(r.Tokens)}
	}, m.scores)
}
