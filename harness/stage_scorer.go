package harness

import (
	"context"

	"lastmile/harness/data"
	"lastmile/harness/scorer"
	"lastmile/harness/stage"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
	"lastmile/metrics"
)

// runScorer trains the learned metric on the references of the training
// examples, with the base model's tokenizer. It shares nothing else with the
// policy, and nothing with the reward model.
func runScorer(ctx context.Context, job *stage.Job) error {
	t, err := tokenizer.Load(job.Inputs[baseKind])
	if err != nil {
		return err
	}
	examples, dev, err := trainAndDev(job)
	if err != nil {
		return err
	}
	return withSession(job.Threads, func(s *torch.Session) error {
		_, err := scorer.Train(ctx, s, t, references(examples), references(dev), job.Config.Scorer, hooks(job))
		return err
	})
}

// references are all references of the examples.
func references(examples []data.Example) []string {
	var all []string
	for _, e := range examples {
		all = append(all, e.References...)
	}
	return all
}

// openScorer returns the learned metric in the folder of a scorer stage. It is
// used and closed on the goroutine that opened it.
func openScorer(dir string, threads int) (m metrics.Metric, closeScorer func() error, err error) {
	s, err := scorer.Open(dir, threads)
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}
