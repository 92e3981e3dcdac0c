package train

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/random"
	"lastmile/harness/torch"
)

// plain is a network of parameters alone.
type plain struct {
	s          *torch.Session
	parameters []model.Parameter
}

func (p plain) Session() *torch.Session       { return p.s }
func (p plain) Parameters() []model.Parameter { return p.parameters }
func (p plain) Train() {
	for _, p := range p.parameters {
		p.Tensor.RequireGrad()
	}
}

func TestAdamWEqualsTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/adamw.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Rate, Decay, Beta1, Beta2, Epsilon, Clip float64
		Matrix, Vector                           []float64
		Steps                                    []struct {
			Share, Norm    float64
			MatrixGradient []float64 `json:"matrix_gradient"`
			VectorGradient []float64 `json:"vector_gradient"`
			Matrix, Vector []float64
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	s := modeltest.Open(t, torch.Float64)
	matrix, vector := s.Float64s(golden.Matrix, 3, 4), s.Float64s(golden.Vector, 5)
	o := NewOptimizer(plain{s, []model.Parameter{{Name: "matrix", Tensor: matrix}, {Name: "vector", Tensor: vector}}}, OptimizerSettings{
		LearningRate: golden.Rate, WeightDecay: golden.Decay, Beta1: golden.Beta1, Beta2: golden.Beta2, Epsilon: golden.Epsilon, ClipNorm: golden.Clip,
	})
	before := s.Live()
	for i, want := range golden.Steps {
		var norm float64
		err := s.Scope(func() (err error) {
			// The gradient of a weighted sum is the weights.
			matrix.Mul(s.Float64s(want.MatrixGradient, 3, 4)).Sum().Add(vector.Mul(s.Float64s(want.VectorGradient, 5)).Sum()).Backward()
			norm, err = o.Step(i, want.Share)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(norm-want.Norm) > 1e-9 {
			t.Errorf("step %d: the gradient's norm is %g, want %g", i, norm, want.Norm)
		}
		// torch adds a millionth to the norm that it divides by.
		near(t, matrix, want.Matrix, 1e-6)
		near(t, vector, want.Vector, 1e-6)
	}
	if s.Live() != before {
		t.Errorf("%d steps left %d tensors", len(golden.Steps), s.Live()-before)
	}
	o.Free()
	if live := s.Live(); live != before-4 {
		t.Errorf("freeing four moments left %d of %d tensors", live, before)
	}
}

func near(t testing.TB, got *torch.Tensor, want []float64, tolerance float64) {
	t.Helper()
	values, err := got.Value64s()
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if math.Abs(values[i]-want[i]) > tolerance {
			t.Fatalf("element %d is %.9g, want %.9g", i, values[i], want[i])
		}
	}
}

func TestAnOptimizerWithoutGradients(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	o := NewOptimizer(plain{s, []model.Parameter{{Name: "w", Tensor: s.Zeros(2)}}}, OptimizerSettings{LearningRate: 1})
	if _, err := o.Step(4, 1); err == nil {
		t.Error("a step without gradients was taken")
	}
}

func TestMuonMakesUpdatesOrthogonal(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	stream := random.New(1, "muon")
	for _, size := range [][2]int{{4, 4}, {3, 7}, {9, 3}} {
		rows, columns := size[0], size[1]
		values := make([]float64, rows*columns)
		for i := range values {
			values[i] = stream.NormFloat64() * 1e-3 // the size must not matter
		}
		g := s.Float64s(values, rows, columns)
		update := muonUpdate(s.Zeros(rows, columns), g)
		scale := math.Sqrt(math.Max(1, float64(rows)/float64(columns)))
		if rows > columns {
			update, g = update.Transpose(0, 1), g.Transpose(0, 1)
			rows, columns = columns, rows
		}
		// Every unit vector on the short side keeps about its length, so all
		// singular values are near one.
		for range 50 {
			v := make([]float64, rows)
			norm := 0.0
			for i := range v {
				v[i] = stream.NormFloat64()
				norm += v[i] * v[i]
			}
			length, err := s.Float64s(v, 1, rows).MatMul(update).Norm().Item()
			if err != nil {
				t.Fatal(err)
			}
			if got := length / math.Sqrt(norm) / scale; got < 0.6 || got > 1.3 {
				t.Errorf("a %v update stretches a vector by %g", size, got)
			}
		}
		// It points where the gradient points: their product is symmetric and
		// positive, as that of a matrix's polar factors is.
		product := update.MatMul(g.Transpose(0, 1))
		near(t, product.Sub(product.Transpose(0, 1)), make([]float64, rows*rows), 1e-5)
		if along, _ := update.Mul(g).Sum().Item(); along <= 0 {
			t.Errorf("a %v update goes against the gradient", size)
		}
	}
}

func TestMuonTakesTheMatricesOfLayersOnly(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	m := modeltest.Tiny(t, s, 1)
	m.AddHead()
	o := NewOptimizer(m, OptimizerSettings{LearningRate: 1, MuonLearningRate: 1})
	for _, slot := range o.slots {
		matrix := len(slot.Tensor.Shape()) == 2 && slot.Name != "score.weight"
		inLayer := slot.Name != "model.embed_tokens.weight" && slot.Name != "score.weight"
		if slot.muon != (matrix && inLayer) || slot.decay != matrix || (slot.second == nil) != slot.muon {
			t.Errorf("%s: Muon %v, decay %v", slot.Name, slot.muon, slot.decay)
		}
	}
}

func TestRate(t *testing.T) {
	c := OptimizerSettings{Warmup: 0.1, FinalLearningRate: 0.2}
	const steps = 100
	for step := range steps {
		got := Rate(c, step, steps)
		if got <= 0 || got > 1 {
			t.Errorf("step %d: share %g", step, got)
		}
		if step > 0 {
			if before := Rate(c, step-1, steps); step < 10 && got <= before || step >= 10 && got > before {
				t.Errorf("step %d: share %g after %g", step, got, before)
			}
		}
	}
	for schedule, want := range map[string][2]float64{"linear": {0.6, 0.2}, "cosine": {0.6, 0.2}, "constant": {1, 1}} {
		c := OptimizerSettings{Warmup: 0.1, FinalLearningRate: 0.2, Schedule: schedule}
		if middle, end := Rate(c, 54, steps), Rate(c, 99, steps); math.Abs(middle-want[0]) > 1e-9 || math.Abs(end-want[1]) > 1e-9 {
			t.Errorf("%s: shares %g and %g, want %g", schedule, middle, end, want)
		}
	}
	if line := Rate(OptimizerSettings{Schedule: "linear"}, 24, 100); math.Abs(line-0.75) > 1e-9 {
		t.Errorf("a quarter down the line the share is %g", line)
	}
	for _, test := range []struct {
		warmup      float64
		step, steps int
		want        float64
	}{
		{0.1, 0, 100, 0.1}, {0.1, 4, 100, 0.5}, {0.1, 9, 100, 1}, {0.1, 54, 100, 0.6}, {0.1, 99, 100, 0.2}, {0.1, 150, 100, 0.2},
		{0, 0, 1, 0.2}, {1, 1, 4, 0.5}, {1, 3, 4, 1}, {1, 9, 4, 1},
	} {
		c.Warmup = test.warmup
		if got := Rate(c, test.step, test.steps); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("warm-up %g, step %d of %d: share %g, want %g", test.warmup, test.step, test.steps, got, test.want)
		}
	}
}
