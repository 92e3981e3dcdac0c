package scorer

import (
	"math"

	"lastmile/harness/model"
	"lastmile/harness/torch"
)

// Encoder is a BERT encoder with a regression head, in the session that it was
// made in.
type Encoder struct {
	Config Config

	s          *torch.Session
	parameters []model.Parameter

	words, positions, types *torch.Tensor
	norm                    affine
	projection              *affine // nil where embeddings are as wide as the layers
	layers                  []layer
	pooler, classifier      affine
	counts                  *torch.Tensor // what each output counts in the score: [outputs, 1]
}

// affine is a weight and a bias: of a dense layer, or of a LayerNorm.
type affine struct{ weight, bias *torch.Tensor }

// linear is x · weightᵀ + bias.
func (a affine) linear(x *torch.Tensor) *torch.Tensor { return x.Projection(a.weight, a.bias) }

type layer struct {
	query, key, value, output affine
	attentionNorm             affine
	up, down                  affine
	norm                      affine
}

// assemble builds the encoder from its parameters, which it moves to the
// session's outermost scope.
func assemble(s *torch.Session, c Config, tensors map[string]*torch.Tensor) (*Encoder, error) {
	e := &Encoder{Config: c, s: s}
	for _, shape := range c.shapes() {
		e.parameters = append(e.parameters, model.Parameter{Name: shape.name, Tensor: tensors[shape.name].KeepAll()})
	}
	at := func(name string) affine { return affine{tensors[name+".weight"], tensors[name+".bias"]} }
	e.words, e.positions, e.types = tensors[c.wordEmbeddings()], tensors[c.positionEmbeddings()], tensors[c.typeEmbeddings()]
	e.norm = at(c.ModelType + ".embeddings.LayerNorm")
	if c.EmbeddingSize != 0 {
		projection := at(c.projection())
		e.projection = &projection
	}
	for i := range c.NumHiddenLayers {
		prefix := c.layerPrefix(i)
		e.layers = append(e.layers, layer{
			query: at(prefix + "attention.self.query"), key: at(prefix + "attention.self.key"), value: at(prefix + "attention.self.value"),
			output: at(prefix + "attention.output.dense"), attentionNorm: at(prefix + "attention.output.LayerNorm"),
			up: at(prefix + "intermediate.dense"), down: at(prefix + "output.dense"), norm: at(prefix + "output.LayerNorm"),
		})
	}
	e.pooler, e.classifier = at(c.pooler()), at(head)
	e.counts = s.Floats(c.scoreWeights(), len(c.outputs()), 1).KeepAll()
	return e, s.Err()
}

// setScore says which outputs the score is the mean of; see [Config].
func (e *Encoder) setScore(names []string) {
	e.Config.Score = names
	if len(names) == 0 {
		e.Config.Score = nil
	}
	e.counts = e.s.Floats(e.Config.scoreWeights(), len(e.Config.outputs()), 1).KeepAll()
}

// Session is the session that the encoder computes in.
func (e *Encoder) Session() *torch.Session { return e.s }

// Parameters lists the encoder's parameters in a fixed order.
func (e *Encoder) Parameters() []model.Parameter { return e.parameters }

// Train makes gradients flow to all parameters.
func (e *Encoder) Train() {
	for _, p := range e.parameters {
		p.Tensor.RequireGrad()
	}
}

// Scores is the score of each row of the batch: [rows].
func (e *Encoder) Scores(b Batch) *torch.Tensor {
	return e.s.Only(func() *torch.Tensor { return e.Outputs(b).MatMul(e.counts).Reshape(-1) })
}

// Outputs is what the regression head says of each row: [rows, outputs].
func (e *Encoder) Outputs(b Batch) *torch.Tensor {
	return e.s.Only(func() *torch.Tensor {
		// The pooler reads [CLS] alone, so the last layer need not compute
		// anything for the other positions.
		first := e.encode(b, 1).Reshape(b.Rows, e.Config.HiddenSize)
		return e.pooler.linear(first).Tanh().Linear(e.classifier.weight, e.classifier.bias)
	})
}

// Hidden is what the last layer gives at each position: [rows, length, hidden].
func (e *Encoder) Hidden(b Batch) *torch.Tensor { return e.encode(b, b.Length) }

// encode is what the last layer gives at the first n positions of each row.
func (e *Encoder) encode(b Batch, n int) *torch.Tensor {
	s := e.s
	return s.Only(func() *torch.Tensor {
		x := e.embed(b)
		mask := s.Floats(b.Mask, b.Rows, 1, 1, b.Length)
		for i := range e.layers {
			asking := x
			if i == len(e.layers)-1 && n < b.Length {
				asking = x.Narrow(1, 0, n)
			}
			x = s.Only(func() *torch.Tensor { return e.layer(e.layers[i], asking, x, mask) })
		}
		return x
	})
}

// embed is the normed sum of the three embeddings, as wide as the layers:
// [rows, length, hidden].
func (e *Encoder) embed(b Batch) *torch.Tensor {
	words := e.words.Embedding(e.s.Ints(b.Tokens, b.Rows, b.Length))
	types := e.types.Embedding(e.s.Ints(b.Types, b.Rows, b.Length))
	positions := e.positions.Embedding(e.s.Ints(b.Positions, b.Rows, b.Length))
	x := e.normed(words.Add(types).Add(positions), e.norm)
	if e.projection != nil {
		x = e.projection.linear(x)
	}
	return x
}

// layer is a transformer layer with its norms behind the sums. It is computed
// for the positions asking, [rows, n, hidden], which attend to all of x, [rows,
// length, hidden].
func (e *Encoder) layer(l layer, asking, x, mask *torch.Tensor) *torch.Tensor {
	attended := e.normed(l.output.linear(e.attend(l, asking, x, mask)).Add(asking), l.attentionNorm)
	return e.normed(l.down.linear(e.activate(l.up.linear(attended))).Add(attended), l.norm)
}

// activate is hidden_act: gelu, or gelu_new, the approximation by tanh.
func (e *Encoder) activate(x *torch.Tensor) *torch.Tensor {
	if e.Config.HiddenAct == "gelu" {
		return x.GELU()
	}
	inner := x.Square().Mul(x).MulScalar(0.044715).Add(x).MulScalar(math.Sqrt(2 / math.Pi))
	return x.MulScalar(0.5).Mul(inner.Tanh().AddScalar(1))
}

// attend is multi-head attention: [rows, n, hidden].
func (e *Encoder) attend(l layer, asking, x, mask *torch.Tensor) *torch.Tensor {
	rows, heads := x.Size(0), e.Config.NumAttentionHeads
	size := e.Config.HiddenSize / heads
	split := func(t *torch.Tensor) *torch.Tensor {
		return t.Reshape(rows, -1, heads, size).Transpose(1, 2)
	}
	q := split(l.query.linear(asking)).MulScalar(1 / math.Sqrt(float64(size)))
	k, v := split(l.key.linear(x)), split(l.value.linear(x))
	weights := q.MatMul(k.Transpose(2, 3)).Add(mask).Softmax(-1)
	return weights.MatMul(v).Transpose(1, 2).Reshape(rows, -1, e.Config.HiddenSize)
}

func (e *Encoder) normed(x *torch.Tensor, n affine) *torch.Tensor {
	return x.LayerNorm(n.weight, n.bias, e.Config.LayerNormEps)
}
