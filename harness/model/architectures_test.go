package model

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/safetensors"
	"lastmile/harness/torch"
)

// eachArchitecture runs a test for each model that
// testdata/make_architectures.py wrote, with the tokens and what transformers
// made of them.
func eachArchitecture(t *testing.T, test func(t *testing.T, m *Model, in Input, want []float64)) {
	t.Helper()
	folders, err := filepath.Glob("testdata/architectures/*")
	if err != nil || len(folders) < 8 {
		t.Fatalf("testdata/architectures: %d folders, %v", len(folders), err)
	}
	for _, dir := range folders {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var g golden
			text, err := os.ReadFile(filepath.Join(dir, "golden.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &g); err != nil {
				t.Fatal(err)
			}
			m := load(t, open(t, torch.Float32), dir)
			test(t, m, g.input(), g.Logits)
		})
	}
}

func TestEachArchitectureEqualsTransformers(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, m *Model, in Input, want []float64) {
		if m.Head == nil {
			near(t, "logits", m.Logits(m.Hidden(in)), want, 1e-4)
			return
		}
		last := make([]int64, in.Rows)
		for row := range last {
			last[row] = int64((row+1)*in.Length - 1)
		}
		near(t, "scores", m.Scores(m.HiddenAt(in, last)), want, 1e-4)
	})
}

func TestEachArchitectureCached(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, m *Model, in Input, _ []float64) {
		whole := m.Hidden(in)
		m.s.NoGrad(func() error {
			cache := m.NewCache(in.Rows, in.Length)
			at := 0
			for _, n := range []int{in.Length - 4, 1, 1, 1, 1} {
				var part []int64
				for row := range in.Rows {
					part = append(part, in.Tokens[row*in.Length+at:][:n]...)
				}
				want, _ := whole.Narrow(1, at, n).Value64s()
				near(t, "hidden states", m.Hidden(Input{Tokens: part, Rows: in.Rows, Length: n, Cache: cache}), want, 1e-4)
				at += n
			}
			return nil
		})
	})
}

func TestEachArchitectureInTrees(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, m *Model, in Input, _ []float64) {
		tree := Tree{Prompt: []int{5, 9, 3, 7, 6}, Responses: [][]int{{4, 5}, {6, 7, 8, 11, 4, 3, 12}, {9}}}
		b := NewBranches(m.s, []Tree{tree})
		got, err := m.Logprobs(m.HiddenAt(b.Input, b.Predict), b.Targets, 1).Value64s()
		if err != nil {
			t.Fatal(err)
		}
		for _, response := range tree.Responses {
			alone := Input{Rows: 1, Length: len(tree.Prompt) + len(response)}
			for _, token := range slices.Concat(tree.Prompt, response) {
				alone.Tokens = append(alone.Tokens, int64(token))
			}
			from := len(tree.Prompt)
			states := m.Hidden(alone).Reshape(alone.Length, -1).Narrow(0, from-1, len(response))
			near(t, "log-probabilities", m.Logprobs(states, alone.Tokens[from:], 1), got[:len(response)], 1e-4)
			got = got[len(response):]
		}
	})
}

// TestGradientsEqualTransformers compares those of the mean negative log-likelihood,
// parameter by parameter, relative to the gradient's norm; and those of the same pass
// with checkpoints.
func TestGradientsEqualTransformers(t *testing.T) {
	compared := 0
	eachArchitecture(t, func(t *testing.T, m *Model, in Input, _ []float64) {
		stored, err := safetensors.Read(filepath.Join("testdata/architectures", filepath.Base(t.Name()), "gradients.safetensors"))
		if errors.Is(err, fs.ErrNotExist) {
			t.SkipNow()
		}
		if err != nil {
			t.Fatal(err)
		}
		compared++
		var predict, targets []int64
		for i := range in.Tokens {
			if (i+1)%in.Length > 0 {
				predict, targets = append(predict, int64(i)), append(targets, in.Tokens[i+1])
			}
		}
		m.Train()
		for _, m.Checkpointing = range []bool{false, true} {
			m.s.Scope(func() error {
				m.Logprobs(m.HiddenAt(in, predict), targets, 1).Mean().Neg().Backward()
				m.Recompute()
				return nil
			})
			for _, p := range m.Parameters() {
				from := m.Config.arch().source(m.Config, shape{p.Name, p.Tensor.Shape()})
				values, err := stored[from.name].Float32s()
				if err != nil {
					t.Fatalf("%s: %v", p.Name, err)
				}
				want := from.read(shape{p.Name, p.Tensor.Shape()}, values)
				got, err := p.Tensor.Grad().Value64s()
				if err != nil {
					t.Fatal(err)
				}
				difference, norm := 0.0, 0.0
				for i, v := range want {
					difference, norm = math.Hypot(difference, got[i]-float64(v)), math.Hypot(norm, float64(v))
				}
				if !(norm > 0 && difference <= 1e-4*norm) {
					t.Errorf("%s, checkpoints %v: the gradient differs by %g of %g", p.Name, m.Checkpointing, difference, norm)
				}
				m.s.NoGrad(func() error {
					p.Tensor.Grad().CopyInPlace(m.s.Zeros(p.Tensor.Shape()...))
					return nil
				})
			}
		}
	})
	if compared < 2 {
		t.Errorf("the gradients of %d models were compared, want two or more", compared)
	}
}

