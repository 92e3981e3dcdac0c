package reports

import (
	"context"

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

// readLengths counts the examples, and the words of references and outputs,
// all seeds together.
func (t *texts) readLengths(ctx context.Context, store *runs.Store, sweep string) error {
	t.splits, t.lengths = map[string]int{}, map[runs.System][]int{}
	examples, err := store.TaskExamples(ctx, sweep)
	if err != nil {
		return err
	}
	for _, e := range examples {
		t.splits[e.Split]++
		for _, r := range e.References {
			t.references = append(t.references, wordCount(r))
		}
	}
	outputs, err := store.SystemOutputs(ctx, sweep)
	if err != nil {
		return err
	}
	for _, of := range outputs {
		for _, o := range of.Outputs {
			t.lengths[of.System] = append(t.lengths[of.System], wordCount(o.Text))
		}
	}
	return nil
}

// readShown reads the examples of a selection and what became of them.
func (t *texts) readShown(ctx context.Context, store *runs.Store, sweep string, s *selection) error {
	t.outputs = map[runs.System]map[string]runs.Output{}
	wanted := map[string]bool{}
	for _, c := range s.chosen {
		wanted[c.id] = true
	}
	examples, err := store.TaskExamples(ctx, sweep)
	if err != nil {
		return err
	}
	for _, e := range examples {
		if wanted[e.ID] {
			t.examples = append(t.examples, e)
		}
	}
	outputs, err := store.SystemOutputs(ctx, sweep)
	if err != nil {
		return err
	}
	for _, of := range outputs {
		if of.Decode != s.treatment.Decode || of.Seed != s.seed {
			continue
		}
		t.outputs[of.System] = map[string]runs.Output{}
		for _, o := range of.Outputs {
			if wanted[o.ID] {
				t.outputs[of.System][o.ID] = o
			}
		}
	}
	return nil
}
