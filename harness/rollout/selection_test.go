package rollout

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// evaluates makes an environment's training evaluate on dev: the scores are those
// given, one an evaluation, and the policy's parameters at each are noted.
func evaluates(t *testing.T, e *Env, scores ...float64) (weights *[][]byte) {
	weights = new([][]byte)
	e.Hooks.Evaluate = func(_ context.Context, m *model.Model, on string, examples int) (map[string]float64, error) {
		if on != e.Settings.SelectOn || examples != e.Settings.DevExamples {
			t.Errorf("%d examples are evaluated by %q", examples, on)
		}
		*weights = append(*weights, modeltest.Weights(t, m))
		return map[string]float64{"la-rougeL": scores[len(*weights)-1], "ended": 1}, nil
	}
	return weights
}

func TestTheBestEvaluationIsTheResult(t *testing.T) {
	for name, test := range map[string]struct {
		scores   []float64
		on       string
		patience int
		updates  int // made
		best     int // evaluation
	}{
		"the best of all":          {[]float64{0.1, 0.3, 0.2, 0.3}, "la-rougeL", 0, 5, 1},
		"the policy before":        {[]float64{0.4, 0.3, 0.2, 0.3}, "la-rougeL", 0, 5, 0},
		"an early end":             {[]float64{0.1, 0.3, 0.2, 0.9}, "la-rougeL", 1, 4, 1},
		"nothing chosen, the last": {[]float64{0.1, 0.3, 0.2, 0.1}, "", 0, 5, 3},
	} {
		e := toy(t, modeltest.Open(t, torch.Float32), t.TempDir())
		e.Settings.Updates, e.Settings.EvalEvery, e.Settings.SelectOn = 5, 2, test.on
		e.Settings.Patience, e.Settings.DevExamples = test.patience, 7
		weights := evaluates(t, &e, test.scores...)
		if err := improve(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(modeltest.Weights(t, e.Policy), (*weights)[test.best]) {
			t.Errorf("%s: the policy is not that of evaluation %d", name, test.best)
		}
		if n := len(curve(t, e.Hooks.Dir, "reward")); n != test.updates {
			t.Errorf("%s: %d updates, want %d", name, n, test.updates)
		}
		if got := devCurve(t, e.Hooks.Dir, "la-rougeL"); !slices.Equal(got, test.scores[:len(*weights)]) {
			t.Errorf("%s: the curve of dev is %v", name, got)
		}
	}
}

func TestAnEvaluationThatFails(t *testing.T) {
	e := toy(t, modeltest.Open(t, torch.Float32), t.TempDir())
	e.Settings.EvalEvery = 1
	e.Hooks.Evaluate = func(context.Context, *model.Model, string, int) (map[string]float64, error) {
		return nil, errors.New("no dev")
	}
	if _, err := Start(t.Context(), e); err == nil || err.Error() != "no dev" {
		t.Errorf("the error is %v", err)
	}
}

// TestTheAuxiliaryLossIsThatOfMaximumLikelihood compares the step of an update whose
// rewards are all alike with one of maximum likelihood on the truths of its prompts.
func TestTheAuxiliaryLossIsThatOfMaximumLikelihood(t *testing.T) {
	var want []float32
	for _, micro := range []int{0, 1, 3} {
		e := toy(t, modeltest.Open(t, torch.Float32), t.TempDir())
		e.Rewards[0].Reward = byResponse(func([]int) float64 { return 1 })
		e.Settings.KL.Coefficient, e.Settings.MLECoefficient, e.Settings.MicroBatch = 0, 1, micro
		e.Settings.Epochs, e.Settings.Minibatches, e.Settings.Updates = 1, 1, 1
		for i := range e.Problems { // of different lengths
			e.Problems[i].Truth = e.Problems[i].Truth[i%3:]
		}
		problems := chosen(t, e)
		if want == nil {
			want = afterLikelihood(t, e, problems)
		}
		if err := improve(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		got := parameters(t, e.Policy)
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 2e-5 {
				t.Fatalf("in parts of %d: parameter %d is %g, and %g after a step of maximum likelihood", micro, i, got[i], want[i])
			}
		}
		if loss := curve(t, e.Hooks.Dir, "mle_loss"); len(loss) != 1 || loss[0] < 1 || loss[0] > 4 {
			t.Errorf("the curve of the loss is %v, want about ln %d", loss, vocabulary)
		}
	}
}

// chosen are the prompts of the first update.
func chosen(t *testing.T, e Env) (problems []Problem) {
	e.Hooks.Dir = t.TempDir()
	e.Policy = modeltest.Tiny(t, e.Policy.Session(), 1)
	for _, group := range rolled(t, start(t, e)).Groups() {
		problems = append(problems, e.Problems[group[0].Problem])
	}
	return problems
}

// afterLikelihood are the parameters after a step of maximum likelihood on the truths.
func afterLikelihood(t *testing.T, e Env, problems []Problem) []float32 {
	var texts []train.Sequence
	for _, p := range problems {
		texts = append(texts, train.Sequence{Tokens: slices.Concat(p.Prompt, p.Truth), Prompt: len(p.Prompt)})
	}
	m := modeltest.Tiny(t, e.Policy.Session(), 1)
	c := train.MLESettings{OptimizerSettings: e.Settings.OptimizerSettings, BatchSize: len(texts), EvalEvery: 1}
	if err := train.MLE(t.Context(), m, texts, texts, c, 1, 1, "mle", train.Hooks{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	return parameters(t, m)
}

func parameters(t *testing.T, m *model.Model) (all []float32) {
	for _, p := range m.Parameters() {
		values, err := p.Tensor.Values()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, values...)
	}
	return all
}