func TestEachArchitectureIsSavedAsItWas(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, m *Model, in Input, _ []float64) {
		dir := t.TempDir()
		if err := m.Save(dir); err != nil {
			t.Fatal(err)
		}
		want, _ := m.Hidden(in).Value64s()
		again := load(t, m.s, dir)
		near(t, "hidden states", again.Hidden(in), want, 0)
		// The file says what it said, but for the type of the weights and the
		// names of labels.
		before, after := m.Config.file, again.Config.file
		for name := range before {
			var was, is any
			if err := json.Unmarshal(before[name], &was); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(after[name], &is); err != nil && !slices.Contains([]string{"dtype", "torch_dtype", "id2label", "label2id"}, name) {
				t.Errorf("%s was %s and is %s", name, was, after[name])
			} else if err == nil && !reflect.DeepEqual(was, is) && name != "torch_dtype" {
				t.Errorf("%s was %s and is %s", name, was, is)
			}
		}
		stored, err := safetensors.Read(filepath.Join(dir, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		original, err := OpenWeights(filepath.Join("testdata/architectures", filepath.Base(t.Name())))
		if err != nil {
			t.Fatal(err)
		}
		defer original.Close()
		for name, f := range original.files {
			values, err := original.Read(name, f.Tensors[name].Shape)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := stored[name].Float32s()
			if !slices.Equal(got, values) || !slices.Equal(stored[name].Shape, f.Tensors[name].Shape) {
				t.Errorf("tensor %q of shape %v was saved otherwise, with shape %v", name, f.Tensors[name].Shape, stored[name].Shape)
			}
		}
		if len(stored) != len(original.files) {
			t.Errorf("%d tensors were saved, want %d", len(stored), len(original.files))
		}
	})
}

// TestWhichLayersHaveAWindow compares with what transformers makes of the same files.
func TestWhichLayersHaveAWindow(t *testing.T) {
	for dir, want := range map[string][]int{
		"mistral": {32, 32}, "mistral-sharded": {0, 0}, "mistral-window": {6, 6}, "qwen2": {0, 0}, "qwen2-window": {0, 5},
		"phi3": {0, 0}, "phi3-window": {7, 7}, "smollm3-window": {5, 0, 5}, "gemma2": {6, 0}, "gemma2-old": {6, 0}, "gemma2-uncapped": {0, 0},
		"gemma3": {5, 0, 5}, "gemma3-old": {5, 0, 5},
	} {
		c, err := ReadConfig(filepath.Join("testdata/architectures", dir, "config.json"))
		if err != nil || c.MaxPositionEmbeddings != 64 {
			t.Errorf("%s: %d positions, %v; want 64", dir, c.MaxPositionEmbeddings, err)
			continue
		}
		var got []int
		for i := range c.NumHiddenLayers {
			got = append(got, c.windowOf(i))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: layers see %v tokens, want %v", dir, got, want)
		}
	}
}

func TestRotationsBeyondTheFirstTable(t *testing.T) {
	s := open(t, torch.Float32)
	c := tiny()
	c.MaxPositionEmbeddings = 3 * firstPositions
	m := newModel(t, s, c)
	in := Input{Tokens: []int64{1, 2, 3}, Rows: 1, Length: 3}
	want, _ := m.Hidden(in).Value64s()
	// Attention sees distances only.
	in.Positions = []int64{2*firstPositions + 5, 2*firstPositions + 6, 2*firstPositions + 7}
	near(t, "hidden states", m.Hidden(in), want, 1e-4)
	if m.rotations.tabulated != 3*firstPositions {
		t.Errorf("%d positions are tabulated, want %d", m.rotations.tabulated, 3*firstPositions)
	}
}

