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
	// function; nil where there is none.
	Head *torch.Tensor

	s          *torch.Session
	parameters []Parameter
	embed      *torch.Tensor
	positions  *torch.Tensor // embeddings of positions; nil where they are rotations
	layers     []layer
	norm       *torch.Tensor
	normBias   *torch.Tensor
	unembed    *torch.Tensor

	cos, sin  *torch.Tensor // rotations of the first positions, tabulated of them
	tabulated int
}

// layer holds the parameters of one layer; those that an architecture lacks are
// nil.
type layer struct {
	inputNorm, q, k, v, o, postNorm, gate, up, down                                     *torch.Tensor
	inputNormBias, qBias, kBias, vBias, oBias, postNormBias, gateBias, upBias, downBias *torch.Tensor
	qNorm, kNorm                                                                        *torch.Tensor
}

// Parameters' names, which are those of Llama's checkpoints.
const (
	embeddingName = "model.embed_tokens.weight"
	positionsName = "model.embed_positions.weight" // GPT-2's
	finalNormName = "model.norm.weight"
	headName      = "score.weight" // the scalar head
)

// assemble builds the model from its parameters, which it moves to the
// session's outermost scope.
func assemble(s *torch.Session, c Config, tensors map[string]*torch.Tensor) (*Model, error) {
	m := &Model{Config: c, s: s}
	for _, shape := range c.shapes() {
		m.parameters = append(m.parameters, Parameter{shape.name, tensors[shape.name].KeepAll()})
	}
	m.embed = tensors[embeddingName]
	m.positions = tensors[positionsName]
	m.norm, m.normBias = tensors[finalNormName], tensors["model.norm.bias"]
	m.unembed = m.embed
	if !c.TieWordEmbeddings {
		m.unembed = tensors["lm_head.weight"]
	}
	for i := range c.NumHiddenLayers {
		at := func(name string) (weight, bias *torch.Tensor) {
			name = fmt.Sprintf("model.layers.%d.%s.", i, name)
			return tensors[name+"weight"], tensors[name+"bias"]
		}
		var l layer
		l.inputNorm, l.inputNormBias = at("input_layernorm")
		l.q, l.qBias = at("self_attn.q_proj")
		l.k, l.kBias = at("self_attn.k_proj")
		l.v, l.vBias = at("self_attn.v_proj")
		l.o, l.oBias = at("self_attn.o_proj")
		l.qNorm, _ = at("self_attn.q_norm")
		l.kNorm, _ = at("self_attn.k_norm")
		l.postNorm, l.postNormBias = at("post_attention_layernorm")
		l.gate, l.gateBias = at("mlp.gate_proj")
		l.up, l.upBias = at("mlp.up_proj")
		l.down, l.downBias = at("mlp.down_proj")
		m.layers = append(m.layers, l)
	}
	m.rotary(0)
	return m, s.Err()
}

// Session is the session that the model computes in.
func (m *Model) Session() *torch.Session { return m.s }

// Parameters lists the model's parameters in a fixed order, the scalar head
// last.
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

// Free frees the parameters.
func (m *Model) Free() {
	for _, p := range m.Parameters() {
		p.Tensor.Free()
	}
	if m.cos != nil {
		m.cos.Free()
		m.sin.Free()
	}
}

// Train makes gradients flow to all parameters.
func (m *Model) Train() {
	for _, p := range m.Parameters() {
		p.Tensor.RequireGrad()
	}
}

// AddHead adds a scalar head of zeros, so that all scores start at 0.
func (m *Model) AddHead() {
	m.Head = m.s.Zeros(1, m.Config.HiddenSize).KeepAll()
}

// Logits projects hidden states [..., hidden] to the vocabulary: [...,
// vocab_size], not normalised.
func (m *Model) Logits(hidden *torch.Tensor) *torch.Tensor {
	return hidden.Linear(m.unembed, nil)
}

// Scores projects hidden states [n, hidden] to the scalar head: [n].
func (m *Model) Scores(hidden *torch.Tensor) *torch.Tensor {
	return hidden.Linear(m.Head, nil).Reshape(-1)
}
