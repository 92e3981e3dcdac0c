package scorer

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/encoder"
	"lastmile/harness/torch"
)

func session(t *testing.T, options torch.Options) *torch.Session {
	t.Helper()
	options.Device, options.Threads = os.Getenv("LASTMILE_DEVICE"), 1
	s, err := torch.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// tiny is a configuration for tests.
func tiny() Config {
	return Config{Config: encoder.Config{
		Architectures: []string{"BertForSequenceClassification"}, ModelType: encoder.BERT,
		VocabSize: 30, HiddenSize: 12, IntermediateSize: 20, NumHiddenLayers: 2, NumAttentionHeads: 3,
		MaxPositionEmbeddings: 40, TypeVocabSize: 2, PositionEmbeddingType: "absolute", HiddenAct: "gelu", LayerNormEps: 1e-12,
	}}
}

// layout is that of a scorer's batches.
func layout(fill int, restart bool) encoder.Layout {
	return encoder.Layout{Fill: fill, Restart: restart}
}

func TestScoresEqualTransformers(t *testing.T) {
	raw, err := os.ReadFile("testdata/golden/scores.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Rows              []struct{ First, Second []int }
		Scores, Restarted []float64
	}
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	e, err := Load(session(t, torch.Options{}), "testdata/golden")
	if err != nil {
		t.Fatal(err)
	}
	var rows []encoder.Row
	for _, r := range golden.Rows {
		rows = append(rows, encoder.Row{Tokens: append(r.First, r.Second...), First: len(r.First)})
	}
	for restart, want := range map[bool][]float64{false: golden.Scores, true: golden.Restarted} {
		scores, err := e.values(layout(0, restart).Batch(rows))
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Abs(scores[i]-want[i]) > 1e-5 {
				t.Errorf("row %d, restart %v: score %g, transformers says %g", i, restart, scores[i], want[i])
			}
		}
	}
}

// rowsOf makes rows of the given lengths, with the middle [SEP] at a third.
func rowsOf(lengths ...int) []encoder.Row {
	var rows []encoder.Row
	for k, n := range lengths {
		r := encoder.Row{First: max(2, n/3)}
		for i := range n {
			r.Tokens = append(r.Tokens, (7*i*i+k)%29)
		}
		rows = append(rows, r)
	}
	return rows
}

func TestAScoreDoesNotDependOnTheBatch(t *testing.T) {
	e, err := New(session(t, torch.Options{}), tiny(), 1)
	if err != nil {
		t.Fatal(err)
	}
	rows := rowsOf(3, 40, 5, 17, 5, 28, 3)
	together, err := e.values(layout(29, true).Batch(rows))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		alone, err := e.values(layout(0, true).Batch([]encoder.Row{r}))
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(alone[0]-together[i]) > 1e-5 {
			t.Errorf("row %d: score %.8f alone, %.8f in a batch", i, alone[0], together[i])
		}
	}
	if math.Abs(together[1]-together[3]) < 1e-4 {
		t.Errorf("different rows have the same score %g", together[1])
	}
}

// TestAScoreDoesNotDependOnTheBatchWithMiniLM is the same on an encoder of
// real size, through reading and sorting.
func TestAScoreDoesNotDependOnTheBatchWithMiniLM(t *testing.T) {
	folder := os.Getenv(miniLMVariable)
	if folder == "" {
		t.Skipf("%s does not name the folder of all-MiniLM-L6-v2", miniLMVariable)
	}
	e, err := Start(session(t, torch.Options{}), folder, []string{overlapTarget}, 1)
	if err != nil {
		t.Fatal(err)
	}
	v, err := encoder.ReadVocabulary(folder, e.Config.Config)
	if err != nil {
		t.Fatal(err)
	}
	reader := newReader(v, e.Config)
	references := texts(2*batchSize+7, "MiniLM")
	var pairs []Pair
	for i, reference := range references {
		candidate := strings.Repeat(references[(7*i+3)%len(references)]+" ", i%9)
		pairs = append(pairs, Pair{reference, candidate})
	}
	together, err := e.score(t.Context(), reader, pairs, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	most := 0.0
	for i, p := range pairs {
		alone, err := e.score(t.Context(), reader, []Pair{p}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, math.Abs(alone[0]-together[i]))
	}
	t.Logf("%d pairs alone and in batches of %d: scores from %.3f to %.3f differ by at most %.2g", len(pairs), batchSize, slices.Min(together), slices.Max(together), most)
	if most > 1e-5 || slices.Max(together)-slices.Min(together) < 1e-3 {
		t.Errorf("scores from %g to %g differ by %g, expected at most 1e-5", slices.Min(together), slices.Max(together), most)
	}
}

// miniLMVariable names the environment variable with the folder of
// all-MiniLM-L6-v2.
const miniLMVariable = "LASTMILE_MINILM"

// TestGradients compares each parameter's gradient with finite differences.
func TestGradients(t *testing.T) {
	s := session(t, torch.Options{DType: torch.Float64})
	c := tiny()
	c.VocabSize, c.MaxPositionEmbeddings = 9, 8
	e, err := New(s, c, 3)
	if err != nil {
		t.Fatal(err)
	}
	rows := []encoder.Row{{Tokens: []int{0, 1, 2, 0, 3, 1, 0}, First: 4}, {Tokens: []int{0, 4, 0, 5, 0}, First: 3}}
	loss := func() *torch.Tensor {
		return e.Scores(layout(0, true).Batch(rows)).Sub(s.Float64s([]float64{1, 0}, 2)).Square().Mean()
	}
	value := func() (v float64) {
		err := s.NoGrad(func() (err error) {
			v, err = loss().Item()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	e.Train()
	err = s.Scope(func() error {
		loss().Backward()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const step = 1e-6
	for _, p := range e.Parameters() {
		gradients, err := p.Tensor.Grad().Value64s()
		if err != nil {
			t.Fatal(err)
		}
		values, err := p.Tensor.Value64s()
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(values); i += 1 + len(values)/12 {
			set := func(v float64) {
				s.NoGrad(func() error {
					p.Tensor.Reshape(-1).Narrow(0, i, 1).CopyInPlace(s.Float64s([]float64{v}, 1))
					return nil
				})
			}
			set(values[i] + step)
			above := value()
			set(values[i] - step)
			below := value()
			set(values[i])
			if want := (above - below) / (2 * step); math.Abs(want-gradients[i]) > 1e-6*(1+math.Abs(want)) {
				t.Errorf("%s[%d]: gradient %g, finite differences give %g", p.Name, i, gradients[i], want)
			}
		}
	}
}
