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
	// queryNorm: queries and keys are normalised (RMSNorm) before they are rotated,
	// head by head or, with wholeNorm, all heads together.
	queryNorm, wholeNorm bool
	// normAfter: attention and MLP are normalised behind and not before.
	normAfter bool
	// normAround: attention and MLP are normalised before and behind.
	normAround bool
	// offsetNorm: a norm scales by one more than its weight.
	offsetNorm bool
	// multipliers: embedding_multiplier, residual_multiplier, attention_multiplier and
	// logits_scaling of config.json count.
	multipliers bool
	// someUnrotated: no_rope_layers, or every no_rope_layer_interval-th layer, do
	// without positions.
	someUnrotated bool
	// layerNorm: norms take the mean off and have a bias (Ba et al. 2016).
	layerNorm bool
	// learnedPositions: a position is an embedding that is added to the
	// token's, instead of a rotation.
	learnedPositions bool
	// plainMLP: the MLP has no gate.
	plainMLP bool
	// parallel: attention and MLP start from the same states, unless
	// use_parallel_residual is false.
	parallel bool
	// scaledEmbedding: embeddings are multiplied by the root of hidden_size.
	scaledEmbedding bool
	// localRope: layers with a window have rotary positions of their own, of the base
	// rope_local_base_freq.
	localRope bool
	// window tells which layers have a sliding window; nil where none has. With
	// useWindow it is only where use_sliding_window is true.
	window    func(c *Config, w windowFields, layer int) bool
	useWindow bool

	// activation is what hidden_act may be, the default first.
	activation []string
	// keyValueHeads and headDim are transformers' defaults of
	// num_key_value_heads and head_dim; 0 means as many heads as of queries,
	// and hidden_size divided among them.
	keyValueHeads, headDim int
	// slidingWindow is that of sliding_window.
	slidingWindow int
	// ropeTheta is that of rope_theta; 0 means 10000.
	ropeTheta float64
	// rotaryShare is that of partial_rotary_factor, the share of a head that is
	// rotated; 0 where the whole always is.
	rotaryShare float64
	// queryScalar is that of query_pre_attn_scalar, by whose root attention divides; 0
	// where it does so by the root of the head's size.
	queryScalar float64
	// softCaps are those of attn_logit_softcapping and final_logit_softcapping; nil
	// where there are no such bounds.
	softCaps *softCaps
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
	// part: the checkpoint holds several of ours, of which this is the part-th; parts is
	// nil where it holds one.
	part  int
	parts func(c Config) parts
}

// parts are how several of our tensors lie in one of a checkpoint: rows of each, behind
// each other, or where there are groups behind each other in each group.
type parts struct {
	rows   []int // of each of ours
	groups int
}

// queriesKeysValues are the three projections of attention.
func queriesKeysValues(c Config) parts {
	head := c.headDim()
	return parts{[]int{c.NumAttentionHeads * head, c.NumKeyValueHeads * head, c.NumKeyValueHeads * head}, 1}
}

// byHead are the three projections of attention, head by head.
func byHead(c Config) parts { return parts{queriesKeysValues(c).rows, c.NumAttentionHeads} }

// gateAndUp are the two projections to the MLP's inside.
func gateAndUp(c Config) parts { return parts{[]int{c.IntermediateSize, c.IntermediateSize}, 1} }

// total is the number of rows of all.
func (p parts) total() int {
	n := 0
	for _, r := range p.rows {
		n += r
	}
	return n
}

// place says where a part lies in each group: in how many of its rows from which on.
func (p parts) place(part int) (start, rows int) {
	for _, r := range p.rows[:part] {
		start += r / p.groups
	}
	return start, p.rows[part] / p.groups
}

