package rollout

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"testing"

	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/reward"
	"lastmile/harness/torch"
)

func TestAPolicyImproves(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	dir := t.TempDir()
	e := toy(t, s, dir)
	e.Settings.Updates, e.Settings.Samples, e.Settings.LearningRate = 30, 8, 0.03
	e.Settings.Temperature, e.Settings.TargetKL, e.Settings.KL.Coefficient = 1, 0, 0
	before := s.Live()
	if err := improve(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	rewards := curve(t, dir, "reward")
	if first, last := rewards[0], rewards[len(rewards)-1]; len(rewards) != 30 || first > 0.4 || last < 0.7 {
		t.Errorf("in %d updates the share of threes went from %g to %g", len(rewards), first, last)
	}
	if s.Live() != before {
		t.Errorf("training left %d tensors", s.Live()-before)
	}
}

func TestCurves(t *testing.T) {
	dir := t.TempDir()
	e := toy(t, modeltest.Open(t, torch.Float32), dir)
	e.Settings.KL = KLSettings{Coefficient: 0.5, In: InReward, Estimator: K1, Adaptive: true, Target: 4, Horizon: 12}
	e.Rewards = append(e.Rewards, reward.Term{Reward: byResponse(func(tokens []int) float64 { return float64(len(tokens)) }), Name: "length", Weight: 0.1})
	if err := improve(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"reward", "reward/threes", "reward/length", "kl", "kl_k2", "kl_k3", "length", "ended", "entropy", "policy_loss", "clip_fraction", "policy_kl", "kl_coefficient"} {
		if points := curve(t, dir, name); len(points) != 2 {
			t.Errorf("%d points of %s", len(points), name)
		}
	}
	if points := curve(t, dir, "explained_variance"); points != nil {
		t.Errorf("without a critic the explained variance is %v", points)
	}
	// In an update of 12 responses the coefficient falls by a fifth where there is
	// hardly any divergence.
	if points := curve(t, dir, "kl_coefficient"); points[0] != 0.5 || math.Abs(points[1]-0.4) > 1e-12 {
		t.Errorf("the coefficient of the KL penalty is %v, want 0.5 and 0.4", points)
	}
	for i, sum := range curve(t, dir, "reward") {
		threes, length := curve(t, dir, "reward/threes")[i], curve(t, dir, "reward/length")[i]
		if math.Abs(sum-threes-0.1*length) > 1e-9 || length != curve(t, dir, "length")[i] {
			t.Errorf("update %d: a reward of %g, of which %g threes and a tenth of %g", i+1, sum, threes, length)
		}
	}
}

func TestTheExplainedVariance(t *testing.T) {
	for _, test := range []struct {
		values [3]float64
		want   float64
	}{
		{[3]float64{1, 2, 3}, 1}, {[3]float64{4, 4, 4}, 0}, {[3]float64{3, 2, 1}, -3},
	} {
		batch := Batch{{Values: test.values[:2], Returns: []float64{1, 2}}, {Values: test.values[2:], Returns: []float64{3}}}
		if got := explainedVariance(batch); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("values %v of the returns 1, 2, 3 explain %g, want %g", test.values, got, test.want)
		}
	}
	if got := explainedVariance(Batch{{Values: []float64{1, 2}, Returns: []float64{3, 3}}}); got != 0 {
		t.Errorf("of equal returns the values explain %g", got)
	}
}

// rolled is the first batch of a learner, with advantages.
func rolled(t *testing.T, l *Learner) Batch {
	t.Helper()
	batch, err := l.Rollout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	advantages := make([]float64, len(batch))
	for i := range advantages {
		advantages[i] = float64(i%2)*2 - 1
	}
	batch.SetAdvantages(advantages)
	return batch
}

func TestMinibatchesKeepPromptsTogether(t *testing.T) {
	e := toy(t, modeltest.Open(t, torch.Float32), t.TempDir())
	e.Settings.Prompts, e.Settings.Epochs, e.Settings.Minibatches, e.Settings.TargetKL = 5, 2, 2, 0
	e.Settings.MicroBatch = 1
	l := start(t, e)
	batch := rolled(t, l)
	seen, share := map[int]int{}, 0.0
	err := l.Optimize(t.Context(), batch, 0.8, 1.2, func(p *Pass) (*torch.Tensor, error) {
		if len(p.Rollouts) != 3 || p.Responses != 6 && p.Responses != 9 {
			t.Errorf("a pass over %d of %d responses, want the 3 of a prompt", len(p.Rollouts), p.Responses)
		}
		for _, r := range p.Rollouts {
			if r.Problem != p.Rollouts[0].Problem {
				t.Error("a pass over several prompts")
			}
			seen[r.Problem]++
		}
		share += p.Share
		return p.LogRatio.Mean().MulScalar(p.Share), nil
	})
	if err != nil || l.Steps != 4 || len(seen) != 5 || math.Abs(share-4) > 1e-9 {
		t.Errorf("%d steps over the prompts %v, their shares %g in all: %v", l.Steps, seen, share, err)
	}
	for problem, n := range seen {
		if n != 6 {
			t.Errorf("prompt %d has %d responses in two epochs of 3", problem, n)
		}
	}
}

