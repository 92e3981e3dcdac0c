// Package model is a decoder-only transformer, read from and written to Hugging
// Face folders: Llama's (RMSNorm, rotary positions, grouped queries, SwiGLU;
// Touvron et al. 2023), and by a table of differences, in architecture.go,
// Mistral's, Qwen 2's and 3's, Phi-3's, OLMo 2's, Granite's, SmolLM3's, Gemma 1's
// to 3's, GPT-NeoX's and GPT-2's.
//
// A [Model] is its configuration and its parameters, named as in the
// checkpoint. [Model.Hidden] maps tokens to hidden states; the projection to
// the vocabulary is a step of its own, taken only where a token is predicted.
// A scalar head makes of the same model a reward model
// (such as LlamaForSequenceClassification) or a value function.
package model

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"lastmile/harness/foreign"
	"lastmile/harness/jsonfile"
)

// Config mirrors Hugging Face's config.json, with the names that Llama's has.
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
	// ScorePooling says which tokens of a response its score is taken from, see
	// [LastPooling]. It is a field that transformers keeps and does not heed.
	ScorePooling string `json:"score_pooling,omitempty"`

	kind        *architecture              // nil for that of Architectures and ModelType
	rope        rope                       // how RopeTheta is scaled
	localRope   *rope                      // of layers with a window; nil where it is the same
	rotated     int                        // how many elements of a head are; 0 for all
	multipliers                            // of what passes between the layers
	caps        softCaps                   // of logits
	unrotated   []bool                     // the layers without positions; nil for none
	window      int                        // how many tokens one sees in layers with a window, itself included
	windowed    []bool                     // those layers; nil for none
	parallel    bool                       // attention and MLP start from the same states
	file        map[string]json.RawMessage // as found, without most nulls; nil for a model from scratch
}

// What a response's score is: that of its last token, as in Hugging Face's classes for
// sequence classification; the mean of its tokens'; or the sum of the two, each with a
// head of its own.
const (
	LastPooling = ""
	MeanPooling = "mean"
	BothPooling = "both"
)

// heads is the number of the scalar heads.
func (c Config) heads() int {
	if c.ScorePooling == BothPooling {
		return 2
	}
	return 1
}

// The names of Llama's architectures.
const (
	CausalLM               = "LlamaForCausalLM"
	sequenceClassification = "LlamaForSequenceClassification"
)