// architectures are those that are supported: a table of differences.
var architectures = []architecture{
	{
		modelType: "llama", causal: CausalLM, classification: sequenceClassification,
		optionalBiases: true, activation: []string{"silu"},
	},
	{
		modelType: "mistral", causal: "MistralForCausalLM", classification: "MistralForSequenceClassification",
		window: everyLayer, slidingWindow: 4096, activation: []string{"silu"}, keyValueHeads: 8,
	},
	{
		modelType: "qwen2", causal: "Qwen2ForCausalLM", classification: "Qwen2ForSequenceClassification",
		queryBiases: true, window: typed(lastLayers), useWindow: true, slidingWindow: 4096, activation: []string{"silu"}, keyValueHeads: 32,
	},
	{
		modelType: "qwen3", causal: "Qwen3ForCausalLM", classification: "Qwen3ForSequenceClassification",
		optionalBiases: true, queryNorm: true, window: typed(lastLayers), useWindow: true, slidingWindow: 4096,
		activation: []string{"silu"}, keyValueHeads: 32, headDim: 128,
	},
	{
		modelType: "phi3", causal: "Phi3ForCausalLM", classification: "Phi3ForSequenceClassification",
		window: everyLayer, rotaryShare: 1, activation: []string{"silu"},
		checkpoint: []rename{
			{ours: ".self_attn.q_proj.", theirs: ".self_attn.qkv_proj.", part: 0, parts: queriesKeysValues},
			{ours: ".self_attn.k_proj.", theirs: ".self_attn.qkv_proj.", part: 1, parts: queriesKeysValues},
			{ours: ".self_attn.v_proj.", theirs: ".self_attn.qkv_proj.", part: 2, parts: queriesKeysValues},
			{ours: ".mlp.gate_proj.", theirs: ".mlp.gate_up_proj.", part: 0, parts: gateAndUp},
			{ours: ".mlp.up_proj.", theirs: ".mlp.gate_up_proj.", part: 1, parts: gateAndUp},
		},
	},
	{
		modelType: "olmo2", causal: "Olmo2ForCausalLM", classification: "Olmo2ForSequenceClassification",
		optionalBiases: true, queryNorm: true, wholeNorm: true, normAfter: true, activation: []string{"silu"},
	},
	{
		modelType: "granite", causal: "GraniteForCausalLM",
		optionalBiases: true, multipliers: true, activation: []string{"silu"},
	},
	{
		modelType: "smollm3", causal: "SmolLM3ForCausalLM", classification: "SmolLM3ForSequenceClassification",
		optionalBiases: true, someUnrotated: true, window: typed(unrotatedLayers), useWindow: true,
		activation: []string{"silu"}, keyValueHeads: 4, tied: true,
	},
	{
		modelType: "gemma", causal: "GemmaForCausalLM", classification: "GemmaForSequenceClassification",
		optionalBiases: true, offsetNorm: true, scaledEmbedding: true, activation: []string{"gelu_pytorch_tanh"},
		keyValueHeads: 16, headDim: 256, tied: true,
		// hidden_act says "gelu" in old files and means this one.
		fields: map[string]string{"hidden_act": "hidden_activation"},
	},
	{
		modelType: "gemma2", causal: "Gemma2ForCausalLM", classification: "Gemma2ForSequenceClassification",
		optionalBiases: true, normAround: true, offsetNorm: true, scaledEmbedding: true,
		window: typed(everySecond), slidingWindow: 4096, activation: []string{"gelu_pytorch_tanh"},
		keyValueHeads: 4, headDim: 256, queryScalar: 256, softCaps: &softCaps{attention: 50, logits: 30}, tied: true,
		fields: map[string]string{"hidden_act": "hidden_activation"},
	},
	{
		modelType: "gemma3_text", causal: "Gemma3ForCausalLM", classification: "Gemma3TextForSequenceClassification",
		optionalBiases: true, queryNorm: true, normAround: true, offsetNorm: true, scaledEmbedding: true, localRope: true,
		window: typed(allButEach), slidingWindow: 4096, activation: []string{"gelu_pytorch_tanh"},
		keyValueHeads: 4, headDim: 256, ropeTheta: 1e6, queryScalar: 256, softCaps: &softCaps{}, tied: true,
		fields: map[string]string{"hidden_act": "hidden_activation"},
	},
	{
		modelType: "gpt_neox", causal: "GPTNeoXForCausalLM", classification: "GPTNeoXForSequenceClassification",
		biases: true, layerNorm: true, plainMLP: true, parallel: true, rotaryShare: 0.25,
		activation: []string{"gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh"},
		fields: map[string]string{
			"rms_norm_eps": "layer_norm_eps", "rope_theta": "rotary_emb_base", "num_key_value_heads": "num_attention_heads",
		},
		checkpoint: []rename{
			{ours: embeddingName, theirs: "gpt_neox.embed_in.weight"},
			{ours: "model.norm.", theirs: "gpt_neox.final_layer_norm."},
			{ours: outputName, theirs: "embed_out.weight"},
			{ours: ".self_attn.q_proj.", theirs: ".attention.query_key_value.", part: 0, parts: byHead},
			{ours: ".self_attn.k_proj.", theirs: ".attention.query_key_value.", part: 1, parts: byHead},
			{ours: ".self_attn.v_proj.", theirs: ".attention.query_key_value.", part: 2, parts: byHead},
			{ours: ".self_attn.o_proj.", theirs: ".attention.dense."},
			{ours: ".mlp.up_proj.", theirs: ".mlp.dense_h_to_4h."},
			{ours: ".mlp.down_proj.", theirs: ".mlp.dense_4h_to_h."},
			{ours: "model.layers.", theirs: "gpt_neox.layers."},
		},
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
			{ours: ".self_attn.q_proj.", theirs: ".attn.c_attn.", transposed: true, part: 0, parts: queriesKeysValues},
			{ours: ".self_attn.k_proj.", theirs: ".attn.c_attn.", transposed: true, part: 1, parts: queriesKeysValues},
			{ours: ".self_attn.v_proj.", theirs: ".attn.c_attn.", transposed: true, part: 2, parts: queriesKeysValues},
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
		names = append(names, a.causal)
		if a.classification != "" {
			names = append(names, a.classification)
		}
	}
	return names
}

