// Package model is a decoder-only transformer in Llama's architecture:
// RMSNorm, rotary positions, grouped queries, SwiGLU (Touvron et al. 2023),
// read from and written to Hugging Face folders.
//
// A [Model] is its configuration and its parameters, named as in the
// checkpoint. [Model.Hidden] maps tokens to hidden states; the projection to
// the vocabulary is a step of its own, taken only where a token is predicted.
// A scalar head makes of the same model a reward model
// (LlamaForSequenceClassification) or a value function.
package model

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// Config mirrors Hugging Face's config.json for Llama.
type Config struct {
	Architectures         []string `json:"architectures"`
	ModelType             string   `json:"model_type"`
	VocabSize             int      `json:"vocab_size"`
	HiddenSize            int      `json:"hidden_size"`
	IntermediateSize      int      `json:"intermediate_size"`
	NumHiddenLayers       int      `json:"num_hidden_layers"`
	NumAttentionHeads     int      `json:"num_attention_heads"`
	NumKeyValueHeads      int      `json:"num_key_value_heads"`
	HeadDim               int      `json:"head_dim,omitempty"`
	HiddenAct             string   `json:"hidden_act"`
	MaxPositionEmbeddings int      `json:"max_position_embeddings"`
	InitializerRange      float64  `json:"initializer_range"`
	RMSNormEps            float64  `json:"rms_norm_eps"`
	RopeTheta             float64  `json:"rope_theta"`
	RopeScaling           any      `json:"rope_scaling"`
	AttentionBias         bool     `json:"attention_bias"`
	MLPBias               bool     `json:"mlp_bias"`
	TieWordEmbeddings     bool     `json:"tie_word_embeddings"`
	BOSTokenID            int      `json:"bos_token_id"`
	EOSTokenID            int      `json:"eos_token_id"`
	PadTokenID            int      `json:"pad_token_id"`
	NumLabels             int      `json:"num_labels,omitempty"`
	TorchDType            string   `json:"torch_dtype"`
}

// The architectures that are read, by Hugging Face's names.
const (
	CausalLM               = "LlamaForCausalLM"
	SequenceClassification = "LlamaForSequenceClassification"
)

// ReadConfig reads and checks a config.json.
func ReadConfig(path string) (Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	c := Config{HiddenAct: "silu", RopeTheta: 10000, RMSNormEps: 1e-6, InitializerRange: 0.02}
	// Newer files may hold the end token as a list, of which the first counts,
	// and the rotary base beside its type.
	var loose struct {
		EOSTokenID     json.RawMessage `json:"eos_token_id"`
		RopeParameters struct {
			RopeTheta float64 `json:"rope_theta"`
			RopeType  string  `json:"rope_type"`
		} `json:"rope_parameters"`
	}
	if err := json.Unmarshal(raw, &loose); err != nil {
		return Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	var list []int
	if json.Unmarshal(loose.EOSTokenID, &list) == nil && len(list) > 0 {
		var all map[string]any
		if err := json.Unmarshal(raw, &all); err != nil {
			return Config{}, fmt.Errorf("reading %s: %w", path, err)
		}
		all["eos_token_id"] = list[0]
		if raw, err = json.Marshal(all); err != nil {
			return Config{}, fmt.Errorf("reading %s: %w", path, err)
		}
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	if c.NumKeyValueHeads == 0 {
		c.NumKeyValueHeads = c.NumAttentionHeads
	}
	rope := loose.RopeParameters
	if rope.RopeType != "" && rope.RopeType != "default" {
		return Config{}, fmt.Errorf("reading %s: rope_type %q is not supported; want default", path, rope.RopeType)
	}
	if rope.RopeTheta != 0 {
		c.RopeTheta = rope.RopeTheta
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return c, nil
}

func (c Config) check() error {
	for _, size := range []struct {
		name  string
		value int
	}{
		{"vocab_size", c.VocabSize}, {"hidden_size", c.HiddenSize}, {"intermediate_size", c.IntermediateSize},
		{"num_hidden_layers", c.NumHiddenLayers}, {"num_attention_heads", c.NumAttentionHeads},
		{"num_key_value_heads", c.NumKeyValueHeads}, {"max_position_embeddings", c.MaxPositionEmbeddings},
	} {
		if size.value <= 0 {
			return fmt.Errorf("%s is %d, want a positive number", size.name, size.value)
		}
	}
	supported := []string{CausalLM, SequenceClassification}
	for _, architecture := range c.Architectures {
		if !slices.Contains(supported, architecture) {
			return fmt.Errorf("architecture %q is not supported; one of %v", architecture, supported)
		}
	}
	switch {
	case c.NumAttentionHeads%c.NumKeyValueHeads != 0:
		return fmt.Errorf("num_attention_heads %d is not a multiple of num_key_value_heads %d", c.NumAttentionHeads, c.NumKeyValueHeads)
	case c.HeadDim == 0 && c.HiddenSize%c.NumAttentionHeads != 0:
		return fmt.Errorf("hidden_size %d is not a multiple of num_attention_heads %d", c.HiddenSize, c.NumAttentionHeads)
	case c.headDim()%2 != 0:
		return fmt.Errorf("head_dim %d is odd; rotary positions need pairs", c.headDim())
	case c.HiddenAct != "silu":
		return fmt.Errorf("hidden_act %q is not supported; want silu", c.HiddenAct)
	case c.AttentionBias || c.MLPBias:
		return fmt.Errorf("biases in attention or MLP are not supported")
	case c.RopeScaling != nil:
		return fmt.Errorf("rope_scaling is not supported")
	}
	return nil
}

func (c Config) headDim() int {
	if c.HeadDim > 0 {
		return c.HeadDim
	}
	return c.HiddenSize / c.NumAttentionHeads
}

// shape is the shape of a parameter, as in the checkpoint.
type shape struct {
	name string
	size []int
}

// shapes lists the parameters in the order in which the model uses them.
func (c Config) shapes() []shape {
	hidden, head := c.HiddenSize, c.headDim()
	list := []shape{{embeddingName, []int{c.VocabSize, hidden}}}
	for i := range c.NumHiddenLayers {
		layer := fmt.Sprintf("model.layers.%d.", i)
		list = append(list,
			shape{layer + "input_layernorm.weight", []int{hidden}},
			shape{layer + "self_attn.q_proj.weight", []int{c.NumAttentionHeads * head, hidden}},
			shape{layer + "self_attn.k_proj.weight", []int{c.NumKeyValueHeads * head, hidden}},
			shape{layer + "self_attn.v_proj.weight", []int{c.NumKeyValueHeads * head, hidden}},
			shape{layer + "self_attn.o_proj.weight", []int{hidden, c.NumAttentionHeads * head}},
			shape{layer + "post_attention_layernorm.weight", []int{hidden}},
			shape{layer + "mlp.gate_proj.weight", []int{c.IntermediateSize, hidden}},
			shape{layer + "mlp.up_proj.weight", []int{c.IntermediateSize, hidden}},
			shape{layer + "mlp.down_proj.weight", []int{hidden, c.IntermediateSize}},
		)
	}
	list = append(list, shape{finalNormName, []int{hidden}})
	if !c.TieWordEmbeddings {
		list = append(list, shape{"lm_head.weight", []int{c.VocabSize, hidden}})
	}
	return list
}