func TestBareNetworksAreRead(t *testing.T) {
	for _, name := range []string{"gpt2", "qwen2"} {
		s := open(t, torch.Float32)
		from := filepath.Join("testdata/architectures", name)
		m := load(t, s, from)
		all, err := safetensors.Read(filepath.Join(from, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		bare := map[string]safetensors.Tensor{"h.0.attn.bias": {DType: "U8", Shape: []int{1, 2}, Data: []byte{1, 0}}}
		for name, tensor := range all {
			_, rest, _ := strings.Cut(name, ".")
			bare[rest] = tensor
		}
		dir := t.TempDir()
		if err := Write(dir, m.Config, bare); err != nil {
			t.Fatal(err)
		}
		want, _ := m.Hidden(Input{Tokens: []int64{3, 4}, Rows: 1, Length: 2}).Value64s()
		near(t, "hidden states", load(t, s, dir).Hidden(Input{Tokens: []int64{3, 4}, Rows: 1, Length: 2}), want, 0)
	}
}

func TestBadIndexesAreRefused(t *testing.T) {
	const from = "testdata/architectures/mistral-sharded"
	for want, spoil := range map[string]func(dir, index string) string{
		`lies in "../elsewhere.safetensors"; expected a .safetensors file in the folder itself`: func(_, index string) string {
			return strings.ReplaceAll(index, "model-00002-of-00003.safetensors", "../elsewhere.safetensors")
		},
		`lies in "/etc/passwd"`: func(_, index string) string {
			return strings.ReplaceAll(index, "model-00002-of-00003.safetensors", "/etc/passwd")
		},
		`lies in "model.bin"`: func(_, index string) string {
			return strings.ReplaceAll(index, "model-00002-of-00003.safetensors", "model.bin")
		},
		"model-00002-of-00003.safetensors: no such file": func(dir, index string) string {
			os.Remove(filepath.Join(dir, "model-00002-of-00003.safetensors"))
			return index
		},
		"is missing, which model.safetensors.index.json puts there": func(_, index string) string {
			return strings.ReplaceAll(index, "model-00002-of-00003.safetensors", "model-00001-of-00003.safetensors")
		},
		"unexpected end of JSON input": func(string, string) string { return "{" },
		"weight_map is empty":          func(string, string) string { return "{}" },
		"pytorch_model.bin, never": func(dir, index string) string {
			os.Remove(filepath.Join(dir, indexFile))
			return ""
		},
	} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		index, err := os.ReadFile(filepath.Join(dir, indexFile))
		if err != nil {
			t.Fatal(err)
		}
		if text := spoil(dir, string(index)); text != "" {
			if err := os.WriteFile(filepath.Join(dir, indexFile), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		s := open(t, torch.Float32)
		if _, err := Load(s, dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("error %v, want one with the folder and %q", err, want)
		}
		s.Close()
	}
}

// TestSmolLM2 compares with logits that testdata/make_architectures.py wrote
// with transformers for SmolLM2-135M, in the folder that LASTMILE_SMOLLM2 names.
func TestSmolLM2(t *testing.T) {
	dir := os.Getenv("LASTMILE_SMOLLM2")
	if dir == "" {
		t.Skip("LASTMILE_SMOLLM2 is not set")
	}
	var g struct {
		Tokens [][]int   `json:"tokens"`
		Places []int     `json:"places"` // in the flattened logits
		Logits []float64 `json:"logits"`
	}
	text, err := os.ReadFile("testdata/smollm2.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	m := load(t, open(t, torch.Float32), dir)
	var got []float64
	err = m.s.NoGrad(func() error {
		got, err = m.Logits(m.Hidden(golden{Tokens: g.Tokens}.input())).Value64s()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, place := range g.Places {
		worst = max(worst, got[place]-g.Logits[i], g.Logits[i]-got[place])
	}
	t.Logf("largest difference of %d logits: %.2g", len(g.Places), worst)
	if !(worst <= 1e-3) {
		t.Errorf("a logit differs by %g", worst)
	}
}
