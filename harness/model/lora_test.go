package model

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/safetensors"
	"lastmile/harness/torch"
	"lastmile/harness/torch/gradcheck"
)

var everywhere = LoRA{
	R: 2, Alpha: 3, TargetModules: []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"},
}

// adapted makes a model with adapters that have an effect.
func adapted(t *testing.T, m *Model, c LoRA) *Model {
	t.Helper()
	a, err := m.Adapt(c, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	m.s.NoGrad(func() error {
		for _, p := range a.Parameters() {
			if strings.Contains(p.Name, "lora_B") {
				p.Tensor.CopyInPlace(noise(m.s, p.Name, p.Tensor.Shape()...))
			}
		}
		return nil
	})
	return a
}

func states(t *testing.T, m *Model, in Input) []float64 {
	t.Helper()
	v, err := m.Logits(m.Hidden(in)).Value64s()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestAdaptersChangeOnlyTheirModel has two sets of adapters on one model.
func TestAdaptersChangeOnlyTheirModel(t *testing.T) {
	s := open(t, torch.Float32)
	m := newModel(t, s, tiny())
	in := Input{Tokens: []int64{1, 2, 3, 4, 5, 6}, Rows: 2, Length: 3}
	before := states(t, m, in)
	fresh, err := m.Adapt(everywhere, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	near(t, "a fresh adapter", m.Logits(fresh.Hidden(in)), before, 1e-6)
	changed := adapted(t, m, everywhere)
	other := states(t, changed, in)
	near(t, "the model itself", m.Logits(m.Hidden(in)), before, 0)
	near(t, "the fresh adapter", m.Logits(fresh.Hidden(in)), before, 1e-6)
	difference := 0.0
	for i := range other {
		difference = max(difference, other[i]-before[i])
	}
	if difference < 0.01 {
		t.Errorf("adapters change the logits by %g", difference)
	}
	if n, want := len(changed.Parameters()), 2*7*m.Config.NumHiddenLayers; n != want {
		t.Errorf("%d parameters, want %d", n, want)
	}
}

func TestGradientOfAdapters(t *testing.T) {
	s := open(t, torch.Float64)
	m := newModel(t, s, tiny())
	a := adapted(t, m, everywhere)
	a.AddHead()
	a.Head.CopyInPlace(noise(s, "head", 1, 8))
	a.Train()
	var inputs []gradcheck.Input
	for _, p := range a.Parameters() {
		inputs = append(inputs, gradcheck.Input{Name: p.Name, Tensor: p.Tensor})
	}
	gradcheck.Check(t, func() *torch.Tensor {
		b := NewBranches(s, forest)
		return weighed(a.Logprobs(a.HiddenAt(b.Input, b.Predict), b.Targets, 1)).Add(weighed(a.Scores(a.HiddenAt(b.Input, b.Last))))
	}, inputs...)
	for _, p := range m.Parameters() {
		if p.Tensor.Grad() != nil {
			t.Errorf("%s of the model beneath has a gradient", p.Name)
		}
	}
}

// TestSavedAdaptersAndMergedModelsAreTheSame stores a model with adapters and a
// head in both layouts.
func TestSavedAdaptersAndMergedModelsAreTheSame(t *testing.T) {
	s := open(t, torch.Float32)
	m := newModel(t, s, tiny())
	a := adapted(t, m, LoRA{R: 3, Alpha: 2, TargetModules: []string{"k_proj", "up_proj"}})
	a.Config.ScorePooling = BothPooling
	a.AddHead()
	a.Head.CopyInPlace(noise(s, "head", 2, 8))
	in := Input{Tokens: []int64{1, 2, 3, 4}, Rows: 1, Length: 4}
	b := NewBranches(s, forest)
	want, scores := states(t, a, in), a.ResponseScores(b)
	score, err := scores.Value64s()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := a.SaveAdapter(filepath.Join(dir, "adapter"), "base"); err != nil {
		t.Fatal(err)
	}
	if err := a.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := m.LoadAdapter(filepath.Join(dir, "adapter"))
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]*Model{"adapters": again, "merged": load(t, s, dir)} {
		near(t, name, other.Logits(other.Hidden(in)), want, 1e-5)
		near(t, name+": scores", other.ResponseScores(b), score, 1e-5)
	}
}

// TestAddedAdaptersAreOne merges an adapter, trains another on top, and
// compares with both at once.
func TestAddedAdaptersAreOne(t *testing.T) {
	s := open(t, torch.Float32)
	m := newModel(t, s, tiny())
	dir := t.TempDir()
	first := adapted(t, m, everywhere)
	if err := first.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := first.SaveAdapter(filepath.Join(dir, "first"), ""); err != nil {
		t.Fatal(err)
	}
	second := adapted(t, load(t, s, dir), everywhere)
	if err := second.SaveAdapter(filepath.Join(dir, "second"), ""); err != nil {
		t.Fatal(err)
	}
	c, x, err := ReadAdapter(filepath.Join(dir, "first"))
	if err != nil {
		t.Fatal(err)
	}
	d, y, err := ReadAdapter(filepath.Join(dir, "second"))
	if err != nil {
		t.Fatal(err)
	}
	if c, x, err = AddAdapters(c, x, d, y); err != nil {
		t.Fatal(err)
	}
	if err := WriteAdapter(dir, c, x); err != nil {
		t.Fatal(err)
	}
	both, err := m.LoadAdapter(dir)
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Tokens: []int64{1, 2, 3, 4}, Rows: 1, Length: 4}
	near(t, "both", both.Logits(both.Hidden(in)), states(t, second, in), 1e-4)
}

func TestDropoutOfAdaptersIsOfTrainingAlone(t *testing.T) {
	s := open(t, torch.Float32)
	m := newModel(t, s, tiny())
	c := everywhere
	c.Dropout = 0.5
	a := adapted(t, m, c)
	in := Input{Tokens: []int64{1, 2, 3, 4}, Rows: 1, Length: 4}
	plain := states(t, a, in)
	differs := func(v []float64) bool {
		for i := range v {
			if d := v[i] - plain[i]; d > 1e-3 || d < -1e-3 {
				return true
			}
		}
		return false
	}
	a.Dropout(7)
	dropped := states(t, a, in)
	if !differs(dropped) {
		t.Error("dropout changes nothing")
	}
	near(t, "the same key", a.Logits(a.Hidden(in)), dropped, 0)
	s.NoGrad(func() error {
		if differs(states(t, a, in)) {
			t.Error("there is dropout without gradients")
		}
		return nil
	})
	a.Dropout(0)
	if differs(states(t, a, in)) {
		t.Error("there is dropout after its end")
	}
}

// eachAdapter runs a test for each folder of adapters that PEFT wrote, with the model
// that they are for, the adapted one, the tokens and the logits that PEFT gave.
func eachAdapter(t *testing.T, dtype torch.DType, test func(t *testing.T, base, adapted *Model, in Input, want []float64)) {
	t.Helper()
	folders, err := filepath.Glob("testdata/adapters/*")
	if err != nil || len(folders) < 4 {
		t.Fatalf("testdata/adapters: %d folders, %v", len(folders), err)
	}
	for _, dir := range folders {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, "golden.json"))
			if err != nil {
				t.Fatal(err)
			}
			var g golden
			if err := json.Unmarshal(text, &g); err != nil {
				t.Fatal(err)
			}
			m := load(t, open(t, dtype), filepath.Join("testdata/architectures", strings.TrimSuffix(filepath.Base(dir), "-lora")))
			a, err := m.LoadAdapter(dir)
			if err != nil {
				t.Fatal(err)
			}
			test(t, m, a, g.input(), g.Logits)
		})
	}
}

