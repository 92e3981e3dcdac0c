package model

import (
	"fmt"
	"slices"
	"strings"
)

// architecture says in what a decoder-only transformer differs from the others.
// All are one network; only Llama is without any of the marks below.
type architecture struct {
	// modelType, causal and classification are Hugging Face's names.
	modelType, causal, classification string

	// optionalBiases: attention_bias and mlp_bias of config.json count.
	optionalBiases bool
	// queryBiases: the projections to queries, keys and values have biases.
	queryBiases bool
	// biases: all projections have.
	biases bool
	// queryNorm: queries and keys are normalised head by head (RMSNorm) before
	// they are rotated.
	queryNorm bool
	// layerNorm: norms take the mean off and have a bias (Ba et al. 2016).
	layerNorm bool
	// learnedPositions: a position is an embedding that is added to the
	// token's, instead of a rotation.
	learnedPositions bool
	// plainMLP: the MLP has no gate.
	plainMLP bool
	// window: sliding_window of config.json is always on. Elsewhere it is where
	// use_sliding_window is true.
	window bool

	// activation is hidden_act, and what it may be called besides.
	activation []string
	// keyValueHeads and headDim are transformers' defaults of
	// num_key_value_heads and head_dim; 0 means as many heads as of queries,
	// and hidden_size divided among them.
	keyValueHeads, headDim int
	// tied is the default of tie_word_embeddings.
	tied bool

	// fields are the names of config.json's fields, by ours; checkpoint are the
	// names of parameters, by ours. What is not in them has our name.
	fields     map[string]string
	checkpoint []rename
}

// rename replaces a part of a parameter's name by that of the checkpoint.
type rename struct {
	ours, theirs string
	// transposed: the checkpoint holds [in, out] (Conv1D) instead of [out, in].
	transposed bool
	// part of parts: the checkpoint holds several of ours behind each other.
	part, parts int
}

// architectures are those that are supported: a table of differences.
var architectures = []architecture{
	{
		modelType: "llama", causal: CausalLM, classification: sequenceClassification,
		optionalBiases: true, activation: []string{"silu"},
	},
	{
		modelType: "mistral", causal: "MistralForCausalLM", classification: "MistralForSequenceClassification",
		window: true, activation: []string{"silu"}, keyValueHeads: 8,
	},
	{
		modelType: "qwen2", causal: "Qwen2ForCausalLM", classification: "Qwen2ForSequenceClassification",
		queryBiases: true, activation: []string{"silu"}, keyValueHeads: 32,
	},
	{
		modelType: "qwen3", causal: "Qwen3ForCausalLM", classification: "Qwen3ForSequenceClassification",
		optionalBiases: true, queryNorm: true, activation: []string{"silu"}, keyValueHeads: 32, headDim: 128,
	},
	{
		modelType: "gpt2", causal: "GPT2LMHeadModel", classification: "GPT2ForSequenceClassification",
		biases: true, layerNorm: true, learnedPositions: true, plainMLP: true, tied: true,
		activation: []string{"gelu_new", "gelu_pytorch_tanh"},
		fields: map[string]string{
			"hidden_size": "n_embd", "intermediate_size": "n_inner", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
			"hidden_act": "activation_function", "max_position_embeddings": "n_positions", "rms_norm_eps": "layer_norm_epsilon",
		},
		checkpoint: []rename{
			{ours: embeddingName, theirs: "transformer.wte.weight"},
			{ours: positionsName, theirs: "transformer.wpe.weight"},
			{ours: "model.norm.", theirs: "transformer.ln_f."},
			{ours: ".input_layernorm.", theirs: ".ln_1."},
			{ours: ".post_attention_layernorm.", theirs: ".ln_2."},
			{ours: ".self_attn.q_proj.", theirs: ".attn.c_attn.", transposed: true, part: 0, parts: 3},
			{ours: ".self_attn.k_proj.", theirs: ".attn.c_attn.", transposed: true, part: 1, parts: 3},
			{ours: ".self_attn.v_proj.", theirs: ".attn.c_attn.", transposed: true, part: 2, parts: 3},
			{ours: ".self_attn.o_proj.", theirs: ".attn.c_proj.", transposed: true},
			{ours: ".mlp.up_proj.", theirs: ".mlp.c_fc.", transposed: true},
			{ours: ".mlp.down_proj.", theirs: ".mlp.c_proj.", transposed: true},
			{ours: "model.layers.", theirs: "transformer.h."},
		},
	},
}

// supported lists the architectures that can be read, by Hugging Face's names.
func supported() []string {
	var names []string
	for _, a := range architectures {
		names = append(names, a.causal, a.classification)
	}
	return names
}

// findArchitecture returns the architecture that config.json names, by its
// architectures or, where there are none, by its model_type; Llama where there
// is neither.
func findArchitecture(names []string, modelType string) (architecture, error) {
	for _, a := range architectures {
		if len(names) > 0 && (names[0] == a.causal || names[0] == a.classification) || len(names) == 0 && modelType == a.modelType {
			return a, nil
		}
	}
	switch {
	case len(names) > 0:
		return architecture{}, fmt.Errorf("architecture %q is not supported; supported are %s", names[0], strings.Join(supported(), ", "))
	case modelType != "":
		return architecture{}, fmt.Errorf("model_type %q is not supported; supported are %s", modelType, strings.Join(supported(), ", "))
	}
	return architectures[0], nil
}

// source is where a parameter lies in a checkpoint.
type source struct {
	name string
	size []int // as stored
	rename
}

// source finds a parameter in the architecture's checkpoints.
func (a architecture) source(p shape) source {
	s := source{name: p.name, size: slices.Clone(p.size)}
	for _, r := range a.checkpoint {
		if !strings.Contains(s.name, r.ours) {
			continue
		}
		s.name = strings.Replace(s.name, r.ours, r.theirs, 1)
		if r.transposed {
			s.rename = r
		}
	}
	if s.parts > 1 {
		s.size[0] *= s.parts
	}
	if s.transposed {
		slices.Reverse(s.size)
	}
	return s
}

// at is the place in the stored tensor of the element of a parameter in row i
// and column j; a vector's elements are rows of one column.
func (s source) at(rows, columns, i, j int) int {
	if s.parts > 1 {
		i, rows = i+s.part*rows, s.parts*rows
	}
	if s.transposed && len(s.size) > 1 {
		return j*rows + i
	}
	return i*columns + j
}

// read takes the values of a parameter out of the stored ones.
func (s source) read(p shape, stored []float32) []float32 {
	if !s.transposed {
		return stored
	}
	rows, columns := p.matrix()
	values := make([]float32, rows*columns)
	for i := range rows {
		for j := range columns {
			values[i*columns+j] = stored[s.at(rows, columns, i, j)]
		}
	}
	return values
}

// write puts the values of a parameter into the stored ones.
func (s source) write(p shape, values, stored []float32) {
	rows, columns := p.matrix()
	for i := range rows {
		for j := range columns {
			stored[s.at(rows, columns, i, j)] = values[i*columns+j]
		}
	}
}

// matrix is the shape of a parameter as rows and columns.
func (p shape) matrix() (rows, columns int) {
	if len(p.size) == 1 {
		return p.size[0], 1
	}
	return p.size[0], p.size[1]
}
