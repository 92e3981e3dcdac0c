package harness

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

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
	// settings; Scorer.Path must name the encoder to start from.
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
	c := t.Config.Scorer
	if c.Path == "" {
		return quality, Mistake{fmt.Errorf("scorer.path is empty; a scorer is trained from a BERT encoder, --set scorer.path=FOLDER, or from scratch by a sweep with the metric %s", learnedMetric)}
	}
	if _, err := os.Stat(filepath.Join(c.Path, "config.json")); err != nil {
		return quality, Mistake{fmt.Errorf("scorer.path: %w; expected a Hugging Face folder of a BERT encoder or of a scorer", err)}
	}
	if err := checkBF16(t.Config, t.Device); err != nil {
		return quality, err
	}
	if c.Ratings != "" {
		if _, err := scorer.ReadRatings(c.Ratings, "rating"); err != nil {
			return quality, Mistake{err}
		}
	}
	examples, err := data.Read(t.Config.Task, data.Train)
	if err != nil {
		return quality, Mistake{err}
	}
	dev, err := data.Read(t.Config.Task, data.Dev)
	if err != nil {
		return quality, Mistake{err}
	}
	if err := os.MkdirAll(t.Out, 0o777); err != nil {
		return quality, err
	}
	err = withSession(t.Threads, t.Device, func(s *torch.Session) error {
		quality, err = scorer.Train(ctx, s, nil, scorerTexts(examples, c), references(dev), c, train.Hooks{Dir: t.Out, Progress: t.Progress})
		return err
	})
	if err != nil {
		return quality, err
	}
	return quality, os.RemoveAll(filepath.Join(t.Out, stage.Checkpoint))
}
