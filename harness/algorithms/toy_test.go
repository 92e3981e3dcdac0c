package algorithms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/data"
	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/pairs"
	"lastmile/harness/reward"
	"lastmile/harness/rollout"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

const (
	vocabulary = modeltest.Vocabulary
	eos        = modeltest.EOS
)

// made is an algorithm by its name, with its default settings changed by JSON.
func made(t testing.TB, name, changes string) (Maker, Algorithm) {
	t.Helper()
	m, ok := Find(name)
	if !ok {
		t.Fatalf("there is no algorithm %s", name)
	}
	settings := map[string]any{}
	defaults, err := json.Marshal(m.Section.Default)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(defaults), changes} {
		if err := json.Unmarshal([]byte(text), &settings); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.New(text)
	if err != nil {
		t.Fatal(err)
	}
	return m, a
}

// trained are the names of the algorithms that train a policy: all but rules.
func trained() []string {
	return slices.DeleteFunc(Names(), func(name string) bool { m, _ := Find(name); return m.New == nil })
}

// byResponse is a reward that looks at a response's tokens.
func byResponse(value func(tokens []int) float64) reward.Reward {
	return reward.Each(func(_ reward.Group, r reward.Response) reward.Value { return reward.Value{Total: value(r.Tokens)} })
}

// threes are short responses, of which those with many threes are good, and what each
// family of algorithms may learn that from.
func threes(t testing.TB, s *torch.Session, needs Needs, dir string) *Env {
	t.Helper()
	e := &Env{}
	e.Policy, e.MaxTokens, e.Ends, e.Seed, e.Hooks = modeltest.Tiny(t, s, 1), 6, []int{eos}, 1, train.Hooks{Dir: dir}
	e.Settings = rollout.Default()
	e.Settings.Updates, e.Settings.Prompts, e.Settings.Samples, e.Settings.CheckpointEvery = 18, 4, 3, 4
	e.Settings.LearningRate = 0.01
	e.Settings.KL.Adaptive = true
	e.MLE = train.MLESettings{OptimizerSettings: train.DefaultOptimizer(0.01), BatchSize: 4, EvalEvery: 5}
	e.MLE.CheckpointEvery = 4
	if needs.Reference {
		e.Reference = modeltest.Tiny(t, s, 1)
	}
	if needs.Values {
		e.Policy.AddHead()
	}
	for i := range 10 {
		prompt, truth := []int{1 + i, 2}, []int{3, 3, eos}
		e.Problems = append(e.Problems, rollout.Problem{ID: fmt.Sprint(i), Prompt: prompt, Truth: truth})
		e.Pairs = append(e.Pairs, pairs.Pair{Prompt: prompt, Chosen: truth, Rejected: []int{4, 1 + i, eos}})
		e.Train = append(e.Train, train.Sequence{Tokens: append(append([]int{}, prompt...), truth...), Prompt: 2})
	}
	e.Dev = e.Train[:4]
	e.Rewards = reward.Sum{{Reward: byResponse(func(tokens []int) float64 {
		n := 0.0
		for _, token := range tokens {
			if token == 3 {
				n++
			}
		}
		return n / float64(len(tokens))
	}), Name: "threes", Weight: 1}}
	return e
}

// bandit is one-token responses to one prompt, whose reward is the token's.
func bandit(t testing.TB, s *torch.Session, needs Needs, rewards []float64) *Env {
	t.Helper()
	e := threes(t, s, needs, t.TempDir())
	e.MaxTokens = 1
	e.Problems = []rollout.Problem{{ID: "bandit", Prompt: []int{5}, Truth: []int{1}}}
	e.Rewards = reward.Sum{{Reward: byResponse(func(tokens []int) float64 { return rewards[tokens[0]] }), Name: "bandit", Weight: 1}}
	o := &e.Settings
	o.Prompts, o.Temperature, o.Minibatches, o.CheckpointEvery, o.TargetKL = 1, 1, 1, 1000, 0
	o.LearningRate, o.FinalLearningRate, o.Warmup = 0.03, 0.1, 0.1
	o.KL = rollout.KLSettings{In: rollout.InReward, Estimator: rollout.K1}
	return e
}

// arms are rewards of tokens; the best is 7.
func arms() []float64 {
	rewards := make([]float64, vocabulary)
	for arm := range rewards {
		rewards[arm] = float64(arm*5%vocabulary) / vocabulary
	}
	return rewards
}

