package model

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"lastmile/harness/fuzztest"
)

// scalings are rope_scaling and rope_parameters of long models.
var scalings = []string{
	`{"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 8192}`,
	`{"type": "yarn", "factor": 4.0, "beta_fast": 32, "beta_slow": 1, "mscale": 1, "mscale_all_dim": 1, "truncate": false}`,
	`{"rope_type": "linear", "factor": 2, "rope_theta": 1e6, "partial_rotary_factor": 0.5}`,
}

func FuzzConfig(f *testing.F) {
	fuzztest.AddFiles(f, "testdata/architectures/*/config.json")
	for _, scaling := range scalings {
		for _, field := range []string{"rope_scaling", "rope_parameters"} {
			f.Add([]byte(`{"architectures": ["LlamaForCausalLM"], "vocab_size": 9, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
				"max_position_embeddings": 64, "` + field + `": ` + scaling + `}`))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fuzztest.Bounded(t, 256<<20, func() {
			c, err := parseConfig(text)
			fuzztest.Says(t, err, string(text))
			if err != nil {
				return
			}
			// A layer more is the same; all of 4,096 would only take time.
			c.NumHiddenLayers = min(c.NumHiddenLayers, 2)
			for _, p := range c.shapes() {
				c.arch().source(c, p)
				elements := 1
				for _, n := range p.size {
					if n <= 0 || elements > math.MaxInt/n {
						t.Fatalf("%s has the shape %v", p.name, p.size)
					}
					elements *= n
				}
			}
			checkRope(t, c)
			written, err := json.Marshal(c)
			if err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			again, err := parseConfig(written)
			if err != nil {
				t.Fatalf("what was written cannot be read: %v\n%s", err, written)
			}
			if again.NumHiddenLayers = c.NumHiddenLayers; !reflect.DeepEqual(again.shapes(), c.shapes()) || !reflect.DeepEqual(again.rope, c.rope) {
				t.Errorf("written and read again, %+v is %+v", c, again)
			}
		})
	})
}

// checkRope looks whether rotary positions are numbers.
func checkRope(t *testing.T, c Config) {
	t.Helper()
	if c.arch().learnedPositions {
		return
	}
	half := c.rotaryDim() / 2
	ropes := []rope{c.rope}
	if c.localRope != nil {
		ropes = append(ropes, *c.localRope)
	}
	for _, r := range ropes {
		if scale := r.scale(); scale-scale != 0 {
			t.Errorf("%+v scales by %g", r, scale)
		}
		for _, i := range []int{0, half / 2, max(half-1, 0)} {
			if f := r.frequency(i, half); f-f != 0 {
				t.Errorf("%+v has the frequency %g at %d of %d", r, f, i, half)
			}
		}
	}
}

// FuzzIndex reads model.safetensors.index.json, whose files are not there.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata": {"total_size": 1}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}`))
	f.Add([]byte(`{"weight_map": {"a": "../a.safetensors", "b": 1}}`))
	f.Add([]byte(`{"weight_map": {"a": ".safetensors", "": "a\u0000.safetensors"}}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, indexFile), text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 64<<20, func() {
			files, err := WeightFiles(dir)
			fuzztest.Says(t, err, string(text))
			for i, name := range files {
				if filepath.Dir(filepath.Join(dir, name)) != dir {
					t.Errorf("%q lies elsewhere", name)
				}
				if i > 0 && files[i-1] == name {
					t.Errorf("%q is there twice", name)
				}
			}
			_, err = OpenWeights(dir)
			if fuzztest.Says(t, err, string(text)); err == nil {
				t.Error("files were opened that are not there")
			}
		})
	})
}

// FuzzAdapter reads adapter_config.json beside a file of no tensors.
func FuzzAdapter(f *testing.F) {
	f.Add([]byte(`{"peft_type": "LORA", "r": 8, "lora_alpha": 16, "lora_dropout": 0.1, "target_modules": ["q_proj"], "bias": "none"}`))
	f.Add([]byte(`{"peft_type": "LORA", "r": 1e30, "target_modules": "all-linear"}`))
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, adapterFile), []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, adapterConfigFile), text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 64<<20, func() {
			c, tensors, err := ReadAdapter(dir)
			fuzztest.Says(t, err, string(text))
			if err == nil && (c.R < 1 || len(c.TargetModules) == 0 || len(tensors) > 0) {
				t.Errorf("read %+v with %d tensors", c, len(tensors))
			}
		})
	})
}
