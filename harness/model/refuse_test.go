package model

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/safetensors"
	"lastmile/harness/torch"
)

func TestMalformedConfigurationsAreRefused(t *testing.T) {
	for want, text := range map[string]string{
		"config.json: malformed JSON in line 1, byte 1: unexpected end": `{`,
		"vocab_size is -3":                        `{"vocab_size": -3}`,
		"hidden_size is 0":                        `{"hidden_size": 0}`,
		"num_key_value_heads is -1":               `{"num_key_value_heads": -1}`,
		"not a multiple of num_key_value_heads":   `{"num_key_value_heads": 3}`,
		"not a multiple of num_attention_heads":   `{"num_attention_heads": 3, "num_key_value_heads": 3, "head_dim": 0}`,
		"head_dim 5 is odd":                       `{"head_dim": 5}`,
		`hidden_act "gelu"`:                       `{"hidden_act": "gelu"}`,
		"MistralForCausalLM":                      `{"architectures": ["MistralForCausalLM"], "attention_bias": true}`,
		`rope_scaling: rope_type ""`:              `{"rope_parameters": null, "rope_scaling": {"factor": 2}}`,
		`rope_type "longrope"`:                    `{"rope_parameters": {"rope_type": "longrope", "rope_theta": 10000}}`,
		"rope_scaling: factor is 0":               `{"rope_parameters": null, "rope_scaling": {"type": "dynamic"}}`,
		"beta_fast -1":                            `{"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000, "factor": 2, "beta_fast": -1}}`,
		`rope_parameters: rope_type ""`:           `{"rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 7}}}`,
		"factor is 0.5, want at least 1":          `{"rope_parameters": {"rope_type": "linear", "factor": 0.5}}`,
		"low_freq_factor 4":                       `{"rope_parameters": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1}}`,
		"partial_rotary_factor 0.5":               `{"partial_rotary_factor": 0.5}`,
		"0.5 is not supported in LlamaForCausal":  `{"rope_parameters": {"rope_type": "default", "rope_theta": 7, "partial_rotary_factor": 0.5}}`,
		"partial_rotary_factor is 1.5":            `{"architectures": ["GPTNeoXForCausalLM"], "rotary_pct": 1.5, "rope_parameters": {}}`,
		"leaves of it, 3":                         `{"architectures": ["GPTNeoXForCausalLM"], "rotary_pct": 0.4, "rope_parameters": {}}`,
		"attention_bias false is not supported":   `{"architectures": ["GPTNeoXForCausalLM"], "hidden_act": "gelu", "attention_bias": false}`,
		"which reads images":                      `{"architectures": ["Gemma3ForConditionalGeneration"]}`,
		"want those of full_attention and of":     `{"architectures": ["Gemma3ForCausalLM"], "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 7}}}`,
		`sliding_attention: rope_type "longrope"`: `{"architectures": ["Gemma3ForCausalLM"], "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 7}, "sliding_attention": {"rope_type": "longrope"}}}`,
		"sliding_window_pattern is 0":             `{"architectures": ["Gemma3ForCausalLM"], "rope_parameters": {}, "sliding_window_pattern": 0}`,
		"sliding_window is -3":                    `{"architectures": ["MistralForCausalLM"], "sliding_window": -3}`,
		"layer_types has 1 entries, want one for": `{"architectures": ["Qwen2ForCausalLM"], "layer_types": ["full_attention"]}`,
		`layer_types: "chunked_attention"`:        `{"architectures": ["Qwen2ForCausalLM"], "layer_types": ["full_attention", "chunked_attention"]}`,
		"final_logit_softcapping is -1":           `{"architectures": ["Gemma2ForCausalLM"], "final_logit_softcapping": -1}`,
		"query_pre_attn_scalar is 0":              `{"architectures": ["Gemma2ForCausalLM"], "query_pre_attn_scalar": 0}`,
		"use_bidirectional_attention":             `{"architectures": ["Gemma2ForCausalLM"], "use_bidirectional_attention": true}`,
		"supported are LlamaForCausalLM, Llama":   `{"architectures": ["BloomForCausalLM"]}`,
		`"BloomForCausalLM" is not supported`:     `{"architectures": ["BloomForCausalLM"]}`,
		`model_type "bloom" is not supported`:     `{"architectures": [], "model_type": "bloom"}`,
		"n_embd is 0":                             `{"architectures": ["GPT2LMHeadModel"]}`,
		"scale_attn_weights":                      `{"scale_attn_weights": false}`,
		"num_hidden_layers is 100000000":          `{"num_hidden_layers": 100000000}`,
		`field "vocab_size" is a JSON string`:     `{"vocab_size": "many"}`,
	} {
		path := filepath.Join(t.TempDir(), "config.json")
		valid, err := os.ReadFile("testdata/causal/config.json")
		if err != nil {
			t.Fatal(err)
		}
		var all, change map[string]any
		if json.Unmarshal([]byte(text), &change) == nil {
			json.Unmarshal(valid, &all)
			for key, value := range change {
				all[key] = value
			}
			raw, _ := json.Marshal(all)
			text = string(raw)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err = ReadConfig(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one with the file and %q", err, want)
		}
	}
}

func TestConfigurationsOfNewAndOldFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	const sizes = `"vocab_size": 8, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 8`
	for text, want := range map[string]Config{
		`"eos_token_id": 5, "rope_theta": 500`:                                               {EOSTokenID: 5, RopeTheta: 500},
		`"eos_token_id": 4, "rope_scaling": {}`:                                              {EOSTokenID: 4, RopeTheta: 10000},
		`"eos_token_id": [6, 7], "rope_scaling": null, "pad_token_id": null`:                 {EOSTokenID: 6, RopeTheta: 10000},
		`"eos_token_id": null, "rope_parameters": {"rope_theta": 7, "rope_type": "default"}`: {RopeTheta: 7},
	} {
		if err := os.WriteFile(path, []byte("{"+sizes+","+text+"}"), 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := ReadConfig(path)
		if err != nil || c.EOSTokenID != want.EOSTokenID || c.RopeTheta != want.RopeTheta {
			t.Errorf("%s: end token %d, base %g, %v", text, c.EOSTokenID, c.RopeTheta, err)
		}
		if c.NumKeyValueHeads != 2 {
			t.Errorf("%s: %d heads of keys and values, want as many as of queries", text, c.NumKeyValueHeads)
		}
	}
}

func TestBadCheckpointsAreRefused(t *testing.T) {
	const name = "model.layers.1.mlp.up_proj.weight"
	for want, spoil := range map[string]func(map[string]safetensors.Tensor){
		`"` + name + `" is missing`: func(all map[string]safetensors.Tensor) { delete(all, name) },
		`"` + name + `" has shape [32 48], but config.json makes it [48 32]`: func(all map[string]safetensors.Tensor) {
			all[name] = safetensors.Float32(make([]float32, 48*32), 32, 48)
		},
		`"` + name + `" is of type I64; quantised weights are not read`: func(all map[string]safetensors.Tensor) {
			all[name] = safetensors.Tensor{DType: "I64", Shape: []int{48, 32}, Data: make([]byte, 8*48*32)}
		},
		"quantised by bitsandbytes, in 4 bits (" + name + ".quant_state.bitsandbytes__nf4)": func(all map[string]safetensors.Tensor) {
			all[name+".quant_state.bitsandbytes__nf4"] = safetensors.Tensor{DType: "U8", Shape: []int{2}, Data: make([]byte, 2)}
		},
		"quantised by bitsandbytes, in 8 bits": func(all map[string]safetensors.Tensor) {
			all[name+".SCB"] = safetensors.Float32(make([]float32, 48), 48)
		},
	} {
		all, err := safetensors.Read("testdata/causal/model.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		c, err := ReadConfig("testdata/causal/config.json")
		if err != nil {
			t.Fatal(err)
		}
		spoil(all)
		dir := t.TempDir()
		if err := Write(dir, c, all); err != nil {
			t.Fatal(err)
		}
		s := open(t, torch.Float32)
		_, err = Load(s, dir)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("error %v, want one with the file and %q", err, want)
		}
		if _, checked := Check(dir); checked == nil || err == nil || checked.Error() != err.Error() {
			t.Errorf("without values, error %v, and with them %v", checked, err)
		}
		if s.Err() != nil {
			t.Errorf("the session has the error %v", s.Err())
		}
		s.Close()
	}
}

func TestAPointerOfGitLFSIsNoModel(t *testing.T) {
	dir := t.TempDir()
	config, err := os.ReadFile("testdata/causal/config.json")
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644)
	os.WriteFile(filepath.Join(dir, "model.safetensors"), []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 5\n"), 0o644)
	if _, err := Check(dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "model.safetensors")+": it is a pointer of Git LFS") {
		t.Errorf("error %v, want one that says so", err)
	}
	if _, err := Check("testdata/causal"); err != nil {
		t.Errorf("a model: error %v", err)
	}
}

func TestAFolderWithoutAModel(t *testing.T) {
	s := open(t, torch.Float32)
	if _, err := Load(s, t.TempDir()); err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Errorf("error %v, want one that names config.json", err)
	}
	if _, err := New(s, Config{}, 1); err == nil {
		t.Error("a model of no size was made")
	}
}
