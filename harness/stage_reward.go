package harness

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"lastmile/harness/data"
	"lastmile/harness/negatives"
	"lastmile/harness/reward"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
)

func accuracyFile(dir string) string { return filepath.Join(dir, "accuracy.json") }

// runReward trains the reward model: the MLE policy with a scalar head, and
// accuracy.json with what it gets right on dev.
func runReward(ctx context.Context, job *stage.Job) error {
	c := job.Config
	l, err := openLanguage(job.Inputs[mleKind], c.Task)
	if err != nil {
		return err
	}
	examples, dev, err := trainAndDev(job)
	if err != nil {
		return err
	}
	if n := c.Reward.DevExamples; n > 0 && n < len(dev) {
		dev = dev[:n]
	}
	train, err := l.comparisons(examples, splitFile(job.Inputs[negativesKind], data.Train))
	if err != nil {
		return err
	}
	held, err := l.comparisons(dev, splitFile(job.Inputs[negativesKind], data.Dev))
	if err != nil {
		return err
	}
	return withSession(job.Threads, job.Device, func(s *torch.Session) error {
		m, err := loadModel(s, job.Inputs[mleKind], c.Task)
		if err != nil {
			return err
		}
		if m, err = adapted(m, c, rewardKind); err != nil {
			return err
		}
		m.AddHead()
		accuracies, err := reward.Train(ctx, m, train, held, c.Reward, c.Seed, hooks(job))
		if err != nil {
			return err
		}
		text, err := json.MarshalIndent(accuracies, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(accuracyFile(job.Dir), append(text, '\n'), 0o666); err != nil {
			return err
		}
		return savePolicy(m, l.Tokenizer, job.Dir)
	})
}

// comparisons are examples with the negatives that a file holds for them.
// Examples without any are left out.
func (l language) comparisons(examples []data.Example, path string) ([]reward.Example, error) {
	made, err := data.ReadLines[negatives.Negative](path)
	if err != nil {
		return nil, err
	}
	of := make(map[string][]reward.Negative)
	for _, n := range made {
		of[n.Example] = append(of[n.Example], reward.Negative{Kind: n.Kind, Ended: n.Ended, Tokens: n.Tokens})
	}
	var out []reward.Example
	for _, e := range examples {
		if len(of[e.ID]) == 0 {
			continue
		}
		truth, _ := l.codec.Response(e.References[0])
		out = append(out, reward.Example{Prompt: l.codec.Prompt(e), Truth: truth, Negatives: of[e.ID]})
	}
	return out, nil
}
