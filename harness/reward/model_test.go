package reward

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/random"
	"lastmile/harness/safetensors"
	"lastmile/harness/torch"
	"lastmile/harness/torch/gradcheck"
	"lastmile/harness/train"
)

const (
	vocabulary = modeltest.Vocabulary
	hidden     = 16
	eos        = modeltest.EOS
)

// newModel is a model with a scalar head of zeros.
func newModel(t testing.TB, s *torch.Session) *model.Model {
	t.Helper()
	m := modeltest.Tiny(t, s, 1)
	m.AddHead()
	return m
}

// examples are a toy task: the truth has low tokens, of the negatives one has
// high tokens and two, ended or not, have both.
func examples(n int, name string) []Example {
	out := make([]Example, n)
	for i := range out {
		stream := random.New(1, name, i)
		low := func() int { return 1 + stream.IntN(5) }
		high := func() int { return 7 + stream.IntN(5) }
		out[i] = Example{Prompt: []int{low(), high()}, Truth: []int{low(), low(), eos}, Negatives: []Negative{
			{Kind: "high", Ended: true, Tokens: []int{high(), high(), eos}},
			{Kind: "both", Ended: true, Tokens: []int{high(), low(), eos}},
			{Kind: "both", Tokens: []int{high(), low(), high(), low()}},
		}}
	}
	return out
}

// material is the toy task with rankings: the more low tokens a sample has, the better
// it is.
func material(n int, name string) Material {
	m := Material{Examples: examples(n, name)}
	for i := range n {
		stream := random.New(1, name, "rankings", i)
		r := Ranking{Prompt: []int{1 + stream.IntN(5), 7 + stream.IntN(5)}}
		for range 4 {
			sample, value := []int{}, 0.0
			for range 2 + stream.IntN(2) {
				token := 1 + stream.IntN(5)
				if stream.IntN(2) == 0 {
					token += 6
					value -= 0.2
				}
				sample = append(sample, token)
			}
			r.Samples, r.Values = append(r.Samples, append(sample, eos)), append(r.Values, 1+value)
		}
		m.Rankings = append(m.Rankings, r)
	}
	return m
}

func config(steps int) ModelSettings {
	return ModelSettings{
		OptimizerSettings: train.OptimizerSettings{LearningRate: 0.02, Warmup: 0.1, FinalLearningRate: 0.1, Beta1: 0.9, Beta2: 0.98, Epsilon: 1e-8, ClipNorm: 1, CheckpointEvery: 4},
		Loss:              "bradley-terry", Steps: steps, BatchSize: 16, EvalEvery: 5,
	}
}

func TestGradientOfTheLosses(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	better, worse := s.Float64s([]float64{1, -2, 0, 30}, 4), s.Float64s([]float64{0.5, 1, 0, -30}, 4)
	for name, want := range map[string]float64{
		"bradley-terry": (math.Log1p(math.Exp(-0.5)) + math.Log1p(math.Exp(3)) + math.Ln2) / 4,
		"bce":           (math.Log1p(math.Exp(-1)) + math.Log1p(math.Exp(0.5)) + math.Log1p(math.Exp(2)) + math.Log1p(math.Exp(1)) + 2*math.Ln2) / 8,
	} {
		loss := func() *torch.Tensor { return pairLoss(name, better, worse) }
		gradcheck.Check(t, loss, gradcheck.Input{Name: name + " better", Tensor: better}, gradcheck.Input{Name: name + " worse", Tensor: worse})
		if got, err := loss().Item(); err != nil || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: loss %g, %v, want %g", name, got, err, want)
		}
	}
}

func TestGradientThroughTheModel(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	m := newModel(t, s)
	m.Head.CopyInPlace(s.Floats([]float32{0.3}, 1))
	groups := exampleGroups(examples(3, "gradient"))
	batch, _ := trees(groups)
	truths, negatives := pairs(groups)
	var inputs []gradcheck.Input
	for _, p := range m.Parameters() {
		inputs = append(inputs, gradcheck.Input{Name: p.Name, Tensor: p.Tensor})
	}
	gradcheck.Check(t, func() *torch.Tensor {
		scores := headScores(m, batch)
		return pairLoss("bradley-terry", scores.IndexSelect(0, s.Ints(truths, 9)), scores.IndexSelect(0, s.Ints(negatives, 9)))
	}, inputs...)
}

