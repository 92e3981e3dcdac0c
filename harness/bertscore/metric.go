package bertscore

import (
	"context"
	"fmt"
	"slices"

	"lastmile/metrics"
)

// score is what a hypothesis scores by a reference.
type score struct{ precision, recall, f1 float64 }

// best is the larger of each.
func (s score) best(t score) score {
	return score{max(s.precision, t.precision), max(s.recall, t.recall), max(s.f1, t.f1)}
}

// metric is one of the three numbers, with the model that computes them.
type metric struct {
	name  string
	of    func(score) float64
	model *Model
}

// Metrics are the metrics of [metrics.BERTScores], which share what the model computes.
func (m *Model) Metrics() []metrics.Metric {
	return []metrics.Metric{
		metric{metrics.BERTScore, func(s score) float64 { return s.f1 }, m},
		metric{metrics.BERTScorePrecision, func(s score) float64 { return s.precision }, m},
		metric{metrics.BERTScoreRecall, func(s score) float64 { return s.recall }, m},
	}
}

// Name implements [metrics.Metric].
func (m metric) Name() string { return m.name }

// Direction returns [metrics.Higher].
func (m metric) Direction() metrics.Direction { return metrics.Higher }

// Signature returns how scores are made, the encoder by its type and the first 8 digits
// of the SHA-256 of its files, a baseline by those of its own:
//
//	bertscore|model:roberta-1a2b3c4d|layer:17|idf:no|rescale:no|agg:max|as:bert-score-0.3.13|v:1.0
func (m metric) Signature() string {
	idf, rescale := "no", "no"
	if m.model.settings.IDF {
		idf = "yes"
	}
	if name := m.model.baseline.name; name != "" {
		rescale = name
	}
	return fmt.Sprintf("%s|model:%s|layer:%d|idf:%s|rescale:%s|agg:max|as:bert-score-0.3.13|v:1.0", m.name, m.model.encoder.Name, m.model.encoder.Config.NumHiddenLayers, idf, rescale)
}

// ScoreAll implements [metrics.Metric]. An input that lacks a reference is a
// [metrics.LackError].
func (m metric) ScoreAll(inputs []metrics.Input) ([]float64, error) {
	for i, in := range inputs {
		if len(in.References) == 0 {
			return nil, &metrics.LackError{Example: i, Metric: m.name, What: "reference"}
		}
	}
	if err := m.model.match(context.Background(), nil, inputs); err != nil {
		return nil, err
	}
	weight := m.model.weights(inputs)
	scores := make([]float64, len(inputs))
	for i, in := range inputs {
		var best score
		for k, reference := range in.References {
			s := m.model.score(pair{in.Hypothesis, reference}, weight)
			if m.model.baseline.name != "" {
				s = m.model.baseline.rescale(s)
			}
			if k == 0 {
				best = s
			}
			best = best.best(s)
		}
		scores[i] = m.of(best)
	}
	return scores, nil
}

// Foresee computes for several lists of inputs at once what the metrics will ask. An
// input that lacks a reference is left to the metric that needs it. progress is told how
// many of how many pairs are matched; nil is told nothing.
func (m *Model) Foresee(ctx context.Context, names []string, progress func(done, total int), lists ...[]metrics.Input) error {
	if !slices.ContainsFunc(metrics.BERTScores(), func(name string) bool { return slices.Contains(names, name) }) {
		return nil
	}
	return m.match(ctx, progress, slices.Concat(lists...))
}
