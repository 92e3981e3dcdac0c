package rollout

import (
	"math"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/reward"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

func TestNoDivergenceBeforeTheFirstUpdate(t *testing.T) {
	for _, temperature := range []float64{0.8, 1} {
		e := toy(t, modeltest.Open(t, torch.Float32), t.TempDir())
		e.Policy.AddHead()
		e.Settings.Prompts, e.Settings.Samples = 10, 8
		e.Settings.Temperature = temperature
		batch, err := start(t, e).Rollout(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(batch) != 80 {
			t.Fatalf("%d rollouts, want 8 of each of 10 prompts", len(batch))
		}
		kl := batch.mean(func(r Rollout) float64 { return r.KL })
		if length := float64(batch.Tokens()) / 80; length < 1 || !(math.Abs(kl/length) < 1e-4) {
			t.Errorf("temperature %g: a KL of %g a response of %g tokens", temperature, kl, length)
		}
		for _, r := range batch {
			for _, list := range [][]float64{r.Logprobs, r.RefLogprobs, r.Values, r.TokenRewards, r.TokenKL} {
				if len(list) != len(r.Tokens) {
					t.Fatalf("a response of %d tokens has %d of something", len(r.Tokens), len(list))
				}
			}
		}
	}
}

// TestRolloutsAreTheModels compares with one sequence at a time.
func TestRolloutsAreTheModels(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	e := toy(t, s, t.TempDir())
	e.Reference.Parameters()[0].Tensor.MulScalarInPlace(0.5)
	e.Settings.Temperature = 0.7
	batch, err := start(t, e).Rollout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	alone := func(m *model.Model, r Rollout) (logprobs []float64) {
		err := s.NoGrad(func() (err error) {
			b := model.NewBranches(s, []model.Tree{{Prompt: e.Problems[r.Problem].Prompt, Responses: [][]int{r.Tokens}}})
			logprobs, err = m.Logprobs(m.HiddenAt(b.Input, b.Predict), b.Targets, 0.7).Value64s()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return logprobs
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-5 }
	for i, r := range batch {
		if r.Values != nil {
			t.Errorf("rollout %d has values without a critic", i)
		}
		if r.Problem != batch[i/3*3].Problem {
			t.Errorf("rollout %d is of another prompt than its neighbours", i)
		}
		if ended := r.Tokens[len(r.Tokens)-1] == eos; ended != r.Ended || !ended && len(r.Tokens) != 6 {
			t.Errorf("rollout %d, ended %v: %v", i, r.Ended, r.Tokens)
		}
		reference := alone(e.Reference, r)
		if policy := alone(e.Policy, r); !slices.EqualFunc(r.Logprobs, policy, near) || !slices.EqualFunc(r.RefLogprobs, reference, near) {
			t.Errorf("rollout %d: log-probabilities %v and %v, alone %v and %v", i, r.Logprobs, r.RefLogprobs, policy, reference)
		}
		kl := 0.0
		for j := range r.Tokens {
			kl += r.Logprobs[j] - r.RefLogprobs[j]
		}
		if math.Abs(r.KL-kl) > 1e-12 || r.Reward != shareOfThrees(r.Tokens) || r.Parts["threes"] != r.Reward || r.TokenRewards[len(r.Tokens)-1] != r.Reward {
			t.Errorf("rollout %d: %+v", i, r)
		}
	}
}

// TestAnEpochHasEachPromptOnce goes through the prompts twice.
func TestAnEpochHasEachPromptOnce(t *testing.T) {
	e := toy(t, modeltest.Open(t, torch.Float32), t.TempDir())
	e.Settings.Prompts, e.Settings.Samples = 5, 1
	l := start(t, e)
	var orders [2][]int
	for l.Done = 0; l.Done < 4; l.Done++ {
		batch, err := l.Rollout(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range batch {
			orders[l.Done/2] = append(orders[l.Done/2], r.Problem)
		}
	}
	if slices.Equal(orders[0], orders[1]) {
		t.Errorf("both epochs have the order %v", orders[0])
	}
	for _, order := range orders {
		slices.Sort(order)
		if !slices.Equal(order, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
			t.Errorf("an epoch has the prompts %v", order)
		}
	}
}

// scored are two rollouts to a prompt after their rewards are set. The sum of the
// rewards is 3 for the first response, 1 for the second and 2 for the truth.
func scored(t *testing.T, l *Learner, baseline, scale string) Batch {
	t.Helper()
	sums := map[int]float64{6: 3, 7: 1, 5: 2}
	l.Rewards = reward.Sum{{Reward: byResponse(func(tokens []int) float64 { return sums[tokens[0]] / 2 }), Name: "half", Weight: 2}}
	l.Problems = []Problem{{Prompt: []int{1}, Truth: []int{5, 5, eos}}}
	l.Ends = []int{eos}
	l.Settings.Samples, l.Settings.Baseline, l.Settings.ScaleRewards = 2, baseline, scale
	batch := Batch{{Tokens: []int{6, 6, eos}, Ended: true}, {Tokens: []int{7, 7}}}
	if err := l.score(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	return batch
}

func TestBaselineAndScaleOfTheSum(t *testing.T) {
	for _, test := range []struct {
		baseline, scale string
		before, after   float64 // the scale that a checkpoint keeps
		want            [2]float64
	}{
		{none, none, 0, 0, [2]float64{3, 1}},
		{truth, none, 0, 0, [2]float64{1, -1}},
		{none, groupStd, 0, 1, [2]float64{3, 1}},         // the samples' deviation is 1
		{truth, groupStd, 4, 4, [2]float64{0.25, -0.25}}, // that of the first update stays
	} {
		l := &Learner{Trainer: &train.Trainer{}}
		l.state.Scale = test.before
		batch := scored(t, l, test.baseline, test.scale)
		for i, r := range batch {
			sum := 0.0
			for _, of := range r.TokenRewards {
				sum += of
			}
			if r.Reward != test.want[i] || sum != test.want[i] || r.TokenRewards[0] != 0 || r.Parts["half"] != []float64{1.5, 0.5}[i] {
				t.Errorf("baseline %s, scale %s: %+v, want the reward %g", test.baseline, test.scale, r, test.want[i])
			}
		}
		if l.state.Scale != test.after {
			t.Errorf("baseline %s, scale %s: the scale is %g, want %g", test.baseline, test.scale, l.state.Scale, test.after)
		}
	}
}

func TestRewardsThatDoNotDifferAreNotScaled(t *testing.T) {
	l := &Learner{Trainer: &train.Trainer{}}
	l.Rewards = reward.Sum{{Reward: byResponse(func([]int) float64 { return 3 }), Name: "three", Weight: 1}}
	l.Problems = []Problem{{Prompt: []int{1}, Truth: []int{5}}}
	l.Settings.Samples, l.Settings.ScaleRewards = 2, groupStd
	batch := Batch{{Tokens: []int{6}}, {Tokens: []int{7}}}
	if err := l.score(t.Context(), batch); err != nil || batch[0].Reward != 3 {
		t.Errorf("reward %g, %v", batch[0].Reward, err)
	}
}

func TestARewardThatIsNoNumber(t *testing.T) {
	e := toy(t, modeltest.Open(t, torch.Float32), t.TempDir())
	e.Rewards = reward.Sum{{Reward: byResponse(func([]int) float64 { return math.NaN() }), Name: "none", Weight: 1}}
	if _, err := start(t, e).Rollout(t.Context()); err == nil || !strings.Contains(err.Error(), "the reward none of response 1") {
		t.Errorf("error %v, want one that names the reward", err)
	}
}