func TestTrainingSeparates(t *testing.T) {
	for _, loss := range []string{"bradley-terry", "bce"} {
		s := modeltest.Open(t, torch.Float32)
		m := newModel(t, s)
		before := s.Live()
		c := config(60)
		c.Loss, c.EvalEvery = loss, 30
		dir := t.TempDir()
		got, err := Train(t.Context(), m, material(300, "train"), material(100, "dev"), c, 1, train.Hooks{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		want := []Accuracy{{"high", true, 0.98, 100}, {"both", true, 0.95, 100}, {"both", false, 0.98, 100}}
		for i, w := range want {
			if g := got[i]; g.Kind != w.Kind || g.Ended != w.Ended || g.N != w.N || g.Accuracy < w.Accuracy {
				t.Errorf("%s: %+v, want %+v or better", loss, g, w)
			}
		}
		if s.Live() != before {
			t.Errorf("%s: training left %d tensors", loss, s.Live()-before)
		}
		text, err := os.ReadFile(filepath.Join(dir, "curves.jsonl"))
		if err != nil || strings.Count(string(text), `"accuracy both unended"`) != 2 || strings.Count(string(text), `"loss"`) != 60 {
			t.Errorf("%s: the curves are %v\n%s", loss, err, text)
		}
		s.Close()
	}
}

// ordered is a model whose score grows with the number of the last token.
func ordered(t *testing.T, s *torch.Session) *model.Model {
	t.Helper()
	m := newModel(t, s)
	tensors, err := m.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	embedding := make([]float32, vocabulary*hidden)
	for token := range vocabulary {
		embedding[token*hidden], embedding[token*hidden+1] = float32(token), 10
	}
	tensors["model.embed_tokens.weight"] = safetensors.Float32(embedding, vocabulary, hidden)
	for _, name := range []string{"self_attn.o_proj", "mlp.down_proj"} { // nothing joins the residual stream
		name = "model.layers.0." + name + ".weight"
		clear(tensors[name].Data)
	}
	head := make([]float32, hidden)
	head[0] = 1
	tensors["score.weight"] = safetensors.Float32(head, 1, hidden)
	if err := m.Set(tensors); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMeasureCounts(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	m := ordered(t, s)
	negative := func(kind string, ended bool, last int) Negative {
		return Negative{Kind: kind, Ended: ended, Tokens: []int{9, last}}
	}
	got, err := Model{Network: m}.accuracies(t.Context(), []Example{
		{Prompt: []int{1}, Truth: []int{2, 5}, Negatives: []Negative{negative("b", true, 3), negative("a", true, 7)}},
		{Prompt: []int{1, 2, 3}, Truth: []int{8}, Negatives: []Negative{negative("b", false, 3), negative("b", true, 9), negative("a", true, 1)}},
		{Prompt: []int{4}, Truth: []int{3, 3, 6}, Negatives: []Negative{negative("b", true, 6)}}, // a tie is no win
		{Prompt: []int{4, 4}, Truth: []int{6}, Negatives: []Negative{negative("b", true, 5)}},
	}, 2)
	want := []Accuracy{{"b", true, 0.5, 4}, {"a", true, 0.5, 2}, {"b", false, 1, 1}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

func TestScoresOfTreesAreThoseOfSequences(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	m := newModel(t, s)
	values := make([]float32, hidden)
	stream := random.New(1, "head")
	for i := range values {
		values[i] = float32(stream.NormFloat64())
	}
	m.Head.CopyInPlace(s.Floats(values, 1, hidden))
	dev := examples(20, "dev")
	dev[3].Prompt = []int{7, 7, 7, 7, 7} // not all are of one length
	dev[8].Negatives = dev[8].Negatives[:1]
	for _, size := range []int{1, 7, 100} {
		batch, _ := trees(exampleGroups(dev))
		all, err := Model{Network: m}.ScoreAll(t.Context(), batch, size)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range dev {
			responses := batch[i].Responses
			if len(all[i]) != len(responses) {
				t.Fatalf("%d scores of %d responses", len(all[i]), len(responses))
			}
			for j, response := range responses {
				alone, err := Model{Network: m}.Score([]model.Tree{{Prompt: e.Prompt, Responses: [][]int{response}}})
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(alone[0][0]-all[i][j]) > 1e-5 {
					t.Errorf("batches of %d: response %d of example %d scores %g, alone %g", size, j, i, all[i][j], alone[0][0])
				}
			}
		}
	}
}

func TestAScoreThatIsNoNumber(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	m := newModel(t, s)
	m.Head.CopyInPlace(s.Floats([]float32{float32(math.NaN())}, 1))
	dev := examples(3, "dev")
	if _, err := (Model{Network: m}).accuracies(t.Context(), dev, 2); err == nil || !strings.Contains(err.Error(), "not a number") {
		t.Errorf("error %v, want that the score is not a number", err)
	}
	if _, err := Train(t.Context(), m, Material{Examples: dev}, Material{Examples: dev}, config(3), 1, train.Hooks{Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "step 1") {
		t.Errorf("error %v, want one that names step 1", err)
	}
	if _, err := Train(t.Context(), m, Material{}, Material{Examples: dev}, config(3), 1, train.Hooks{}); err == nil {
		t.Error("a reward model was trained on nothing")
	}
}

func TestAnInterruptedTrainingEndsTheSame(t *testing.T) {
	for name, share := range map[string]float64{"negatives": 0, "negatives and rankings": 0.5} {
		t.Run(name, func(t *testing.T) {
			c := config(18)
			c.Ranked = share
			endsTheSame(t, c)
		})
	}
}

// endsTheSame trains in one go and in pieces.
func endsTheSame(t *testing.T, c ModelSettings) {
	t.Helper()
	run := func(dir string, stop int) ([]byte, error) {
		s := modeltest.Open(t, torch.Float32)
		defer s.Close()
		m := newModel(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := Train(ctx, m, material(40, "train"), material(10, "dev"), c, 1, train.Hooks{Dir: dir, Progress: func(done, _ int, _ string) {
			if done == stop {
				cancel()
			}
		}})
		tensors, failed := m.Tensors()
		if failed != nil {
			t.Fatal(failed)
		}
		var all []byte
		for _, p := range m.Parameters() {
			all = append(all, tensors[p.Name].Data...)
		}
		return all, err
	}
	whole, parts := t.TempDir(), t.TempDir()
	want, err := run(whole, -1)
	if err != nil {
		t.Fatal(err)
	}
	for _, stop := range []int{1, 6, 8, 15} {
		if _, err := run(parts, stop); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped at step %d: %v", stop, err)
		}
	}
	got, err := run(parts, -1)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := os.ReadFile(filepath.Join(whole, "curves.jsonl"))
	b, _ := os.ReadFile(filepath.Join(parts, "curves.jsonl"))
	if !bytes.Equal(got, want) || !bytes.Equal(a, b) {
		t.Error("weights or curves differ from those of an uninterrupted training")
	}
}