// findArchitecture returns the architecture that config.json names, by its
// architectures or, where there are none, by its model_type; Llama where there
// is neither.
func findArchitecture(names []string, modelType string) (architecture, error) {
	for _, a := range architectures {
		if len(names) > 0 && names[0] != "" && (names[0] == a.causal || names[0] == a.classification) || len(names) == 0 && modelType == a.modelType {
			return a, nil
		}
	}
	switch {
	case len(names) > 0 && names[0] == "Gemma3ForConditionalGeneration", len(names) == 0 && modelType == "gemma3":
		return architecture{}, fmt.Errorf("Gemma3ForConditionalGeneration, which reads images, is not supported; want its text model, Gemma3ForCausalLM")
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
	// parts are all that the stored tensor holds, of which the parameter is the part-th;
	// nil where it holds one.
	parts      *parts
	part       int
	transposed bool
}

// source finds a parameter in the architecture's checkpoints.
func (a architecture) source(c Config, p shape) source {
	s := source{name: p.name, size: slices.Clone(p.size)}
	for _, r := range a.checkpoint {
		if !strings.Contains(s.name, r.ours) {
			continue
		}
		s.name = strings.Replace(s.name, r.ours, r.theirs, 1)
		s.transposed = s.transposed || r.transposed
		if r.parts != nil {
			parts := r.parts(c)
			s.part, s.parts = r.part, &parts
		}
	}
	if s.parts != nil {
		s.size[0] = s.parts.total()
	}
	if s.transposed {
		slices.Reverse(s.size)
	}
	return s
}

// whole tells whether the stored tensor is the parameter as it stands.
func (s source) whole() bool { return !s.transposed && s.parts == nil }

// at is the place in the stored tensor of the element of a parameter in row i
// and column j; a vector's elements are rows of one column.
func (s source) at(rows, columns, i, j int) int {
	if s.parts != nil {
		start, own := s.parts.place(s.part)
		rows = s.parts.total()
		i = i/own*(rows/s.parts.groups) + start + i%own
	}
	if s.transposed && len(s.size) > 1 {
		return j*rows + i
	}
	return i*columns + j
}

// read takes the values of a parameter out of the stored ones.
func (s source) read(p shape, stored []float32) []float32 {
	if s.whole() {
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
