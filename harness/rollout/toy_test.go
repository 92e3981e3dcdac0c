package rollout

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"lastmile/harness/data"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/reward"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

const (
	vocabulary = modeltest.Vocabulary
	eos        = modeltest.EOS
)

// byResponse is a reward that looks at a response's tokens.
func byResponse(value func(tokens []int) float64) reward.Reward {
	return reward.Each(func(_ reward.Group, r reward.Response) reward.Value { return reward.Value{Total: value(r.Tokens)} })
}

// shareOfThrees is the share of a response's tokens that are threes.
func shareOfThrees(tokens []int) float64 {
	n := 0.0
	for _, token := range tokens {
		if token == 3 {
			n++
		}
	}
	return n / float64(len(tokens))
}

// toy is an environment of short responses, of which those with many threes are
// good. The reference is the policy as it was.
func toy(t testing.TB, s *torch.Session, dir string) Env {
	t.Helper()
	e := Env{
		Policy: modeltest.Tiny(t, s, 1), Reference: modeltest.Tiny(t, s, 1),
		Rewards:   reward.Sum{{Reward: byResponse(shareOfThrees), Name: "threes", Weight: 1}},
		MaxTokens: 6, Ends: []int{eos}, Seed: 1, Hooks: train.Hooks{Dir: dir}, Settings: Default(),
	}
	for i := range 10 {
		e.Problems = append(e.Problems, Problem{ID: fmt.Sprint(i), Prompt: []int{1 + i, 2}, Truth: []int{3, 3, eos}})
	}
	e.Settings.Updates, e.Settings.Prompts, e.Settings.Samples, e.Settings.CheckpointEvery = 2, 4, 3, 4
	e.Settings.LearningRate = 0.01
	return e
}

// start is [Start] without an error.
func start(t testing.TB, e Env) *Learner {
	t.Helper()
	l, err := Start(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// improve is the least algorithm: the policy gradient with the mean of the prompt's
// other rewards as the baseline.
func improve(ctx context.Context, e Env) error {
	l, err := Start(ctx, e)
	if err != nil {
		return err
	}
	for l.More() {
		batch, err := l.Rollout(ctx)
		if err != nil {
			return err
		}
		var rewards []float64
		for _, r := range batch {
			rewards = append(rewards, l.PenalizedReward(r))
		}
		batch.SetAdvantages(LeaveOneOut(rewards, e.Settings.Samples))
		err = l.Optimize(ctx, batch, 0.8, 1.2, func(p *Pass) (*torch.Tensor, error) {
			loss := p.LogRatio.Exp().Mul(p.Column(AdvantagesOf)).Mean().MulScalar(-p.Share)
			return loss, p.Log("policy_loss", loss)
		})
		if err != nil {
			return err
		}
		if err := l.EndUpdate(ctx, batch); err != nil {
			return err
		}
	}
	return l.Finish()
}

// curve reads one curve of training in dir.
func curve(t testing.TB, dir, name string) []float64 { return curveOf(t, dir, "train", name) }

// devCurve reads one curve of dev in dir.
func devCurve(t testing.TB, dir, name string) []float64 { return curveOf(t, dir, "dev", name) }

func curveOf(t testing.TB, dir, split, name string) (values []float64) {
	t.Helper()
	points, err := data.ReadLines[train.Point](filepath.Join(dir, "curves.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		if p.Split == split && p.Name == name {
			values = append(values, p.Value)
		}
	}
	return values
}