// TestAdaptersOfPEFT compares their logits with PEFT's: as they were read, saved and
// read again, and merged into the model and read.
func TestAdaptersOfPEFT(t *testing.T) {
	eachAdapter(t, torch.Float32, func(t *testing.T, base, adapted *Model, in Input, want []float64) {
		near(t, "logits", adapted.Logits(adapted.Hidden(in)), want, 1e-4)
		dir := t.TempDir()
		if err := adapted.SaveAdapter(dir, "base"); err != nil {
			t.Fatal(err)
		}
		again, err := base.LoadAdapter(dir)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "saved", again.Logits(again.Hidden(in)), want, 1e-4)
		theirs, err := safetensors.Read(filepath.Join("testdata/adapters", filepath.Base(t.Name()), adapterFile))
		if err != nil {
			t.Fatal(err)
		}
		c, ours, err := ReadAdapter(dir)
		if err != nil {
			t.Fatal(err)
		}
		if c.FanInFanOut != strings.Contains(t.Name(), "gpt2") {
			t.Errorf("fan_in_fan_out is %v", c.FanInFanOut)
		}
		for name, tensor := range theirs {
			if !slices.Equal(tensor.Shape, ours[name].Shape) || !bytes.Equal(tensor.Data, ours[name].Data) {
				t.Errorf("%s of shape %v was saved otherwise, with shape %v", name, tensor.Shape, ours[name].Shape)
			}
		}
		if len(ours) != len(theirs) {
			t.Errorf("%d tensors were saved, want %d", len(ours), len(theirs))
		}
		if err := adapted.Save(dir); err != nil {
			t.Fatal(err)
		}
		merged := load(t, base.s, dir)
		near(t, "merged", merged.Logits(merged.Hidden(in)), want, 1e-4)
	})
}

