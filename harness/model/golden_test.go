package model

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"lastmile/harness/torch"
)

// golden is what testdata/make.py wrote with transformers.
type golden struct {
	Tokens [][]int   `json:"tokens"`
	Logits []float64 `json:"logits"` // [rows, length, vocab_size] of causal
	Scores []float64 `json:"scores"` // [rows] of classifier
}

func readGolden(t *testing.T) (g golden, in Input) {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g, g.input()
}

func (g golden) input() Input {
	in := Input{Rows: len(g.Tokens), Length: len(g.Tokens[0])}
	for _, row := range g.Tokens {
		for _, token := range row {
			in.Tokens = append(in.Tokens, int64(token))
		}
	}
	return in
}

func load(t *testing.T, s *torch.Session, dir string) *Model {
	t.Helper()
	m, err := Load(s, dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// near fails the test where got is further from want than tolerance.
func near(t *testing.T, what string, got *torch.Tensor, want []float64, tolerance float64) {
	t.Helper()
	values, err := got.Value64s()
	if err != nil {
		t.Fatal(err)
	}
	if len(values) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(values), len(want))
	}
	for i, v := range values {
		if !(math.Abs(v-want[i]) <= tolerance) {
			t.Fatalf("%s[%d] is %.7g, want %.7g", what, i, v, want[i])
		}
	}
}

func TestLogitsEqualTransformers(t *testing.T) {
	g, in := readGolden(t)
	s := open(t, torch.Float32)
	m := load(t, s, "testdata/causal")
	near(t, "logits", m.Logits(m.Hidden(in)), g.Logits, 1e-4)
}

func TestScoresEqualTransformers(t *testing.T) {
	g, in := readGolden(t)
	s := open(t, torch.Float32)
	m := load(t, s, "testdata/classifier")
	last := make([]int64, in.Rows)
	for row := range last {
		last[row] = int64((row+1)*in.Length - 1)
	}
	near(t, "scores", m.Scores(m.HiddenAt(in, last)), g.Scores, 1e-4)
}

func TestASavedModelIsTheSame(t *testing.T) {
	_, in := readGolden(t)
	for _, from := range []string{"causal", "classifier"} {
		s := open(t, torch.Float32)
		m := load(t, s, "testdata/"+from)
		dir := t.TempDir()
		if err := m.Save(dir); err != nil {
			t.Fatal(err)
		}
		again := load(t, s, dir)
		if len(again.Parameters()) != len(m.Parameters()) || again.Count() != m.Count() {
			t.Fatalf("%s: %d parameters, want %d", from, len(again.Parameters()), len(m.Parameters()))
		}
		for i, p := range m.Parameters() {
			want, err := p.Tensor.Value64s()
			if err != nil {
				t.Fatal(err)
			}
			near(t, p.Name, again.Parameters()[i].Tensor, want, 0)
		}
		want, _ := m.Hidden(in).Value64s()
		near(t, "hidden states", again.Hidden(in), want, 0)
	}
}

func TestSetCopiesAModel(t *testing.T) {
	s := open(t, torch.Float32)
	a := newModel(t, s, tiny())
	b, err := New(s, tiny(), 2)
	if err != nil {
		t.Fatal(err)
	}
	tensors, err := a.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Set(tensors); err != nil {
		t.Fatal(err)
	}
	in := Input{Tokens: []int64{1, 2, 3}, Rows: 1, Length: 3}
	want, _ := a.Hidden(in).Value64s()
	near(t, "hidden states", b.Hidden(in), want, 0)
	delete(tensors, finalNormName)
	if err := b.Set(tensors); err == nil {
		t.Error("a parameter was missing, and Set did not say so")
	}
}
