package model

import (
	"os"
	"testing"

	"lastmile/harness/random"
	"lastmile/harness/torch"
	"lastmile/harness/torch/gradcheck"
)

func open(t testing.TB, dtype torch.DType) *torch.Session {
	t.Helper()
	s, err := torch.Open(torch.Options{Device: os.Getenv("LASTMILE_DEVICE"), Threads: 1, DType: dtype})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// tiny is a configuration in which no two sizes are the same, with two query
// heads to a head of keys and values.
func tiny() Config {
	return Config{
		VocabSize: 13, HiddenSize: 8, IntermediateSize: 11, NumHiddenLayers: 2, NumAttentionHeads: 4, NumKeyValueHeads: 2,
		HeadDim: 6, HiddenAct: "silu", MaxPositionEmbeddings: 24, InitializerRange: 0.4, RMSNormEps: 1e-5, RopeTheta: 100,
		TieWordEmbeddings: true,
	}
}

func newModel(t testing.TB, s *torch.Session, c Config) *Model {
	t.Helper()
	m, err := New(s, c, 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// noise is a tensor of normal draws.
func noise(s *torch.Session, name string, shape ...int) *torch.Tensor {
	n := 1
	for _, size := range shape {
		n *= size
	}
	stream := random.New(1, name)
	values := make([]float64, n)
	for i := range values {
		values[i] = stream.NormFloat64()
	}
	return s.Float64s(values, shape...)
}

// weighed makes of a tensor one number that depends on every element.
func weighed(x *torch.Tensor) *torch.Tensor {
	return x.Mul(noise(x.Session(), "weights", x.Shape()...)).Sum()
}

var forest = []Tree{
	{Prompt: []int{1, 2, 3}, Responses: [][]int{{4, 5}, {6, 7, 8, 0}, {9}}},
	{Prompt: []int{5, 1}, Responses: [][]int{{3, 3, 3}}},
}

func TestGradientOfRMSNorm(t *testing.T) {
	s := open(t, torch.Float64)
	x, w := noise(s, "x", 2, 3, 5), noise(s, "w", 5)
	gradcheck.Check(t, func() *torch.Tensor { return weighed(x.RMSNorm(w, 1e-5)) },
		gradcheck.Input{Name: "x", Tensor: x}, gradcheck.Input{Name: "weight", Tensor: w})
}

func TestGradientOfRotations(t *testing.T) {
	s := open(t, torch.Float64)
	m := newModel(t, s, tiny())
	x := noise(s, "x", 2, 3, 4, 6)
	in := Input{Rows: 2, Length: 3, Positions: []int64{0, 1, 2, 7, 3, 9}}
	gradcheck.Check(t, func() *torch.Tensor {
		cos, sin := m.rotations.rotate(s, in)
		return weighed(x.Rotary(cos, sin))
	}, gradcheck.Input{Name: "x", Tensor: x})
}

func TestGradientOfAttention(t *testing.T) {
	s := open(t, torch.Float64)
	m := newModel(t, s, tiny())
	b := NewBranches(s, forest)
	causal := Input{Rows: 2, Length: 5}
	l := m.layers[1]
	for name, in := range map[string]Input{"causal": causal, "tree": b.Input} {
		x := noise(s, "x", in.Rows, in.Length, 8)
		gradcheck.Check(t, func() *torch.Tensor {
			all := m.queries(in)
			out := m.attention(1, x, all, all, in)
			if name == "tree" { // what padding sees is of no interest
				picked := append(b.Predict, b.Last...)
				out = out.Reshape(-1, 8).IndexSelect(0, s.Ints(picked, len(picked)))
			}
			return weighed(out)
		}, gradcheck.Input{Name: name + " x", Tensor: x}, gradcheck.Input{Name: name + " q", Tensor: l.q.weight}, gradcheck.Input{Name: name + " k", Tensor: l.k.weight},
			gradcheck.Input{Name: name + " v", Tensor: l.v.weight}, gradcheck.Input{Name: name + " o", Tensor: l.o.weight})
	}
}

func TestGradientOfALayer(t *testing.T) {
	s := open(t, torch.Float64)
	m := newModel(t, s, tiny())
	in := Input{Rows: 2, Length: 3}
	x, l := noise(s, "x", 2, 3, 8), m.layers[0]
	gradcheck.Check(t, func() *torch.Tensor {
		all := m.queries(in)
		return weighed(m.layer(0, x, all, all, in))
	}, gradcheck.Input{Name: "x", Tensor: x}, gradcheck.Input{Name: "gate", Tensor: l.gate.weight}, gradcheck.Input{Name: "up", Tensor: l.up.weight},
		gradcheck.Input{Name: "down", Tensor: l.down.weight}, gradcheck.Input{Name: "post norm", Tensor: l.postNorm}, gradcheck.Input{Name: "input norm", Tensor: l.inputNorm})
}

func TestGradientOfTheEmbedding(t *testing.T) {
	s := open(t, torch.Float64)
	table := noise(s, "table", 5, 3)
	ids := s.Ints([]int64{0, 4, 4, 2}, 2, 2)
	gradcheck.Check(t, func() *torch.Tensor { return weighed(table.Embedding(ids)) }, gradcheck.Input{Name: "table", Tensor: table})
}

func TestGradientOfLogprobs(t *testing.T) {
	s := open(t, torch.Float64)
	m := newModel(t, s, tiny())
	hidden := noise(s, "hidden", 4, 8)
	for _, temperature := range []float64{1, 0.7} {
		gradcheck.Check(t, func() *torch.Tensor { return weighed(m.Logprobs(hidden, []int64{3, 0, 12, 3}, temperature)) },
			gradcheck.Input{Name: "hidden", Tensor: hidden}, gradcheck.Input{Name: "embedding", Tensor: m.embed})
	}
}

func TestGradientOfTheModel(t *testing.T) {
	for _, tied := range []bool{true, false} {
		s := open(t, torch.Float64)
		c := tiny()
		c.TieWordEmbeddings = tied
		if !tied {
			c.NumHiddenLayers = 1
		}
		m := newModel(t, s, c)
		m.AddHead()
		m.Head.CopyInPlace(noise(s, "head", 1, 8))
		m.Train()
		var inputs []gradcheck.Input
		for _, p := range m.Parameters() {
			inputs = append(inputs, gradcheck.Input{Name: p.Name, Tensor: p.Tensor})
		}
		gradcheck.Check(t, func() *torch.Tensor {
			b := NewBranches(s, forest)
			logprobs := m.Logprobs(m.HiddenAt(b.Input, b.Predict), b.Targets, 1)
			return weighed(logprobs).Add(weighed(m.Scores(m.HiddenAt(b.Input, b.Last))))
		}, inputs...)
	}
}
