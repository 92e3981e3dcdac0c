package model

import (
	"fmt"

	"lastmile/harness/torch"
)

// Parameter is one named tensor of a model.
type Parameter struct {
	Name   string
	Tensor *torch.Tensor
}

// Model is a transformer with its parameters, in the session that it was made in.
type Model struct {
	Config Config
	// Head is the scalar head, [1, hidden], of a reward model or a value
	// function; nil where there is none. With [BothPooling] it is [2, hidden]: that of
	// the mean, and that of the last token.
	Head *torch.Tensor
	// Checkpointing lets passes with gradients keep only what each layer starts
	// from. [Model.Recompute] then has to follow the loss's Backward.
	Checkpointing bool

	s          *torch.Session
	parameters []Parameter
	embed      *torch.Tensor
	positions  *torch.Tensor // embeddings of positions; nil where they are rotations
	layers     []layer
	norm       *torch.Tensor
	normBias   *torch.Tensor
	unembed    *torch.Tensor

	// rotations are those of rotary positions; local those of layers with a window,
	// where these differ.
	rotations, local *rotations

	// base is the model whose parameters one with adapters computes with; nil
	// without adapters.
	base *Model
	lora LoRA
	*dropping

	pending []checkpoint // passes whose layers wait for their gradients
}

// rotations are those of the first positions, tabulated of them.
type rotations struct {
	rope      rope
	cos, sin  *torch.Tensor
	tabulated int
}

// layer holds the parameters of one layer; those that an architecture lacks are
// nil.
type layer struct {
	q, k, v, o, gate, up, down linear
	// Norms before attention and before the MLP, and behind them.
	inputNorm, inputNormBias, postNorm, postNormBias *torch.Tensor
	attendedNorm, mlpNorm                            *torch.Tensor
	qNorm, kNorm                                     *torch.Tensor
}

// Parameters' names, which are those of Llama's checkpoints.
const (
	embeddingName = "model.embed_tokens.weight"
	positionsName = "model.embed_positions.weight" // GPT-2's
	finalNormName = "model.norm.weight"
	outputName    = "lm_head.weight" // the projection to the vocabulary
	headName      = "score.weight"   // the scalar head
)

// assemble builds the model from its parameters, which it moves to the
// session's outermost scope.
func assemble(s *torch.Session, c Config, tensors map[string]*torch.Tensor) (*Model, error) {
	m := &Model{Config: c, s: s, rotations: &rotations{rope: c.rope.of(c.RopeTheta)}, dropping: new(dropping)}
	if c.localRope != nil {
		m.local = &rotations{rope: *c.localRope}
	}
	for _, shape := range c.shapes() {
		m.parameters = append(m.parameters, Parameter{shape.name, tensors[shape.name].KeepAll()})
	}
	m.embed = tensors[embeddingName]
	m.positions = tensors[positionsName]
	m.norm, m.normBias = tensors[finalNormName], tensors["model.norm.bias"]
	m.unembed = m.embed
	if !c.TieWordEmbeddings {
		m.unembed = tensors[outputName]
	}
	for i := range c.NumHiddenLayers {
		at := func(name string) (weight, bias *torch.Tensor) {
			name = fmt.Sprintf("model.layers.%d.%s.", i, name)
			return tensors[name+"weight"], tensors[name+"bias"]
		}
		var l layer
		l.inputNorm, l.inputNormBias = at("input_layernorm")
		l.q.weight, l.q.bias = at("self_attn.q_proj")
		l.k.weight, l.k.bias = at("self_attn.k_proj")
		l.v.weight, l.v.bias = at("self_attn.v_proj")
		l.o.weight, l.o.bias = at("self_attn.o_proj")
		l.qNorm, _ = at("self_attn.q_norm")
		l.kNorm, _ = at("self_attn.k_norm")
		if a := c.arch(); a.normAfter || a.normAround {
			l.attendedNorm, _ = at("post_attention_layernorm")
			l.postNorm, _ = at("pre_feedforward_layernorm")
			l.mlpNorm, _ = at("post_feedforward_layernorm")
		} else {
			l.postNorm, l.postNormBias = at("post_attention_layernorm")
		}
		l.gate.weight, l.gate.bias = at("mlp.gate_proj")
		l.up.weight, l.up.bias = at("mlp.up_proj")
		l.down.weight, l.down.bias = at("mlp.down_proj")
		m.layers = append(m.layers, l)
	}
	m.rotary(0)
	return m, s.Err()
}

// Session is the session that the model computes in.
func (m *Model) Session() *torch.Session { return m.s }

// Parameters lists the model's own parameters in a fixed order, the scalar head
// last. Those of a model with adapters are the adapters'.
func (m *Model) Parameters() []Parameter {
	if m.Head == nil {
		return m.parameters
	}
	return append(m.parameters[:len(m.parameters):len(m.parameters)], Parameter{headName, m.Head})
}

// Count is the number of the parameters' elements.
func (m *Model) Count() int {
	n := 0
	for _, p := range m.Parameters() {
		n += p.Tensor.Elements()
	}
	return n
}

// Size is the number of the elements of all parameters that the model computes with,
// with those that its adapters leave as they are.
func (m *Model) Size() int {
	if m.base == nil {
		return m.Count()
	}
	return m.Count() + m.base.Count()
}

// Free frees the model's own parameters.
func (m *Model) Free() {
	for _, p := range m.Parameters() {
		p.Tensor.Free()
	}
	for _, r := range []*rotations{m.rotations, m.local} {
		if r != nil && r.cos != nil && m.base == nil {
			r.cos.Free()
			r.sin.Free()
		}
	}
}

// Train makes gradients flow to the model's own parameters.
func (m *Model) Train() {
	for _, p := range m.Parameters() {
		p.Tensor.RequireGrad()
	}
}

// AddHead adds a scalar head of zeros, so that all scores start at 0.
func (m *Model) AddHead() {
	m.Head = m.s.Zeros(m.Config.heads(), m.Config.HiddenSize).KeepAll()
}

// Logits projects hidden states [..., hidden] to the vocabulary: [...,
// vocab_size], not normalised.
func (m *Model) Logits(hidden *torch.Tensor) *torch.Tensor {
	return hidden.Linear(m.unembed, nil).Cap(m.Config.caps.logits)
}

// Scores projects hidden states [n, hidden] to the scalar head: [n].
func (m *Model) Scores(hidden *torch.Tensor) *torch.Tensor {
	return hidden.Linear(m.Head, nil).Reshape(-1)
}
