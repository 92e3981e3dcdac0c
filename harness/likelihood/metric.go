package likelihood

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lastmile/metrics"
)

// given says what the model knows of a response.
type given int

const (
	nothing given = iota
	reference
	hypothesis
	source
)

// question asks for the mean log-probability of a response behind the prompt that a
// text is given in.
type question struct {
	given          given
	text, response string
}

// kind is a metric: what it asks for an input, and what it makes of the answers.
type kind struct {
	name string
	// given are whose prompts are a part of the signature, and aggregated says how
	// several references make one score.
	given      given
	aggregated string
	ask        func(metrics.Input) []question
	score      func(answers []float64) float64
}

var kinds = []kind{
	{metrics.Likelihood, nothing, "", func(in metrics.Input) []question {
		return []question{{nothing, "", in.Hypothesis}}
	}, first},
	{metrics.LikelihoodReference, reference, "max", func(in metrics.Input) []question {
		return ofReferences(in, func(r string) question { return question{reference, r, in.Hypothesis} })
	}, slices.Max[[]float64]},
	{metrics.LikelihoodRecall, hypothesis, "mean", func(in metrics.Input) []question {
		return ofReferences(in, func(r string) question { return question{hypothesis, in.Hypothesis, r} })
	}, mean},
	{metrics.LikelihoodSource, source, "", func(in metrics.Input) []question {
		return []question{{source, in.Source, in.Hypothesis}}
	}, first},
	{metrics.LikelihoodSourceGain, source, "", func(in metrics.Input) []question {
		return []question{{source, in.Source, in.Hypothesis}, {nothing, "", in.Hypothesis}}
	}, func(of []float64) float64 { return of[0] - of[1] }},
}

func first(of []float64) float64 { return of[0] }

func mean(of []float64) float64 {
	sum := 0.0
	for _, v := range of {
		sum += v
	}
	return sum / float64(len(of))
}

func ofReferences(in metrics.Input, ask func(reference string) question) []question {
	var all []question
	for _, r := range in.References {
		all = append(all, ask(r))
	}
	return all
}

// metric is a kind with the model that answers.
type metric struct {
	kind
	model *Model
}

// Metrics are the metrics of [metrics.Likelihoods], which share what the model
// computes.
func (m *Model) Metrics() []metrics.Metric {
	var all []metrics.Metric
	for _, k := range kinds {
		all = append(all, metric{k, m})
	}
	return all
}

// Name implements [metrics.Metric].
func (m metric) Name() string { return m.name }

// Direction returns [metrics.Higher].
func (m metric) Direction() metrics.Direction { return metrics.Higher }

// Signature returns how scores are made, the model by its type and the first 8 digits
// of the SHA-256 of its files, the start token by its id:
//
//	likelihood_reference|model:llama-1a2b3c4d|start:0|prompt:"{reference}\n"|agg:max|nats/token|v:1.0
func (m metric) Signature() string {
	parts := []string{m.name, "model:" + m.model.name, fmt.Sprintf("start:%d", m.model.start)}
	s := m.model.settings
	if text := [...]string{"", s.ReferencePrompt, s.RecallPrompt, s.SourcePrompt}[m.given]; text != "" {
		parts = append(parts, fmt.Sprintf("prompt:%q", text))
	}
	if m.aggregated != "" {
		parts = append(parts, "agg:"+m.aggregated)
	}
	return strings.Join(append(parts, "nats/token", "v:1.0"), "|")
}

// ScoreAll implements [metrics.Metric]. An input that lacks a reference or the source
// is a [metrics.LackError] where the metric needs one.
func (m metric) ScoreAll(inputs []metrics.Input) ([]float64, error) {
	asked := make([][]question, len(inputs))
	var all []question
	for i, in := range inputs {
		switch {
		case (m.given == reference || m.given == hypothesis) && len(in.References) == 0:
			return nil, &metrics.LackError{Example: i, Metric: m.name, What: "reference"}
		case m.given == source && strings.TrimSpace(in.Source) == "":
			return nil, &metrics.LackError{Example: i, Metric: m.name, What: "input text"}
		}
		asked[i] = m.ask(in)
		all = append(all, asked[i]...)
	}
	if err := m.model.answer(context.Background(), nil, all); err != nil {
		return nil, err
	}
	scores := make([]float64, len(inputs))
	for i, questions := range asked {
		answers := make([]float64, len(questions))
		for k, q := range questions {
			answers[k] = m.model.known[q]
		}
		scores[i] = m.score(answers)
	}
	return scores, nil
}

// Foresee computes for several lists of inputs at once what the metrics of these
// names will ask, so that a prompt that they share is computed once. An input that
// lacks something is left to the metric that needs it, and other names are ignored.
// progress is told how many of how many questions are answered; nil is told nothing.
func (m *Model) Foresee(ctx context.Context, names []string, progress func(done, total int), lists ...[]metrics.Input) error {
	var all []question
	for _, k := range kinds {
		if !slices.Contains(names, k.name) {
			continue
		}
		for _, inputs := range lists {
			for _, in := range inputs {
				all = append(all, k.ask(in)...)
			}
		}
	}
	return m.answer(ctx, progress, all)
}
