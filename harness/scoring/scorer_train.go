package scoring

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"lastmile/harness/stages"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/scorer"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// ScorerTraining says how to train a scorer outside a sweep.
type ScorerTraining struct {
	// Config has the task whose references are distorted, and the scorer's
	// settings; its path must name the encoder to start from.
	Config experiments.Config
	// Out is the folder to write.
	Out string
	// Threads and Device are those of the computation; Progress is told how far
	// it is.
	Threads  int
	Device   string
	Progress func(done, total int, note string)
}

// TrainScorer trains a scorer and returns its quality on distortions of the
// task's dev references. Stopped, it goes on from its last checkpoint when it
// is called again with the same folder.
func TrainScorer(ctx context.Context, t ScorerTraining) (quality scorer.Quality, err error) {
	c, task := experiments.Get[scorer.Settings](t.Config, "scorer"), experiments.Get[data.Task](t.Config, "task")
	if c.Path == "" {
		return quality, stages.Mistakef("scorer.path is empty; a scorer is trained from a BERT encoder, --set scorer.path=FOLDER, or from scratch by a sweep with the metric %s", stages.LearnedMetric)
	}
	if err := c.CheckFiles(); err != nil {
		return quality, stages.Mistake{Err: err}
	}
	if c.BF16 && torch.OnCPU(t.Device) {
		return quality, stages.Mistakef("scorer.bf16: a CPU computes bf16 slower than f32; it is for a CUDA device (--device)")
	}
	examples, err := data.Read(task, data.Train)
	if err != nil {
		return quality, stages.Mistake{Err: err}
	}
	dev, err := data.Read(task, data.Dev)
	if err != nil {
		return quality, stages.Mistake{Err: err}
	}
	if err := os.MkdirAll(t.Out, 0o777); err != nil {
		return quality, err
	}
	learn := func() error {
		return stages.WithSession(t.Threads, t.Device, func(s *torch.Session) (err error) {
			quality, err = scorer.Train(ctx, s, nil, stages.ScorerTexts(examples, dev, c), c, train.Hooks{Dir: t.Out, Progress: t.Progress})
			return err
		})
	}
	checkpoint := filepath.Join(t.Out, stage.Checkpoint)
	err = learn()
	if bad := (*stage.CheckpointError)(nil); errors.As(err, &bad) {
		if err = os.RemoveAll(checkpoint); err == nil {
			err = learn()
		}
	}
	if err != nil {
		return quality, err
	}
	return quality, os.RemoveAll(checkpoint)
}