// TestGradientOfSharedAdapters is for adapters of modules that hold several projections.
func TestGradientOfSharedAdapters(t *testing.T) {
	eachAdapter(t, torch.Float64, func(t *testing.T, base, adapted *Model, in Input, _ []float64) {
		in = Input{Tokens: in.Tokens[:6], Rows: 2, Length: 3}
		adapted.Train()
		var inputs []gradcheck.Input
		for _, p := range adapted.Parameters() {
			if strings.Contains(p.Name, ".0.") {
				inputs = append(inputs, gradcheck.Input{Name: p.Name, Tensor: p.Tensor})
			}
		}
		gradcheck.Check(t, func() *torch.Tensor {
			return weighed(adapted.Logprobs(adapted.HiddenAt(in, []int64{1, 2, 5}), []int64{4, 7, 9}, 1))
		}, inputs...)
	})
}

// TestTargetModules names modules by their own names, by parts of them and by ours.
func TestTargetModules(t *testing.T) {
	for _, c := range []struct {
		dir     string
		targets []string
		want    []string
	}{
		{"llama3", []string{"v_proj", "self_attn.q_proj"}, []string{"self_attn.v_proj", "self_attn.q_proj"}},
		{"gpt2", DefaultLoRA().TargetModules, []string{"attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"}},
		{"gpt2", []string{"c_proj"}, []string{"attn.c_proj", "mlp.c_proj"}},
		{"gpt2", []string{"k_proj", "mlp.c_proj", "c_attn"}, []string{"attn.c_attn", "mlp.c_proj"}},
		{"phi3", []string{"gate_proj", "o_proj", "qkv_proj"}, []string{"mlp.gate_up_proj", "self_attn.o_proj", "self_attn.qkv_proj"}},
		{"gpt-neox", []string{"dense", "v_proj", "up_proj"}, []string{"attention.dense", "attention.query_key_value", "mlp.dense_h_to_4h"}},
	} {
		config, err := ReadConfig(filepath.Join("testdata/architectures", c.dir, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		modules, err := config.adaptable(c.targets)
		var got []string
		for _, m := range modules {
			got = append(got, m.name)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v are %v, %v; want %v", c.dir, c.targets, got, err, c.want)
		}
	}
}

func TestAdaptersThatCannotBeAreErrors(t *testing.T) {
	s := open(t, torch.Float32)
	gpt := load(t, s, "testdata/architectures/gpt2")
	if _, err := gpt.Adapt(LoRA{R: 1, Alpha: 1, TargetModules: []string{"gate_proj"}}, 1, "test"); err == nil || !strings.Contains(err.Error(), `no "gate_proj"; it has c_attn, c_proj, c_fc`) || strings.Count(err.Error(), "c_proj") > 1 {
		t.Errorf("GPT-2's gate: error %v", err)
	}
	m := newModel(t, s, tiny())
	if _, err := m.Adapt(LoRA{R: 1, Alpha: 1, TargetModules: []string{"c_attn"}}, 1, "test"); err == nil || !strings.Contains(err.Error(), `no "c_attn"`) {
		t.Errorf("an unknown module: error %v", err)
	}
	if _, err := m.LoadAdapter("testdata/adapters/gpt2-lora"); err == nil || !strings.Contains(err.Error(), "fan_in_fan_out is true") {
		t.Errorf("GPT-2's adapters: error %v", err)
	}
	dir := t.TempDir()
	if err := adapted(t, m, everywhere).SaveAdapter(dir, ""); err != nil {
		t.Fatal(err)
	}
	wide := tiny()
	wide.IntermediateSize *= 2
	if _, err := newModel(t, s, wide).LoadAdapter(dir); err == nil || !strings.Contains(err.Error(), "has shape") {
		t.Errorf("adapters of another model: error %v", err)
	}
}
