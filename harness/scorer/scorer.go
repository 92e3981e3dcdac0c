package scorer

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"lastmile/harness/encoder"
	"lastmile/harness/kept"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/metrics"
)

// Name is what a sweep file calls the metric.
const Name = "bleurt"

// batchSize is the number of pairs scored at once.
const batchSize = 64

// Scorer is a trained scorer as a [metrics.Metric]. It belongs to the
// goroutine that opened it, which is the one to use and close it.
type Scorer struct {
	encoder   *Encoder
	reader    reader
	signature string
	kept      *kept.File // nil where nothing is kept
	// known holds what was scored before, so that a text that post-processing
	// leaves as it was costs nothing and keeps its score to the last digit.
	known map[Pair]float64
}

// Open loads a scorer from a folder: one that [Train] wrote, or a BLEURT
// checkpoint as converted for bleurt-pytorch 0.0.1. It locks the goroutine to
// its thread until Close. A folder that is neither, or lacks a part, is an
// error; there is no checkpoint to fall back to.
func Open(dir string, threads int) (*Scorer, error) {
	weights, _, err := stage.HashFile(context.Background(), weightsFile(dir))
	if err != nil {
		return nil, fmt.Errorf("opening a scorer: %w", err)
	}
	s, err := torch.Open(torch.Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	e, err := Load(s, dir)
	var v encoder.Vocabulary
	if err == nil {
		v, err = encoder.ReadVocabulary(dir, e.Config.Config)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("opening a scorer: %w", err)
	}
	return &Scorer{
		encoder:   e,
		reader:    newReader(v, e.Config),
		signature: fmt.Sprintf("%s|model:%s-%s|agg:max|v:1.0", Name, maker(e.Config), weights[:8]),
		known:     make(map[Pair]float64),
	}, nil
}

// maker says whose model it is: one of ours, or a BLEURT checkpoint.
func maker(c Config) string {
	if c.ModelType == encoder.BLEURT {
		return "bleurt"
	}
	return "lastmile"
}

// Close frees the scorer's memory and its thread.
func (m *Scorer) Close() error {
	err := m.encoder.Session().Err()
	m.encoder.Session().Close()
	return err
}

// Name returns "bleurt".
func (m *Scorer) Name() string { return Name }

// Signature returns how scores are made, the weights by the first 8 digits of
// their SHA-256: bleurt|model:lastmile-1a2b3c4d|agg:max|v:1.0.
func (m *Scorer) Signature() string { return m.signature }

// Direction returns [metrics.Higher].
func (m *Scorer) Direction() metrics.Direction { return metrics.Higher }

// Metrics is the metric bleurt.
func (m *Scorer) Metrics() []metrics.Metric { return []metrics.Metric{m} }

// Keep has what the network says kept in a file, so that a process that scores the same
// and is interrupted computes nothing twice.
func (m *Scorer) Keep(in *kept.File) { m.kept = in }

// Foresee computes for several lists of inputs at once what the metric will ask. An input
// that lacks a reference is left to it. progress is told how many of how many pairs are
// scored; nil is told nothing.
func (m *Scorer) Foresee(ctx context.Context, names []string, progress func(done, total int), lists ...[]metrics.Input) error {
	if !slices.Contains(names, Name) {
		return nil
	}
	return m.compute(ctx, progress, slices.Concat(lists...))
}

// ScoreAll scores each input's hypothesis, by the reference that gives it the most
// points. Scores are those of the regression head: about 0 to 1, not bounded.
func (m *Scorer) ScoreAll(inputs []metrics.Input) ([]float64, error) {
	for i, input := range inputs {
		if len(input.References) == 0 {
			return nil, fmt.Errorf("example %d has no reference, and %s needs one", i+1, Name)
		}
	}
	if err := m.compute(context.Background(), nil, inputs); err != nil {
		return nil, err
	}
	out := make([]float64, len(inputs))
	for i, input := range inputs {
		of := make([]float64, len(input.References))
		for k, reference := range input.References {
			of[k] = m.known[Pair{reference, input.Hypothesis}]
		}
		out[i] = slices.Max(of)
	}
	return out, nil
}

// compute scores what is not known yet.
func (m *Scorer) compute(ctx context.Context, progress func(done, total int), inputs []metrics.Input) error {
	var unknown []Pair
	asked := make(map[Pair]bool)
	for _, input := range inputs {
		for _, reference := range input.References {
			p := Pair{reference, input.Hypothesis}
			if _, ok := m.known[p]; !ok && !asked[p] {
				asked[p] = true
				unknown = append(unknown, p)
			}
		}
	}
	scores, err := m.encoder.score(ctx, m.reader, unknown, m.kept, progress)
	if err != nil {
		return err
	}
	for i, p := range unknown {
		m.known[p] = scores[i]
	}
	return nil
}

// score scores pairs without gradients.
func (e *Encoder) score(ctx context.Context, r reader, pairs []Pair, keep *kept.File, progress func(done, total int)) ([]float64, error) {
	outputs, err := e.outputs(ctx, r, pairs, keep, progress)
	if err != nil {
		return nil, err
	}
	scores := make([]float64, len(pairs))
	for i, of := range outputs {
		scores[i] = e.Config.score(of)
	}
	return scores, nil
}

// outputs computes the head's outputs for each pair without gradients, pairs
// of similar length together, those of a batch kept together where keep is not nil.
func (e *Encoder) outputs(ctx context.Context, r reader, pairs []Pair, keep *kept.File, progress func(done, total int)) ([][]float64, error) {
	rows := make([]encoder.Row, len(pairs))
	order := make([]int, len(pairs))
	for i, p := range pairs {
		rows[i], order[i] = r.row(p), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(rows[a].Tokens), len(rows[b].Tokens)) })
	out := make([][]float64, len(pairs))
	done, n := 0, len(e.Config.Outputs())
	for indices := range slices.Chunk(order, batchSize) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch := encoder.Pick(rows, indices)
		values, err := keep.Once(batch, n*len(batch), func() ([]float64, error) { return e.values(r.Batch(batch)) })
		if err != nil {
			return nil, fmt.Errorf("scoring %d pairs: %w", len(pairs), err)
		}
		for k, i := range indices {
			out[i] = values[k*n : (k+1)*n]
		}
		if done += len(batch); progress != nil {
			progress(done, len(pairs))
		}
	}
	return out, nil
}

// values are the outputs for a batch, row by row, computed without gradients.
func (e *Encoder) values(b encoder.Batch) (values []float64, err error) {
	err = e.Session().NoGrad(func() error {
		values, err = e.Outputs(b).Value64s()
		return err
	})
	return values, err
}