func TestStepsOnAPartOfTheResponses(t *testing.T) {
	e := toy(t, modeltest.Open(t, torch.Float32), t.TempDir())
	e.Settings.Epochs, e.Settings.Minibatches, e.Settings.TargetKL, e.Settings.MicroBatch = 1, 2, 0, 1
	l := start(t, e)
	batch := rolled(t, l)
	// The four prompts keep one, two, three and one of their three responses.
	part := Batch{batch[1], batch[3], batch[5], batch[6], batch[7], batch[8], batch[11]}
	want := map[int]int{batch[0].Problem: 1, batch[3].Problem: 2, batch[6].Problem: 3, batch[9].Problem: 1}
	seen, share := map[int]int{}, 0.0
	err := l.Optimize(t.Context(), part, 0.8, 1.2, func(p *Pass) (*torch.Tensor, error) {
		seen[p.Rollouts[0].Problem] = len(p.Rollouts)
		share += p.Share
		// Before the first step each response has the logprobs that it was sampled
		// with, so it stands after its own prompt.
		moves, err := p.LogRatio.Detach().Value64s()
		for i, move := range moves {
			if l.Steps == 0 && math.Abs(move) > 1e-4 {
				t.Errorf("the logprob of token %d is %g from that of sampling", i, move)
			}
		}
		return p.LogRatio.Mean().MulScalar(p.Share), err
	})
	if err != nil || l.Steps != 2 || math.Abs(share-2) > 1e-9 || !maps.Equal(seen, want) {
		t.Errorf("%d steps over the responses %v, their shares %g in all, want %v: %v", l.Steps, seen, share, want, err)
	}
}

func TestNoFurtherStepsAfterTheTarget(t *testing.T) {
	for _, test := range []struct {
		target float64
		steps  int
	}{
		{0, 20}, {1e-6, 2}, // the first step starts at the policy that sampled
	} {
		e := toy(t, modeltest.Open(t, torch.Float32), t.TempDir())
		e.Settings.Epochs, e.Settings.TargetKL, e.Settings.Warmup = 10, test.target, 0
		l := start(t, e)
		err := l.Optimize(t.Context(), rolled(t, l), 0.8, 1.2, func(p *Pass) (*torch.Tensor, error) {
			return p.LogRatio.Exp().Mul(p.Column(AdvantagesOf)).Mean().MulScalar(-p.Share), nil
		})
		if err != nil || l.Steps != test.steps {
			t.Errorf("with the target %g %d steps, want %d: %v", test.target, l.Steps, test.steps, err)
		}
	}
}

// counter is a reward that remembers how often it was asked.
type counter struct{ asked int }

func (c *counter) State() any { return &c.asked }

func (c *counter) Score(ctx context.Context, groups []reward.Group) ([][]reward.Value, error) {
	c.asked++
	return byResponse(func(tokens []int) float64 { return shareOfThrees(tokens) * float64(c.asked) }).Score(ctx, groups)
}

// TestAnInterruptedTrainingEndsTheSame stops at several updates and goes on in a new
// session: the KL coefficient, the scale and what rewards remember are kept.
func TestAnInterruptedTrainingEndsTheSame(t *testing.T) {
	run := func(dir string, stop int) ([]byte, error) {
		s := modeltest.Open(t, torch.Float32)
		defer s.Close()
		e := toy(t, s, dir)
		e.Policy.AddHead()
		e.Settings.Updates, e.Settings.KL.Adaptive, e.Settings.ScaleRewards = 12, true, groupStd
		e.Rewards = append(e.Rewards, reward.Term{Reward: &counter{}, Name: "counter", Weight: 1})
		// What is the best evaluation is known only from its parameters.
		e.Settings.EvalEvery, e.Settings.SelectOn, e.Settings.MLECoefficient = 3, "score", 0.1
		e.Hooks.Evaluate = func(_ context.Context, m *model.Model, _ string, _ int) (map[string]float64, error) {
			sum := sha256.Sum256(modeltest.Weights(t, m))
			return map[string]float64{"score": float64(sum[0])}, nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		e.Hooks.Progress = func(done, _ int, _ string) {
			if done == stop {
				cancel()
			}
		}
		err := withCritic(ctx, e)
		return modeltest.Weights(t, e.Policy), err
	}
	whole, parts := t.TempDir(), t.TempDir()
	want, err := run(whole, -1)
	if err != nil {
		t.Fatal(err)
	}
	for _, stop := range []int{2, 7, 8, 11} {
		if _, err := run(parts, stop); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped at update %d: %v", stop, err)
		}
	}
	got, err := run(parts, -1)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := os.ReadFile(filepath.Join(whole, "curves.jsonl"))
	b, _ := os.ReadFile(filepath.Join(parts, "curves.jsonl"))
	if !bytes.Equal(got, want) || len(a) == 0 || !bytes.Equal(a, b) {
		t.Error("weights or curves differ from those of an uninterrupted training")
	}
}

// withCritic is the least algorithm with a critic, whose values are the baseline.
func withCritic(ctx context.Context, e Env) error {
	l, err := Start(ctx, e)
	if err != nil {
		return err
	}
	for l.More() {
		batch, err := l.Rollout(ctx)
		if err != nil {
			return err
		}
		for i, r := range batch {
			batch[i].Rewards = l.PenalizedRewards(r)
			batch[i].Advantages = GAE(batch[i].Rewards, r.Values, 1, 1)
			batch[i].Returns = make([]float64, len(r.Tokens))
			for j, advantage := range batch[i].Advantages {
				batch[i].Returns[j] = advantage + r.Values[j]
			}
		}
		err = l.Optimize(ctx, batch, 0.8, 1.2, func(p *Pass) (*torch.Tensor, error) {
			policy := p.LogRatio.Exp().Mul(p.Column(AdvantagesOf)).Mean().Neg()
			value := p.Values.Sub(p.Column(func(r Rollout) []float64 { return r.Returns })).Square().Mean()
			return policy.Add(value).MulScalar(p.Share), nil
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
