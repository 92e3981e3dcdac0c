package reports

import (
	"context"
	"slices"

	"lastmile/metrics"
	"lastmile/runs"
)

// texts are what a report shows of the examples and the outputs of a sweep.
type texts struct {
	splits     map[string]int // how many examples of each split were decoded
	references []int          // the references' lengths in words
	lengths    map[runs.System][]int
	examples   []runs.Example                         // those that are shown
	outputs    map[runs.System]map[string]runs.Output // theirs, by example
}

// wordCount is the length of a text as ROUGE counts it.
func wordCount(text string) int { return len(metrics.Tokenize(text, false)) }

// readExamples counts the examples of labels, or of all where none is given, and the
// words of their references, and keeps those of a selection, which may be nil.
func (t *texts) readExamples(ctx context.Context, store *runs.Store, sweep string, labels []string, s *selection) error {
	t.splits = map[string]int{}
	shown := s.ids()
	for e, err := range store.Examples(ctx, sweep, labels...) {
		if err != nil {
			return err
		}
		t.splits[e.Split]++
		for _, r := range e.References {
			t.references = append(t.references, wordCount(r))
		}
		if slices.Contains(shown, e.ID) {
			t.examples = append(t.examples, e)
		}
	}
	return nil
}

// readLengths counts the words of the outputs, all seeds together. The store
// knows lengths in tokens alone, so the texts pass by, those of one stage at a
// time, and those of labels that are not shown are passed over.
func (t *texts) readLengths(ctx context.Context, store *runs.Store, sweep string, shown map[string]bool) error {
	t.lengths = map[runs.System][]int{}
	for of, err := range store.Outputs(ctx, sweep, runs.Selection{}) {
		if err != nil {
			return err
		}
		if !shown[of.Label] {
			continue
		}
		for _, o := range of.Outputs {
			t.lengths[of.System] = append(t.lengths[of.System], wordCount(o.Text))
		}
	}
	return nil
}

// readOutputs reads what became of the examples of a selection, which may be
// nil.
func (t *texts) readOutputs(ctx context.Context, store *runs.Store, sweep string, s *selection) error {
	if s == nil {
		return nil
	}
	t.outputs = map[runs.System]map[string]runs.Output{}
	want := runs.Selection{Decode: s.treatment.Decode, Seeds: []int{s.seed}, Examples: s.ids()}
	for of, err := range store.Outputs(ctx, sweep, want) {
		if err != nil {
			return err
		}
		t.outputs[of.System] = map[string]runs.Output{}
		for _, o := range of.Outputs {
			t.outputs[of.System][o.ID] = o
		}
	}
	return nil
}
