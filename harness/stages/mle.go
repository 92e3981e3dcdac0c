package stages

import (
	"context"

	"lastmile/experiments"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// MLE is the kind that fine-tunes it by maximum likelihood.
const MLE = "mle"

var mleKind = Kind{
	Name:    MLE,
	Version: 2,
	Reads: func(c experiments.Config) []string {
		return trainingKeys(c, append([]string{"mle"}, evaluationKeys(selectsMLE(c))...)...)
	},
	Cost:   []string{train.CheckpointCost("mle")},
	Inputs: needs(in(Prepare), in(Base)),
	Run:    maximizeLikelihood,
	Ingest: ingestCurves,
}

// maximizeLikelihood fine-tunes the base model by maximum likelihood.
func maximizeLikelihood(ctx context.Context, job *stage.Job) error {
	t, err := openTexts(job, Base)
	if err != nil {
		return err
	}
	var settings train.MLESettings
	if err := job.Read("mle", &settings); err != nil {
		return err
	}
	return WithSession(job.Threads, job.Device, func(s *torch.Session) error {
		m, err := LoadModel(s, job.Inputs[Base], t.Task)
		if err != nil {
			return err
		}
		if m, err = adapted(m, t.common, "mle"); err != nil {
			return err
		}
		if err := train.MLE(ctx, m, t.sequences(t.train), t.sequences(t.dev), settings, 0, t.Seed, "mle", t.hooks(job)); err != nil {
			return err
		}
		return savePolicy(m, t.Tokenizer, job.Dir)
	})
}

// selectsMLE reports whether maximum likelihood goes by a metric of dev.
func selectsMLE(c experiments.Config) bool {
	on, _ := c.Value("mle.select_on")
	return on != nil && on != ""
}
