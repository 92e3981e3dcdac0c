package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/model"
	"lastmile/harness/reward"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

const (
	vocabulary = 12
	eos        = 0
)

func open(t testing.TB) *torch.Session {
	t.Helper()
	s, err := torch.Open(torch.Options{Device: os.Getenv("LASTMILE_DEVICE"), Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func newModel(t testing.TB, s *torch.Session) *model.Model {
	t.Helper()
	m, err := model.New(s, model.Config{
		VocabSize: vocabulary, HiddenSize: 16, IntermediateSize: 24, NumHiddenLayers: 1, NumAttentionHeads: 4, NumKeyValueHeads: 2,
		HiddenAct: "silu", MaxPositionEmbeddings: 72, InitializerRange: 0.2, RMSNormEps: 1e-6, RopeTheta: 100, TieWordEmbeddings: true,
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// byResponse is a reward that looks at a response's tokens.
type byResponse func(tokens []int) float64

func (value byResponse) Score(_ context.Context, groups []reward.Group) ([][]reward.Value, error) {
	values := make([][]reward.Value, len(groups))
	for i, g := range groups {
		for _, r := range g.Responses {
			values[i] = append(values[i], reward.Value{Total: value(r.Tokens)})
		}
	}
	return values, nil
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
		Policy: newModel(t, s), Reference: newModel(t, s),
		Rewards:   reward.Sum{{Reward: byResponse(shareOfThrees), Name: "threes", Weight: 1}},
		MaxTokens: 6, EOS: eos, Seed: 1, Hooks: train.Hooks{Dir: dir}, Settings: Default(),
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
	l, err := Start(e)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// improve is the least algorithm: the policy gradient with the mean of the prompt's
// other rewards as the baseline.
func improve(ctx context.Context, e Env) error {
	l, err := Start(e)
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
		if err := l.EndUpdate(batch); err != nil {
			return err
		}
	}
	return l.Finish()
}

// curve reads one learning curve of a training in dir.
func curve(t testing.TB, dir, name string) (values []float64) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "curves.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var p train.Point
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		if p.Split == "train" && p.Name == name {
			values = append(values, p.Value)
		}
	}
	return values
}

// weights are a model's parameters as bytes, one after the other.
func weights(t testing.TB, m *model.Model) []byte {
	t.Helper()
	tensors, err := m.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, p := range m.Parameters() {
		all = append(all, tensors[p.Name].Data...)
	}
	return all
}
