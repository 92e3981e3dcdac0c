package external

import (
	"fmt"
	"slices"
	"strconv"

	"lastmile/harness/kept"
	"lastmile/metrics"
)

// Measures are metrics that one process computes. It is asked once about a text, for all
// of them and however often they are wanted.
type Measures struct {
	process *Process
	known   map[identity][]float64
	kept    *kept.File // nil where nothing is kept
	metrics []metrics.Metric
}

// NewMeasures makes the metrics of a process whose settings are s: those of its numbers,
// with the direction of each, under the command's name. It fails where a file of the
// command line cannot be read.
func NewMeasures(p *Process, command string, directions []metrics.Direction) (*Measures, error) {
	told, err := p.settings.Told()
	if err != nil {
		return nil, fmt.Errorf("the command %s: %w", p.Name, err)
	}
	m := &Measures{process: p, known: map[identity][]float64{}}
	for i, number := range p.Numbers {
		name := metrics.ExternalName(command, number)
		signature := metrics.ExternalSignature(name, strconv.Quote(told), strconv.Quote(p.settings.Version), directions[i])
		m.metrics = append(m.metrics, metric{name, signature, directions[i], i, m})
	}
	return m, nil
}

// Metrics are the metrics, in the order of the numbers.
func (m *Measures) Metrics() []metrics.Metric { return slices.Clone(m.metrics) }

// Foresee asks about lists of inputs what was not asked yet, so that they are asked in one
// go. progress is told how many of how many are answered; nil is told nothing.
func (m *Measures) Foresee(progress func(done, total int), lists ...[]metrics.Input) error {
	var items []Item
	for _, inputs := range lists {
		for _, in := range inputs {
			item := itemOf(in)
			if id := item.identity(); m.known[id] == nil && !m.wasKept(id) {
				items = append(items, item)
			}
		}
	}
	answers, err := m.process.Ask(items, progress)
	if err != nil {
		return err
	}
	for i, item := range items {
		m.known[item.identity()] = answers[i]
	}
	return nil
}

// Close ends the process.
func (m *Measures) Close() error { return m.process.Close() }

func itemOf(in metrics.Input) Item {
	return Item{ID: in.ID, Input: in.Source, References: in.References, Hypothesis: in.Hypothesis}
}

// metric is one number of the answers.
type metric struct {
	name, signature string
	direction       metrics.Direction
	place           int
	of              *Measures
}

// Name implements [metrics.Metric].
func (m metric) Name() string { return m.name }

// Signature implements [metrics.Metric], see [metrics.ExternalSignature].
func (m metric) Signature() string { return m.signature }

// Direction implements [metrics.Metric].
func (m metric) Direction() metrics.Direction { return m.direction }

// ScoreAll implements [metrics.Metric].
func (m metric) ScoreAll(inputs []metrics.Input) ([]float64, error) {
	if err := m.of.Foresee(nil, inputs); err != nil {
		return nil, err
	}
	scores := make([]float64, len(inputs))
	for i, in := range inputs {
		scores[i] = m.of.known[itemOf(in).identity()][m.place]
	}
	return scores, nil
}
