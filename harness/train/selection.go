package train

import (
	"context"
	"maps"
	"slices"
)

// Selected is what a training remembers of the evaluations on dev by which its best
// parameters are chosen.
type Selected struct {
	// Best is the best score or loss, where there is a file with its parameters.
	Best     float64 `json:"best"`
	BestFile string  `json:"best_file"` // empty before the first evaluation
	// Worse is the number of evaluations since.
	Worse int `json:"worse"`
}

// Stopped reports whether so many evaluations without a better one, 0 for any number,
// end the training.
func (s *Selected) Stopped(patience int) bool { return patience > 0 && s.Worse >= patience }

// isBest reports whether a value, of which lower ones are better where lower is true,
// is the best so far.
func (s *Selected) isBest(value float64, lower bool) bool {
	return s.BestFile == "" || lower && value < s.Best || !lower && value > s.Best
}

// offer keeps the parameters where their evaluation is the best so far.
func (t *Trainer) offer(s *Selected, value float64, lower bool) error {
	if !s.isBest(value, lower) {
		s.Worse++
		return nil
	}
	file, err := t.SaveBest()
	if err != nil {
		return err
	}
	*s = Selected{Best: value, BestFile: file}
	return nil
}

// Evaluate scores greedy outputs for the first dev examples, 0 for all, by the
// hooks, adds the scores to the curves, and keeps the parameters where the one of the
// metric on is the best so far. With on "" it chooses nothing.
func (t *Trainer) Evaluate(ctx context.Context, on string, examples int, s *Selected) error {
	scores, err := t.hooks.Evaluate(ctx, t.Model, on, examples)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(scores)) {
		t.Log("dev", name, scores[name])
	}
	if on == "" {
		return nil
	}
	return t.offer(s, scores[on], false)
}
