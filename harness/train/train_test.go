package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/data"
	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/random"
	"lastmile/harness/torch"
)

const (
	vocabulary = modeltest.Vocabulary
	eos        = modeltest.EOS
)

// reversals are n texts of a toy task: two tokens, and the same two turned
// round with the end token behind.
func reversals(n int) []Sequence {
	out := make([]Sequence, n)
	for i := range out {
		stream := random.New(1, "reversal", i)
		a, b := 1+stream.IntN(vocabulary-1), 1+stream.IntN(vocabulary-1)
		out[i] = Sequence{Tokens: []int{a, b, b, a, eos}, Prompt: 2}
	}
	return out
}

func optimizer(rate float64) OptimizerSettings {
	return OptimizerSettings{LearningRate: rate, Warmup: 0.1, FinalLearningRate: 0.1, WeightDecay: 0.01, Beta1: 0.9, Beta2: 0.98, Epsilon: 1e-8, ClipNorm: 1, CheckpointEvery: 4}
}

// curve reads one learning curve of a training in dir.
func curve(t testing.TB, dir, split, name string) (points []Point) {
	t.Helper()
	all, err := data.ReadLines[Point](filepath.Join(dir, "curves.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Split == split && p.Name == name {
			points = append(points, p)
		}
	}
	return points
}

func TestMaximumLikelihoodLearns(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	m := modeltest.Tiny(t, s, 1)
	dir := t.TempDir()
	before, tokens := s.Live(), 0
	c := MLESettings{OptimizerSettings: optimizer(0.03), BatchSize: 16, EvalEvery: 40, Epochs: 15}
	texts := reversals(160)
	if err := MLE(t.Context(), m, texts, texts[:40], c, 0, 1, "mle", Hooks{Dir: dir, Tokens: func(n int) { tokens += n }}); err != nil {
		t.Fatal(err)
	}
	losses, dev := curve(t, dir, "train", "loss"), curve(t, dir, "dev", "loss")
	if len(losses) != 150 || len(dev) != 4 || tokens != 150*16*5 {
		t.Errorf("%d steps, %d evaluations, %d tokens; want 15 epochs of 10 steps, 4 and %d", len(losses), len(dev), tokens, 150*16*5)
	}
	if first, last := losses[0].Value, dev[len(dev)-1].Value; first < 2 || last > 0.5 {
		t.Errorf("the loss went from %g to %g, want from about ln 12 to under 0.5", first, last)
	}
	if s.Live() != before {
		t.Errorf("training left %d tensors", s.Live()-before)
	}
}

func TestTheLossIsNatsAToken(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	m := modeltest.Tiny(t, s, 1)
	for _, p := range m.Parameters() {
		p.Tensor.ZeroInPlace() // all tokens are equally likely
	}
	trainer := NewTrainer(m, optimizer(1), Hooks{Dir: t.TempDir()})
	if got, err := trainer.evaluate(t.Context(), reversals(7), 3); err != nil || math.Abs(got-math.Log(vocabulary)) > 1e-5 {
		t.Errorf("loss %g, %v, want ln %d", got, err, vocabulary)
	}
}

