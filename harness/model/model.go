package model

import (
	"fmt"
	"math"

	"lastmile/harness/torch"
)

// Parameter is one named tensor of a model.
type Parameter struct {
	Name   string
	Tensor *torch.Tensor
}

// Model is a Llama with its parameters, in the session that it was made in.
type Model struct {
	Config Config
	// Head is the scalar head, [1, hidden], of a reward model or a value
	// function; nil where there is none.
	Head *torch.Tensor

	s          *torch.Session
	parameters []Parameter
	embed      *torch.Tensor
	layers     []layer
	norm       *torch.Tensor
	unembed    *torch.Tensor
	cos, sin   *torch.Tensor
}

type layer struct {
	inputNorm, q, k, v, o, postNorm, gate, up, down *torch.Tensor
}

// Parameters' names in a checkpoint.
const (
	embeddingName = "model.embed_tokens.weight"
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
	m.norm = tensors[finalNormName]
	m.unembed = m.embed
	if !c.TieWordEmbeddings {
		m.unembed = tensors["lm_head.weight"]
	}
	for i := range c.NumHiddenLayers {
		at := func(name string) *torch.Tensor { return tensors[fmt.Sprintf("model.layers.%d.%s.weight", i, name)] }
		m.layers = append(m.layers, layer{
			inputNorm: at("input_layernorm"), postNorm: at("post_attention_layernorm"),
			q: at("self_attn.q_proj"), k: at("self_attn.k_proj"), v: at("self_attn.v_proj"), o: at("self_attn.o_proj"),
			gate: at("mlp.gate_proj"), up: at("mlp.up_proj"), down: at("mlp.down_proj"),
		})
	}
	m.rotary()
	return m, s.Err()
}

// rotary tabulates the rotations of positions: [positions, head_dim]. The sine
// has the sign of rotate_half in it.
func (m *Model) rotary() {
	half := m.Config.headDim() / 2
	n := m.Config.MaxPositionEmbeddings
	cos, sin := make([]float64, 2*n*half), make([]float64, 2*n*half)
	for position := range n {
		for i := range half {
			angle := float64(position) * math.Pow(m.Config.RopeTheta, -float64(i)/float64(half))
			at := position*2*half + i
			cos[at], cos[at+half] = math.Cos(angle), math.Cos(angle)
			sin[at], sin[at+half] = -math.Sin(angle), math.Sin(angle)
		}
	}
	m.cos = m.s.Float64s(cos, n, 2*half).KeepAll()
	m.sin = m.s.Float64s(sin, n, 2*half).KeepAll()
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
	m.cos.Free()
	m.sin.Free()
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
