package scorer

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lastmile/harness/encoder"
	"lastmile/harness/safetensors"
	"lastmile/harness/torch"
	"lastmile/metrics"
)

func readGolden[T any](t *testing.T, path string) (golden []T) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden) == 0 {
		t.Fatalf("%s is empty", path)
	}
	return golden
}

// TestEncoderEqualsTransformers compares tokens and hidden states of a plain
// encoder with those of transformers' BertModel.
func TestEncoderEqualsTransformers(t *testing.T) {
	dir := "testdata/encoder"
	s := session(t, torch.Options{})
	e, err := Start(s, dir, []string{"score"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	v, err := encoder.ReadVocabulary(dir, e.Config.Config)
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(v, e.Config)
	type pair struct {
		Reference, Hypothesis string
		IDs                   []int
		First, Last           []float64
	}
	golden := readGolden[pair](t, filepath.Join(dir, "golden.json"))
	var rows []encoder.Row
	for _, g := range golden {
		rows = append(rows, r.row(Pair{g.Reference, g.Hypothesis}))
	}
	b := r.Batch(rows)
	var hidden []float64
	err = s.NoGrad(func() error {
		hidden, err = e.Hidden(b).Value64s()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	size := e.Config.HiddenSize
	for i, g := range golden {
		if !slices.Equal(rows[i].Tokens, g.IDs) {
			t.Errorf("pair %d: tokens %v, transformers has %v", i, rows[i].Tokens, g.IDs)
			continue
		}
		for at, want := range map[int][]float64{0: g.First, len(g.IDs) - 1: g.Last} {
			for k, w := range want {
				if got := hidden[(i*b.Length+at)*size+k]; math.Abs(got-w) > 1e-4 {
					t.Errorf("pair %d, position %d, unit %d: %g, transformers says %g", i, at, k, got, w)
					break
				}
			}
		}
	}
}

// TestScoresEqualBleurtPytorch compares tokens and scores of BLEURT
// checkpoints with those of bleurt-pytorch 0.0.1.
func TestScoresEqualBleurtPytorch(t *testing.T) {
	for _, dir := range []string{"testdata/bleurt-bert", "testdata/bleurt-rembert"} {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			type pair struct {
				Reference, Hypothesis string
				IDs                   []int
				Score                 float64
			}
			m := open(t, dir)
			golden := readGolden[pair](t, filepath.Join(dir, "golden.json"))
			var inputs []metrics.Input
			for i, g := range golden {
				if tokens := m.reader.row(Pair{g.Reference, g.Hypothesis}).Tokens; !slices.Equal(tokens, g.IDs) {
					t.Errorf("pair %d: tokens %v, bleurt-pytorch has %v", i, tokens, g.IDs)
				}
				inputs = append(inputs, metrics.Input{Hypothesis: g.Hypothesis, References: []string{g.Reference}})
			}
			scores, err := m.ScoreAll(inputs)
			if err != nil {
				t.Fatal(err)
			}
			for i, g := range golden {
				if math.Abs(scores[i]-g.Score) > 1e-4 {
					t.Errorf("pair %d: score %g, bleurt-pytorch says %g", i, scores[i], g.Score)
				}
			}
		})
	}
}

// TestStart looks at where an encoder's parts come from.
func TestStart(t *testing.T) {
	stored, err := safetensors.Read("testdata/encoder/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	values := func(e *Encoder, name string) []float32 {
		t.Helper()
		for _, p := range e.Parameters() {
			if p.Name == name {
				v, err := p.Tensor.Values()
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
		}
		t.Fatalf("there is no parameter %s", name)
		return nil
	}
	want, err := stored["pooler.dense.weight"].Float32s()
	if err != nil {
		t.Fatal(err)
	}
	s := session(t, torch.Options{})
	e, err := Start(s, "testdata/encoder", []string{"a", "b", "c"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(values(e, "bert.pooler.dense.weight"), want) {
		t.Error("the pooler is not the folder's")
	}
	if n := len(values(e, "classifier.weight")); n != 3*e.Config.HiddenSize {
		t.Errorf("the head has %d weights", n)
	}

	// Saved it is a scorer, which starts again with its head, or with another.
	dir := t.TempDir()
	if err := e.Save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := Start(s, dir, []string{"a", "b", "c"}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(values(again, "classifier.weight"), values(e, "classifier.weight")) {
		t.Error("the same outputs, but another head")
	}
	if again, err = Start(s, dir, []string{"a", "c"}, 2); err != nil {
		t.Fatal(err)
	}
	if n := len(values(again, "classifier.weight")); n != 2*e.Config.HiddenSize {
		t.Errorf("the new head has %d weights", n)
	}

	// Without a pooler one is drawn; without a layer nothing is.
	strip := func(prefix string) string {
		dir := t.TempDir()
		part := make(map[string]safetensors.Tensor)
		for name, tensor := range stored {
			if len(name) < len(prefix) || name[:len(prefix)] != prefix {
				part["bert."+name] = tensor
			}
		}
		config, err := os.ReadFile("testdata/encoder/config.json")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(encoder.ConfigFile(dir), config, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := safetensors.Write(weightsFile(dir), part); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	drawn, err := Start(s, strip("pooler"), []string{"a"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(values(drawn, "bert.pooler.dense.weight"), want) {
		t.Error("the pooler is the folder's, which has none")
	}
	if _, err := Start(s, strip("encoder.layer.1.output"), []string{"a"}, 1); err == nil {
		t.Error("a folder without a part of a layer was read")
	}
}
