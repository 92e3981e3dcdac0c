package harness

import (
	"context"

	"lastmile/harness/data"
	"lastmile/harness/negatives"
	"lastmile/harness/stage"
)

// runNegatives makes bad responses: train.jsonl, PerExample for each example,
// and dev.jsonl, one of each kind and form for each.
func runNegatives(ctx context.Context, job *stage.Job) error {
	c := job.Config
	l, err := openLanguage(job.Inputs[baseKind], c.Task)
	if err != nil {
		return err
	}
	examples, dev, err := trainAndDev(job)
	if err != nil {
		return err
	}
	for _, split := range []struct {
		name     data.Split
		examples []data.Example
		make     func(m *negatives.Maker, i int) []negatives.Negative
	}{
		{data.Train, examples, func(m *negatives.Maker, i int) []negatives.Negative { return m.Make(c.Seed, i) }},
		{data.Dev, dev, func(m *negatives.Maker, i int) []negatives.Negative { return m.MakeAll(c.Seed, i) }},
	} {
		maker, err := negatives.New(c.Negatives, l.codec, l, split.examples)
		if err != nil {
			return err
		}
		var made []negatives.Negative
		for i := range split.examples {
			if err := ctx.Err(); err != nil {
				return err
			}
			made = append(made, split.make(maker, i)...)
			job.Progress(i+1, len(split.examples), split.name)
		}
		if err := data.WriteLines(splitFile(job.Dir, split.name), made); err != nil {
			return err
		}
	}
	return nil
}
