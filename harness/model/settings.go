package model

import (
	"fmt"
	"slices"

	"lastmile/experiments"
)

// Settings say which model the policy starts from.
type Settings struct {
	// Path is "builtin" for the model that ships with lastmile, a Hugging Face
	// folder, or "" to train one from scratch on the task's training texts,
	// with the sizes below and the section [base].
	Path string `toml:"path" json:"path"`
	// The sizes of a model from scratch, named as in Hugging Face's
	// config.json for LlamaForCausalLM.
	VocabSize             int     `toml:"vocab_size" json:"vocab_size"`
	HiddenSize            int     `toml:"hidden_size" json:"hidden_size"`
	IntermediateSize      int     `toml:"intermediate_size" json:"intermediate_size"`
	NumHiddenLayers       int     `toml:"num_hidden_layers" json:"num_hidden_layers"`
	NumAttentionHeads     int     `toml:"num_attention_heads" json:"num_attention_heads"`
	NumKeyValueHeads      int     `toml:"num_key_value_heads" json:"num_key_value_heads"`
	MaxPositionEmbeddings int     `toml:"max_position_embeddings" json:"max_position_embeddings"`
	RopeTheta             float64 `toml:"rope_theta" json:"rope_theta"`
}

// Builtin is the value of model.path that stands for the model that ships with
// lastmile.
const Builtin = "builtin"

// FromScratch reports whether the model is to be trained from scratch.
func (s Settings) FromScratch() bool { return s.Path == "" }

// LoRA says whether MLE, reward model and policy optimisation train all
// parameters or low-rank adapters of them (Hu et al. 2022), which leave the
// model as it is: policy, reference policy, reward model and value function then
// share one copy of it. The names are PEFT's.
type LoRA struct {
	// R is the rank of the adapters; 0 trains all parameters.
	R int `toml:"r" json:"r"`
	// Alpha scales what adapters add: by alpha / r.
	Alpha float64 `toml:"alpha" json:"alpha"`
	// Dropout is the share of their input that adapters do without in MLE and
	// the training of the reward model. Policy optimisation has no dropout.
	Dropout float64 `toml:"dropout" json:"dropout"`
	// TargetModules are the projections that have an adapter. Where a model's files hold
	// several in one, as GPT-2's c_attn, Phi-3's qkv_proj and gate_up_proj and GPT-NeoX's
	// query_key_value do, that one has an adapter, under its own name or any of theirs.
	TargetModules []string `toml:"target_modules" json:"target_modules"`
}

// DefaultLoRA is the LoRA of which nothing is said: none.
func DefaultLoRA() LoRA {
	return LoRA{
		Alpha:         16,
		TargetModules: slices.Clone(projections),
	}
}

// Section is the section [model] of a sweep file.
func Section() experiments.Section {
	return experiments.Section{
		Key: "model",
		Default: Settings{
			Path:                  Builtin,
			VocabSize:             4096,
			HiddenSize:            256,
			IntermediateSize:      640,
			NumHiddenLayers:       4,
			NumAttentionHeads:     4,
			NumKeyValueHeads:      2,
			MaxPositionEmbeddings: 512,
			RopeTheta:             10000,
		},
		Rules: experiments.Rules{
			"path":                    experiments.Anything,
			"vocab_size":              experiments.Whole(257, maxSize), // all bytes and the end token
			"hidden_size":             experiments.Whole(1, maxSize),
			"intermediate_size":       experiments.Whole(1, maxSize),
			"num_hidden_layers":       experiments.Whole(1, maxLayers),
			"num_attention_heads":     experiments.Whole(1, maxSize),
			"num_key_value_heads":     experiments.Whole(1, maxSize),
			"max_position_embeddings": experiments.Whole(2, maxSize),
			"rope_theta":              experiments.Above(0),
		},
		Paths: []experiments.Path{{Key: "path", Except: []string{Builtin}}},
		Check: func(c experiments.Config) []experiments.Complaint {
			s := experiments.Get[Settings](c, "model")
			return experiments.Complaints(
				experiments.Indivisible(s.HiddenSize, s.NumAttentionHeads, "model.hidden_size", "model.num_attention_heads"),
				s.oddHeads(),
				experiments.Indivisible(s.NumAttentionHeads, s.NumKeyValueHeads, "model.num_attention_heads", "model.num_key_value_heads"),
			)
		},
	}
}

// oddHeads complains about heads that rotary positions cannot turn.
func (s Settings) oddHeads() experiments.Complaint {
	size := s.HiddenSize / s.NumAttentionHeads
	if size%2 == 0 {
		return experiments.Complaint{}
	}
	return experiments.Complaint{
		Keys:    []string{"model.hidden_size", "model.num_attention_heads"},
		Message: fmt.Sprintf("hidden_size / num_attention_heads is %d; rotary positions need an even size of a head", size),
	}
}

// LoRASection is the section [lora] of a sweep file.
func LoRASection() experiments.Section {
	return experiments.Section{
		Key:     "lora",
		Default: DefaultLoRA(),
		Rules: experiments.Rules{
			"r":              experiments.Whole(0, 1<<16),
			"alpha":          experiments.Above(0),
			"dropout":        experiments.FromBelow(0, 1),
			"target_modules": experiments.List(experiments.Choice("module", targetModules()...), 1),
		},
	}
}