// ReadConfig reads and checks a config.json of any architecture that is
// supported, in the spellings of older and of newer versions of transformers.
// The fields of the result are named as Llama's, whatever the file calls them.
func ReadConfig(path string) (Config, error) {
	raw, err := foreign.Read(path)
	if err != nil {
		return Config{}, err
	}
	c, err := parseConfig(raw)
	if err != nil {
		return Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return c, nil
}

func parseConfig(raw []byte) (Config, error) {
	var file map[string]json.RawMessage
	if err := jsonfile.Unmarshal(raw, &file); err != nil {
		return Config{}, err
	}
	for name, value := range file {
		// A null says nothing, except where the default is something else.
		if string(value) == "null" && !slices.Contains(nullable, name) {
			delete(file, name)
		}
	}
	var named struct {
		Architectures []string `json:"architectures"`
		ModelType     string   `json:"model_type"`
	}
	if err := jsonfile.Unmarshal(raw, &named); err != nil {
		return Config{}, err
	}
	a, err := findArchitecture(named.Architectures, named.ModelType)
	if err != nil {
		return Config{}, err
	}
	c := Config{
		HiddenAct: a.activation[0], RopeTheta: cmp.Or(a.ropeTheta, 10000), RMSNormEps: 1e-6, InitializerRange: 0.02,
		HeadDim: a.headDim, NumKeyValueHeads: a.keyValueHeads, TieWordEmbeddings: a.tied, kind: &a, file: file,
	}
	if a.layerNorm {
		c.RMSNormEps = 1e-5
	}
	ours := maps.Clone(file)
	for name, theirs := range a.fields {
		delete(ours, name)
		if value, ok := file[theirs]; ok {
			ours[name] = value
		}
	}
	// Newer files may hold the end token as a list, of which the first counts.
	var list []json.RawMessage
	if json.Unmarshal(ours["eos_token_id"], &list) == nil && len(list) > 0 {
		ours["eos_token_id"] = list[0]
	}
	text, err := json.Marshal(ours)
	if err != nil {
		return Config{}, err
	}
	if err := jsonfile.Unmarshal(text, &c); err != nil {
		return Config{}, err
	}
	if c.NumKeyValueHeads == 0 {
		c.NumKeyValueHeads = c.NumAttentionHeads
	}
	if a.plainMLP && c.IntermediateSize == 0 {
		c.IntermediateSize = 4 * c.HiddenSize
	}
	for _, read := range []func() error{c.readRotary, c.readMultipliers, c.readSoftCaps, c.readUnrotated, c.readWindows, c.readParallel} {
		if err := read(); err != nil {
			return Config{}, err
		}
	}
	return c, c.check()
}

// nullable are the fields of config.json of which null says something.
var nullable = []string{"sliding_window", "attn_logit_softcapping", "final_logit_softcapping"}

// orNull reads a number of config.json that may be null, which is 0, and has a default.
func (c *Config) orNull(name string, otherwise float64) (float64, error) {
	raw, ok := c.file[name]
	switch {
	case !ok:
		return otherwise, nil
	case string(raw) == "null":
		return 0, nil
	}
	var v float64
	if err := jsonfile.Unmarshal(raw, &v); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	if !(v >= 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%s is %g, want a positive number or null", name, v)
	}
	return v, nil
}

// readParallel reads whether attention and MLP start from the same states, of an
// architecture where they may.
func (c *Config) readParallel() error {
	f := struct {
		Parallel bool `json:"use_parallel_residual"`
	}{true}
	if err := c.unmarshalFile(&f); err != nil {
		return err
	}
	c.parallel = c.kind.parallel && f.Parallel
	return nil
}

// unmarshalFile reads fields of config.json that Config has not.
func (c *Config) unmarshalFile(v any) error {
	text, err := json.Marshal(c.file)
	if err != nil {
		return err
	}
	return jsonfile.Unmarshal(text, v)
}

// arch is the architecture of c.
func (c Config) arch() architecture {
	if c.kind != nil {
		return *c.kind
	}
	a, err := findArchitecture(c.Architectures, c.ModelType)
	if err != nil {
		return architectures[0] // check refuses it
	}
	return a
}

func (c Config) check() error {
	if _, err := findArchitecture(c.Architectures, c.ModelType); err != nil {
		return err
	}
	a := c.arch()
	for _, size := range []struct {
		name       string
		value, max int
	}{
		{"vocab_size", c.VocabSize, maxSize}, {"hidden_size", c.HiddenSize, maxSize}, {"intermediate_size", c.IntermediateSize, maxSize},
		{"num_hidden_layers", c.NumHiddenLayers, maxLayers}, {"num_attention_heads", c.NumAttentionHeads, maxSize},
		{"num_key_value_heads", c.NumKeyValueHeads, maxSize}, {"max_position_embeddings", c.MaxPositionEmbeddings, maxSize},
	} {
		if size.value <= 0 || size.value > size.max {
			return fmt.Errorf("%s is %d, want a number from 1 to %d", cmp.Or(a.fields[size.name], size.name), size.value, size.max)
		}
	}
	switch {
	case c.NumAttentionHeads%c.NumKeyValueHeads != 0:
		return fmt.Errorf("num_attention_heads %d is not a multiple of num_key_value_heads %d", c.NumAttentionHeads, c.NumKeyValueHeads)
	case c.HeadDim < 0 || c.HeadDim > maxSize:
		return fmt.Errorf("head_dim is %d, want a number from 1 to %d", c.HeadDim, maxSize)
	case c.HeadDim == 0 && c.HiddenSize%c.NumAttentionHeads != 0:
		return fmt.Errorf("hidden_size %d is not a multiple of num_attention_heads %d", c.HiddenSize, c.NumAttentionHeads)
	case !a.learnedPositions && c.rotaryDim()%2 != 0:
		return fmt.Errorf("head_dim %d is odd, or what partial_rotary_factor leaves of it, %d; rotary positions need pairs", c.headDim(), c.rotaryDim())
	case !slices.Contains(a.activation, c.HiddenAct):
		return fmt.Errorf("%s %q is not supported; want %s", cmp.Or(a.fields["hidden_act"], "hidden_act"), c.HiddenAct, a.activation[0])
	case !a.optionalBiases && !a.biases && (c.AttentionBias || c.MLPBias):
		return fmt.Errorf("attention_bias and mlp_bias are not supported in %s", a.causal)
	}
	return c.checkOddities()
}

// The bounds of sizes, so that a malformed file cannot ask for all memory or
// overflow a product.
const (
	maxSize   = 1 << 24
	maxLayers = 1 << 12
)

// checkOddities refuses settings that hardly any model has.
func (c Config) checkOddities() error {
	var f struct {
		ScaleAttnWeights           *bool `json:"scale_attn_weights"`
		ScaleAttnByInverseLayerIdx bool  `json:"scale_attn_by_inverse_layer_idx"`
		AddCrossAttention          bool  `json:"add_cross_attention"`
		AttentionBias              *bool `json:"attention_bias"`
		Bidirectional              bool  `json:"use_bidirectional_attention"`
	}
	if err := c.unmarshalFile(&f); err != nil {
		return err
	}
	switch {
	case f.ScaleAttnWeights != nil && !*f.ScaleAttnWeights:
		return fmt.Errorf("scale_attn_weights false is not supported; want true")
	case f.ScaleAttnByInverseLayerIdx:
		return fmt.Errorf("scale_attn_by_inverse_layer_idx is not supported; want false")
	case f.AddCrossAttention:
		return fmt.Errorf("add_cross_attention is not supported; want false")
	case f.AttentionBias != nil && !*f.AttentionBias && c.arch().biases:
		return fmt.Errorf("attention_bias false is not supported in %s; want true", c.arch().causal)
	case f.Bidirectional:
		return fmt.Errorf("use_bidirectional_attention is not supported; want false")
	}
	return nil
}

// MarshalJSON writes a config.json: as it was found, but for what depends on the
// weights that it is written with.
func (c Config) MarshalJSON() ([]byte, error) {
	type plain Config
	if c.file == nil {
		return json.Marshal(plain(c))
	}
	file := maps.Clone(c.file)
	delete(file, "quantization_config")
	delete(file, "dtype") // the newer name of torch_dtype
	delete(file, "num_labels")
	delete(file, "score_pooling")
	now := map[string]any{"architectures": c.Architectures, "torch_dtype": c.TorchDType}
	if c.NumLabels > 0 {
		now["num_labels"] = c.NumLabels
		delete(file, "id2label")
		delete(file, "label2id")
	}
	if c.ScorePooling != "" {
		now["score_pooling"] = c.ScorePooling
	}
	if c.PadTokenID != 0 {
		now["pad_token_id"] = c.PadTokenID
	}
	for name, value := range now {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		file[name] = text
	}
	return json.Marshal(file)
}

func (c Config) headDim() int {
	if c.HeadDim > 0 || c.NumAttentionHeads <= 0 { // which check refuses
		return c.HeadDim
	}
	return c.HiddenSize / c.NumAttentionHeads
}

// rotaryDim is how many elements of a head rotary positions turn.
func (c Config) rotaryDim() int { return cmp.Or(c.rotated, c.headDim()) }

// shape is the shape of a parameter, as in the checkpoint.
type shape struct {
	name string
	size []int
}

// shapes lists the parameters in the order in which the model uses them, by our
// names: those of Llama's checkpoints.
func (c Config) shapes() []shape {
	a := c.arch()
	hidden, head := c.HiddenSize, c.headDim()
	var list []shape
	add := func(name string, size ...int) { list = append(list, shape{name, size}) }
	projection := func(name string, out, in int, bias bool) {
		add(name+".weight", out, in)
		if bias {
			add(name+".bias", out)
		}
	}
	norm := func(name string, size int) {
		add(name+".weight", size)
		if a.layerNorm {
			add(name+".bias", size)
		}
	}
	optional := a.optionalBiases && c.AttentionBias || a.biases
	mlp := a.optionalBiases && c.MLPBias || a.biases
	add(embeddingName, c.VocabSize, hidden)
	if a.learnedPositions {
		add(positionsName, c.MaxPositionEmbeddings, hidden)
	}
	for i := range c.NumHiddenLayers {
		layer := fmt.Sprintf("model.layers.%d.", i)
		if !a.normAfter {
			norm(layer+"input_layernorm", hidden)
		}
		projection(layer+"self_attn.q_proj", c.NumAttentionHeads*head, hidden, a.queryBiases || optional)
		projection(layer+"self_attn.k_proj", c.NumKeyValueHeads*head, hidden, a.queryBiases || optional)
		projection(layer+"self_attn.v_proj", c.NumKeyValueHeads*head, hidden, a.queryBiases || optional)
		projection(layer+"self_attn.o_proj", hidden, c.NumAttentionHeads*head, optional)
		switch {
		case a.wholeNorm:
			add(layer+"self_attn.q_norm.weight", c.NumAttentionHeads*head)
			add(layer+"self_attn.k_norm.weight", c.NumKeyValueHeads*head)
		case a.queryNorm:
			add(layer+"self_attn.q_norm.weight", head)
			add(layer+"self_attn.k_norm.weight", head)
		}
		norm(layer+"post_attention_layernorm", hidden)
		if a.normAround {
			norm(layer+"pre_feedforward_layernorm", hidden)
		}
		if !a.plainMLP {
			projection(layer+"mlp.gate_proj", c.IntermediateSize, hidden, mlp)
		}
		projection(layer+"mlp.up_proj", c.IntermediateSize, hidden, mlp)
		projection(layer+"mlp.down_proj", hidden, c.IntermediateSize, mlp)
		if a.normAfter || a.normAround {
			norm(layer+"post_feedforward_layernorm", hidden)
		}
	}
	norm("model.norm", hidden)
	if !c.TieWordEmbeddings {
		add(outputName, c.VocabSize, hidden)
	}
	return list
}
