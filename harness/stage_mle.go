package harness

import (
	"context"

	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// runMLE fine-tunes the base model by maximum likelihood.
func runMLE(ctx context.Context, job *stage.Job) error {
	return maximizeLikelihood(ctx, job, job.Inputs[baseKind], 0)
}

// maximizeLikelihood trains the model in the folder from for some optimizer
// steps, or for the epochs of the configuration where steps is 0.
func maximizeLikelihood(ctx context.Context, job *stage.Job, from string, steps int) error {
	c := job.Config
	l, err := openLanguage(from, c.Task)
	if err != nil {
		return err
	}
	examples, dev, err := trainAndDev(job)
	if err != nil {
		return err
	}
	stage := mleKind
	if steps > 0 {
		stage = rlKind
	}
	return withSession(job.Threads, job.Device, func(s *torch.Session) error {
		m, err := loadModel(s, from, c.Task)
		if err != nil {
			return err
		}
		if m, err = adapted(m, c, stage); err != nil {
			return err
		}
		if err := train.MLE(ctx, m, l.sequences(examples), l.sequences(dev), c.MLE, steps, c.Seed, stage, hooks(job)); err != nil {
			return err
		}
		return savePolicy(m, l.Tokenizer, job.Dir)
	})
}