func TestEarlyStoppingKeepsTheBest(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	m := modeltest.Tiny(t, s, 1)
	dir := t.TempDir()
	// Dev wants the prompt not to be turned round: learning the end token
	// helps it, learning the order does not.
	dev := reversals(40)
	for i, q := range dev {
		dev[i].Tokens = []int{q.Tokens[0], q.Tokens[1], q.Tokens[0], q.Tokens[1], eos}
	}
	c := MLESettings{OptimizerSettings: optimizer(0.03), BatchSize: 16, EvalEvery: 5, Patience: 3}
	if err := MLE(t.Context(), m, reversals(160), dev, c, 400, 1, "mle", Hooks{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	points := curve(t, dir, "dev", "loss")
	best := slices.MinFunc(points, func(a, b Point) int {
		if a.Value < b.Value {
			return -1
		}
		return 1
	})
	last := points[len(points)-1]
	if last.Step != best.Step+15 || last.Step >= 400 || best.Step <= 5 {
		t.Errorf("stopped at step %d, the best was at %d; want three evaluations between", last.Step, best.Step)
	}
	trainer := NewTrainer(m, optimizer(1), Hooks{})
	if got, err := trainer.evaluate(t.Context(), dev, 16); err != nil || got != best.Value {
		t.Errorf("the model's dev loss is %g, %v, want the best, %g", got, err, best.Value)
	}
}

func TestAMetricOfDevChooses(t *testing.T) {
	for name, test := range map[string]struct {
		scores   []float64
		patience int
		best     int // evaluation
	}{
		"the best of all":      {[]float64{0.1, 0.2, 0.4, 0.3, 0.4}, 0, 2},
		"the parameters given": {[]float64{0.5, 0.2, 0.4, 0.3, 0.4}, 0, 0},
		"an early end":         {[]float64{0.1, 0.3, 0.2, 0.3}, 2, 1},
	} {
		m := modeltest.Tiny(t, modeltest.Open(t, torch.Float32), 1)
		dir := t.TempDir()
		var weights [][]byte
		hooks := Hooks{Dir: dir, Evaluate: func(_ context.Context, m *model.Model, on string, examples int) (map[string]float64, error) {
			if on != "chrf" || examples != 9 {
				t.Errorf("%d examples are evaluated by %q", examples, on)
			}
			weights = append(weights, modeltest.Weights(t, m))
			return map[string]float64{"chrf": test.scores[len(weights)-1]}, nil
		}}
		c := MLESettings{OptimizerSettings: optimizer(0.03), BatchSize: 16, EvalEvery: 5, Patience: test.patience, SelectOn: "chrf", DevExamples: 9}
		if err := MLE(t.Context(), m, reversals(160), reversals(10), c, 20, 1, "mle", hooks); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(modeltest.Weights(t, m), weights[test.best]) {
			t.Errorf("%s: the model is not that of evaluation %d", name, test.best)
		}
		var got []float64
		for _, p := range curve(t, dir, "dev", "chrf") {
			got = append(got, p.Value)
		}
		if !slices.Equal(got, test.scores) {
			t.Errorf("%s: the curve of dev is %v, want %v", name, got, test.scores)
		}
		if losses := curve(t, dir, "dev", "loss"); len(losses) != len(got) {
			t.Errorf("%s: %d losses of dev beside %d scores", name, len(losses), len(got))
		}
	}
}

func TestFromScratchLearns(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	m := modeltest.Tiny(t, s, 1)
	dir := t.TempDir()
	texts := reversals(100)
	c := BaseSettings{OptimizerSettings: optimizer(0.02), Steps: 80, BatchTokens: 400, Copy: 0.1, Reversed: 0.2}
	c.MuonLearningRate = 0.02
	if err := Base(t.Context(), m, Texts{Forward: texts, Reversed: texts, Vocabulary: vocabulary}, texts[:20], c, 1, Hooks{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	losses, dev := curve(t, dir, "train", "loss"), curve(t, dir, "dev", "loss")
	if len(losses) != 80 || losses[0].Value < 2 || dev[len(dev)-1].Value > 1.6 || dev[len(dev)-1].Step != 80 {
		t.Errorf("%d steps; the loss went from %g to %g on dev", len(losses), losses[0].Value, dev[len(dev)-1].Value)
	}
}

// withinSecond stops a training within its second step.
const withinSecond = -2

// kept is the step of the checkpoint in a folder, 0 where there is none.
func kept(dir string) int {
	var state struct{ Done int }
	text, _ := os.ReadFile(filepath.Join(dir, "checkpoint", "state.json"))
	_ = json.Unmarshal(text, &state)
	return state.Done
}

// TestInterruptedTrainingsEndTheSame stops each algorithm at several steps,
// leaves behind what a killed process may leave, and goes on in a new session.
func TestInterruptedTrainingsEndTheSame(t *testing.T) {
	texts := reversals(60)
	for name, run := range map[string]func(ctx context.Context, m *model.Model, hooks Hooks) error{
		"mle": func(ctx context.Context, m *model.Model, hooks Hooks) error {
			c := MLESettings{OptimizerSettings: optimizer(0.03), BatchSize: 8, EvalEvery: 3}
			return MLE(ctx, m, texts, texts[:10], c, 18, 1, "mle", hooks)
		},
		"base": func(ctx context.Context, m *model.Model, hooks Hooks) error {
			c := BaseSettings{OptimizerSettings: optimizer(0.03), Steps: 18, BatchTokens: 50, Copy: 0.2, Reversed: 0.2}
			c.MuonLearningRate = 0.02
			return Base(ctx, m, Texts{Forward: texts, Reversed: texts, Vocabulary: vocabulary}, texts[:10], c, 1, hooks)
		},
	} {
		train := func(dir string, stop int) ([]byte, error) {
			steps := 0
			s := modeltest.Open(t, torch.Float32)
			defer s.Close()
			m := modeltest.Tiny(t, s, 1)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := run(ctx, m, Hooks{Dir: dir, Progress: func(done, _ int, _ string) {
				if done == stop {
					cancel()
				}
			}, Tokens: func(int) {
				if steps++; steps == 2 && stop == withinSecond {
					cancel()
				}
			}})
			return modeltest.Weights(t, m), err
		}
		whole, parts := t.TempDir(), t.TempDir()
		want, err := train(whole, -1)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, stop := range []int{2, withinSecond, 7, 8, 13} {
			before := kept(parts)
			if _, err := train(parts, stop); !errors.Is(err, context.Canceled) {
				t.Fatalf("%s: stopped at step %d: %v", name, stop, err)
			}
			if now := kept(parts); stop == withinSecond && now != before+2 {
				t.Errorf("%s: stopped within the second step after the checkpoint of step %d, it left that of step %d", name, before, now)
			}
			os.MkdirAll(filepath.Join(parts, "checkpoint"), 0o755)
			for _, file := range []string{"16.safetensors", "state.json.new", "12.safetensors.new"} {
				if err := os.WriteFile(filepath.Join(parts, "checkpoint", file), []byte("half a fi"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, err := train(parts, -1)
		if err != nil {
			t.Fatalf("%s: going on: %v", name, err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: the weights differ from those of an uninterrupted training", name)
		}
		a, _ := os.ReadFile(filepath.Join(whole, "curves.jsonl"))
		if b, _ := os.ReadFile(filepath.Join(parts, "curves.jsonl")); !bytes.Equal(a, b) {
			t.Errorf("%s: the curves differ from those of an uninterrupted training", name)
		}
	}
}

func TestACheckpointOfOtherParametersIsAnError(t *testing.T) {
	dir := t.TempDir()
	s := modeltest.Open(t, torch.Float32)
	if err := NewTrainer(modeltest.Tiny(t, s, 1), optimizer(1), Hooks{Dir: dir}).Checkpoint(nil); err != nil {
		t.Fatal(err)
	}
	m := modeltest.Tiny(t, s, 1)
	m.AddHead()
	if err := NewTrainer(m, optimizer(1), Hooks{Dir: dir}).Resume(new(any)); err == nil || !strings.Contains(err.Error(), "score.weight") {
		t.Errorf("error %v, want one that names the parameter", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "checkpoint", "state.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := NewTrainer(m, optimizer(1), Hooks{Dir: dir}).Resume(new(any)); err == nil || !strings.Contains(err.Error(), "state.json") {
		t.Errorf("error %v, want one that names the file", err)
	}
}

func TestALossThatIsNoNumber(t *testing.T) {
	texts := reversals(20)
	for name, test := range map[string]struct {
		run  func(m *model.Model, hooks Hooks) error
		want string
	}{
		"mle": {func(m *model.Model, hooks Hooks) error {
			return MLE(t.Context(), m, texts, texts, MLESettings{OptimizerSettings: optimizer(0.01), BatchSize: 4}, 10, 1, "mle", hooks)
		}, "at step 2"},
		"mle, after the last step": {func(m *model.Model, hooks Hooks) error {
			return MLE(t.Context(), m, texts, texts, MLESettings{OptimizerSettings: optimizer(0.01), BatchSize: 4}, 1, 1, "mle", hooks)
		}, "dev loss is NaN after step 1"},
		"base": {func(m *model.Model, hooks Hooks) error {
			return Base(t.Context(), m, Texts{Forward: texts, Vocabulary: vocabulary}, texts, BaseSettings{OptimizerSettings: optimizer(0.01), BatchTokens: 50, Steps: 10}, 1, hooks)
		}, "at step 2"},
	} {
		s := modeltest.Open(t, torch.Float32)
		m := modeltest.Tiny(t, s, 1)
		err := test.run(m, Hooks{Dir: t.TempDir(), Tokens: func(int) { // after each step
			s.NoGrad(func() error {
				m.Parameters()[1].Tensor.CopyInPlace(s.Floats([]float32{float32(math.NaN())}, 1))
				return nil
			})
		}})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
		s.Close()
	}
}

func TestNothingToLearnFrom(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	m := modeltest.Tiny(t, s, 1)
	texts := reversals(2)
	if err := MLE(t.Context(), m, nil, texts, MLESettings{BatchSize: 1}, 1, 1, "mle", Hooks{}); err == nil {
		t.Error("maximum likelihood learned from nothing")
	}
	if err := Base(t.Context(), m, Texts{Forward: texts}, nil, BaseSettings{Steps: 1}, 1, Hooks{}); err == nil {
		t.Error("a model from scratch was trained without dev")
	}
}

// TestBF16ChangesRoundingAlone compares learning curves with f32's: bf16 has 8
// bits of precision.
func TestBF16ChangesRoundingAlone(t *testing.T) {
	texts := reversals(40)
	losses := func(bf16 bool, lora int) []Point {
		s := modeltest.Open(t, torch.Float32)
		dir := t.TempDir()
		c := MLESettings{OptimizerSettings: optimizer(0.003), BatchSize: 8, EvalEvery: 10}
		c.BF16 = bf16
		m := modeltest.Tiny(t, s, 1)
		if lora > 0 {
			var err error
			if m, err = m.Adapt(model.LoRA{R: lora, Alpha: 8, TargetModules: []string{"q_proj", "down_proj"}}, 1, "mle"); err != nil {
				t.Fatal(err)
			}
		}
		if err := MLE(t.Context(), m, texts, texts[:10], c, 8, 1, "mle", Hooks{Dir: dir}); err != nil {
			t.Fatal(err)
		}
		return curve(t, dir, "train", "loss")
	}
	for _, lora := range []int{0, 4} {
		want, got := losses(false, lora), losses(true, lora)
		if len(got) != len(want) || got[0].Value == want[0].Value {
			t.Errorf("rank %d: %d losses in bf16, %d in f32, the first %g and %g", lora, len(got), len(want), got[0].Value, want[0].Value)
		}
		for i, p := range want {
			if math.Abs(got[i].Value-p.Value) > 0.02*p.Value {
				t.Errorf("rank %d: the loss is %g at step %d, in f32 %g", lora, got[i].Value, p.Step, p.Value)
			}
		}
		if last := len(want) - 1; got[last].Value >= got[0].Value {
			t.Errorf("rank %d: the loss went from %g to %g", lora, got[0].Value, got[last].Value)
		}
	}
}

// TestMicroBatchesAndCheckpointingChangeRoundingAlone compares the learning
// curves of each algorithm with those of whole batches.
func TestMicroBatchesAndCheckpointingChangeRoundingAlone(t *testing.T) {
	texts := reversals(40)
	for name, run := range map[string]func(m *model.Model, o OptimizerSettings, hooks Hooks) error{
		"mle": func(m *model.Model, o OptimizerSettings, hooks Hooks) error {
			c := MLESettings{OptimizerSettings: o, BatchSize: 8, EvalEvery: 10}
			return MLE(t.Context(), m, texts, texts[:10], c, 6, 1, "mle", hooks)
		},
		"base": func(m *model.Model, o OptimizerSettings, hooks Hooks) error {
			c := BaseSettings{OptimizerSettings: o, Steps: 6, BatchTokens: 50, Copy: 0.2, Reversed: 0.2}
			return Base(t.Context(), m, Texts{Forward: texts, Reversed: texts, Vocabulary: vocabulary}, texts[:10], c, 1, hooks)
		},
	} {
		losses := func(micro int, checkpointing bool) []Point {
			s := modeltest.Open(t, torch.Float32)
			dir := t.TempDir()
			o := optimizer(0.003)
			o.MicroBatch, o.GradientCheckpointing = micro, checkpointing
			if err := run(modeltest.Tiny(t, s, 1), o, Hooks{Dir: dir}); err != nil {
				t.Fatal(err)
			}
			return curve(t, dir, "train", "loss")
		}
		want := losses(0, false)
		if len(want) != 6 {
			t.Fatalf("%s: %d steps", name, len(want))
		}
		for _, got := range [][]Point{losses(3, false), losses(1, true), losses(0, true)} {
			for i, p := range want {
				if math.Abs(got[i].Value-p.Value) > 1e-3*p.Value {
					t.Errorf("%s: the loss is %g at step %d, in one batch %g", name, got[i].Value, p.Step, p.Value)
				}
			}
		}
	}
}
