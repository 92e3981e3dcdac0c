package faithfulness

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lastmile/metrics"
)

// metric is the metric of a classifier.
type metric struct{ model *Model }

// Metrics is the metric faithfulness.
func (m *Model) Metrics() []metrics.Metric { return []metrics.Metric{metric{m}} }

// Name implements [metrics.Metric].
func (m metric) Name() string { return metrics.Faithfulness }

// Direction returns [metrics.Higher].
func (m metric) Direction() metrics.Direction { return metrics.Higher }

// Signature returns how scores are made, the classifier by its type and the first 8
// digits of the SHA-256 of its files:
//
//	faithfulness|model:roberta-1a2b3c4d|con:yes|split:lastmile-1|chars:11|sents:100|as:summac-zs|v:1.0
func (m metric) Signature() string {
	s, con := m.model.settings, "no"
	if s.Contradiction {
		con = "yes"
	}
	return fmt.Sprintf("%s|model:%s|con:%s|split:%s|chars:%d|sents:%d|as:summac-zs|v:1.0", m.Name(), m.model.encoder.Name, con, metrics.SentenceSplitter, s.MinCharacters, s.MaxSentences)
}

// ScoreAll implements [metrics.Metric]. An input without a source is a
// [metrics.LackError].
func (m metric) ScoreAll(inputs []metrics.Input) ([]float64, error) {
	for i, in := range inputs {
		if strings.TrimSpace(in.Source) == "" {
			return nil, &metrics.LackError{Example: i, Metric: m.Name(), What: "input text"}
		}
	}
	if err := m.model.classify(context.Background(), nil, inputs); err != nil {
		return nil, err
	}
	scores := make([]float64, len(inputs))
	for i, in := range inputs {
		scores[i] = m.model.score(in)
	}
	return scores, nil
}

// Foresee computes for several lists of inputs at once what the metric will ask. progress
// is told how many of how many inputs are done; nil is told nothing.
func (m *Model) Foresee(ctx context.Context, names []string, progress func(done, total int), lists ...[]metrics.Input) error {
	if !slices.Contains(names, metrics.Faithfulness) {
		return nil
	}
	return m.classify(ctx, progress, slices.Concat(lists...))
}
