package reward

import (
	"context"
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

// rougeRewards are a reward for every ROUGE and length-adjusted ROUGE that the
// package metrics has.
func rougeRewards() []entry {
	var plain, adjusted []entry
	stemming := experiments.Rules{"stemming": experiments.Anything}
	for _, name := range metrics.Names() {
		switch {
		case strings.HasPrefix(name, "rouge"):
			plain = append(plain, define(name, rougeSettings{Weight{1}, true}, stemming, func(s rougeSettings, env Env) Reward {
				return reference{name, metrics.Options{Stemming: s.Stemming}, env.Text}
			}))
		case strings.HasPrefix(name, "la-rouge"):
			rules := experiments.Rules{"length_adjustment": experiments.Choice("formula", "ratio", "exp", "brevity")}.And(stemming)
			adjusted = append(adjusted, define(name, adjustedSettings{Weight{1}, true, "ratio"}, rules, func(s adjustedSettings, env Env) Reward {
				return reference{name, metrics.Options{Stemming: s.Stemming, LengthAdjustment: s.LengthAdjustment}, env.Text}
			}))
		}
	}
	return append(plain, adjusted...)
}

// reference is a metric against the references.
type reference struct {
	metric  string
	options metrics.Options
	text    func(tokens []int) string
}

// Score implements [Reward].
func (m reference) Score(_ context.Context, groups []Group) ([][]Value, error) {
	selected, err := metrics.Select([]string{m.metric}, m.options)
	if err != nil {
		return nil, err
	}
	var inputs []metrics.Input
	for _, g := range groups {
		for _, r := range g.Responses {
			inputs = append(inputs, metrics.Input{Hypothesis: m.text(r.Tokens), References: g.References, Ended: r.Ended, Tokens: len(r.Tokens)})
		}
	}
	scores, err := metrics.All(selected, inputs, 1)
	if err != nil {
		return nil, err
	}
	values := make([][]Value, len(groups))
	at := 0
	for i, g := range groups {
		for range g.Responses {
			values[i] = append(values[i], Value{Total: scores[0][at]})
			at++
		}
	}
	return values, nil
}