// distribution is a policy's at the bandit.
func distribution(t testing.TB, m *model.Model) []float64 {
	t.Helper()
	var p []float64
	err := m.Session().Scope(func() (err error) {
		p, err = m.Logits(m.Hidden(model.Input{Tokens: []int64{5}, Rows: 1, Length: 1})).Softmax(-1).Value64s()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// variation is the total variation between two distributions.
func variation(p, q []float64) (d float64) {
	for i := range p {
		d += math.Abs(p[i]-q[i]) / 2
	}
	return d
}

// curve reads one learning curve of a training in dir.
func curve(t testing.TB, dir, name string) (values []float64) {
	t.Helper()
	points, err := data.ReadLines[train.Point](filepath.Join(dir, "curves.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		if p.Split == "train" && p.Name == name {
			values = append(values, p.Value)
		}
	}
	return values
}

// TestInterruptedTrainingsEndTheSame stops each algorithm at several steps, and goes
// on in a new session.
func TestInterruptedTrainingsEndTheSame(t *testing.T) {
	changes := map[string]string{"mle_longer": `{"steps":18}`, "dpo": `{"steps":18,"batch_size":4,"checkpoint_every":4}`}
	for _, name := range trained() {
		maker, algorithm := made(t, name, changes[name]+strings.Repeat("{}", 1-min(1, len(changes[name]))))
		run := func(dir string, stop int) ([]byte, error) {
			s := modeltest.Open(t, torch.Float32)
			defer s.Close()
			e := threes(t, s, maker.Needs, dir)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			e.Hooks.Progress = func(done, _ int, _ string) {
				if done == stop {
					cancel()
				}
			}
			err := algorithm.Train(ctx, e)
			tensors, failed := e.Policy.Tensors()
			if failed != nil {
				t.Fatal(failed)
			}
			weights, failed := json.Marshal(tensors)
			if failed != nil {
				t.Fatal(failed)
			}
			return weights, err
		}
		whole, parts := t.TempDir(), t.TempDir()
		want, err := run(whole, -1)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, stop := range []int{2, 7, 8, 13} {
			if _, err := run(parts, stop); !errors.Is(err, context.Canceled) {
				t.Fatalf("%s: stopped at step %d: %v", name, stop, err)
			}
		}
		got, err := run(parts, -1)
		if err != nil {
			t.Fatalf("%s: going on: %v", name, err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: the weights differ from those of an uninterrupted training", name)
		}
		a, _ := os.ReadFile(filepath.Join(whole, "curves.jsonl"))
		if b, _ := os.ReadFile(filepath.Join(parts, "curves.jsonl")); len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%s: the curves differ from those of an uninterrupted training", name)
		}
	}
}

// TestMicroBatchesGiveTheSameGradients trains each algorithm in parts of a step, with
// the KL penalty in the loss where there is one.
func TestMicroBatchesGiveTheSameGradients(t *testing.T) {
	changes := map[string]string{"mle_longer": `{"steps":3}`, "dpo": `{"steps":3,"batch_size":8}`, "grpo": `{"loss":"dapo"}`}
	for _, name := range trained() {
		var losses [2][]float64
		for i, micro := range []int{0, 1} {
			change := changes[name]
			if name == "dpo" && micro > 0 {
				change = `{"steps":3,"batch_size":8,"micro_batch":1}`
			}
			if change == "" {
				change = "{}"
			}
			maker, algorithm := made(t, name, change)
			e := threes(t, modeltest.Open(t, torch.Float32), maker.Needs, t.TempDir())
			e.Settings.Updates, e.Settings.MicroBatch, e.MLE.MicroBatch = 3, micro, micro
			e.Settings.KL.In, e.Settings.KL.Estimator, e.Settings.KL.Coefficient = rollout.InLoss, rollout.K2, 5
			if err := algorithm.Train(t.Context(), e); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			curveName := "loss"
			if maker.Family == OnPolicy {
				curveName = "policy_loss"
			}
			losses[i] = curve(t, e.Hooks.Dir, curveName)
		}
		if len(losses[0]) != 3 {
			t.Fatalf("%s: losses %v", name, losses[0])
		}
		for i, want := range losses[0] {
			if got := losses[1][i]; math.Abs(got-want) > 1e-4 {
				t.Errorf("%s: in parts the loss of step %d is %g, want %g", name, i, got, want)
			}
		}
	}
}
