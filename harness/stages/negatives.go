package stages

import (
	"context"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/negatives"
	"lastmile/harness/stage"
)

// Negatives is the kind that makes bad responses.
const Negatives = "negatives"

var negativesKind = Kind{
	Name:    Negatives,
	Version: 1,
	Reads:   reads(append(append([]string{"seed"}, textKeys...), "negatives")...),
	Inputs: func(c experiments.Config) []Need {
		if needsPolicySamples(c) {
			return []Need{in(Prepare), in(Base), in(Samples)}
		}
		return []Need{in(Prepare), in(Base)}
	},
	Improves: true,
	Pure:     true,
	Run:      makeNegatives,
}

// makeNegatives makes bad responses: train.jsonl, so many for each example as the settings say,
// and dev.jsonl, one of each kind and form for each.
func makeNegatives(ctx context.Context, job *stage.Job) error {
	t, err := openTexts(job, Base)
	if err != nil {
		return err
	}
	var settings negatives.Settings
	if err := job.Read("negatives", &settings); err != nil {
		return err
	}
	for _, split := range []struct {
		name     data.Split
		examples []data.Example
		make     func(m *negatives.Maker, i int) []negatives.Negative
	}{
		{data.Train, t.train, func(m *negatives.Maker, i int) []negatives.Negative { return m.Make(t.Seed, i) }},
		{data.Dev, t.dev, func(m *negatives.Maker, i int) []negatives.Negative { return m.MakeAll(t.Seed, i) }},
	} {
		maker, err := negatives.New(settings, t.Codec, t, split.examples)
		if err != nil {
			return err
		}
		if dir, ok := job.Inputs[Samples]; ok {
			samples, err := data.ReadLines[negatives.Sample](splitFile(dir, split.name))
			if err != nil {
				return err
			}
			maker.UseSamples(samples)
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
