package encoder

import (
	"math"

	"lastmile/harness/model"
	"lastmile/harness/torch"
)

// Encoder is an encoder in the session that it was made in.
type Encoder struct {
	Config Config

	s          *torch.Session
	parameters []model.Parameter

	words, positions, types *torch.Tensor // positions and types nil where there are none
	norm                    affine
	projection              *affine // nil where embeddings are as wide as the layers
	relative                *relative
	layers                  []layer
	pooler, head            affine
}

// affine is a weight and a bias: of a dense layer, or of a LayerNorm.
type affine struct{ weight, bias *torch.Tensor }

// linear is x · weightᵀ + bias.
func (a affine) linear(x *torch.Tensor) *torch.Tensor { return x.Projection(a.weight, a.bias) }

type layer struct {
	query, key, value, output affine
	// positionKey and positionQuery project relative positions, where the layer does
	// not take key and query for them too.
	positionKey, positionQuery affine
	attentionNorm              affine
	up, down                   affine
	norm                       affine
}

// New builds an encoder from its parameters by name, which it moves to the session's
// outermost scope. It has a pooler and a head where head is set.
func New(s *torch.Session, c Config, head bool, tensors map[string]*torch.Tensor) (*Encoder, error) {
	e := &Encoder{Config: c, s: s}
	for _, p := range c.Parameters(head) {
		e.parameters = append(e.parameters, model.Parameter{Name: p.Name, Tensor: tensors[p.Name].KeepAll()})
	}
	f := c.family()
	at := func(name string) affine { return affine{tensors[name+".weight"], tensors[name+".bias"]} }
	e.words, e.positions, e.types = tensors[c.WordEmbeddings()], tensors[c.PositionEmbeddings()], tensors[c.TypeEmbeddings()]
	e.norm = at(f.prefix + ".embeddings.LayerNorm")
	if c.EmbeddingSize != 0 && !f.disentangled {
		projection := at(c.projection())
		e.projection = &projection
	}
	if f.disentangled {
		e.relative = &relative{embeddings: tensors[c.relativeEmbeddings()], norm: at(c.relativeNorm())}
	}
	for i := range c.NumHiddenLayers {
		prefix := c.layerPrefix(i)
		l := layer{
			query: at(prefix + "attention.self." + f.query), key: at(prefix + "attention.self." + f.key), value: at(prefix + "attention.self." + f.value),
			output: at(prefix + "attention.output.dense"), attentionNorm: at(prefix + "attention.output.LayerNorm"),
			up: at(prefix + "intermediate.dense"), down: at(prefix + "output.dense"), norm: at(prefix + "output.LayerNorm"),
		}
		l.positionKey, l.positionQuery = l.key, l.query
		if f.disentangled && !c.ShareAttKey {
			l.positionKey, l.positionQuery = at(prefix+"attention.self.pos_key_proj"), at(prefix+"attention.self.pos_query_proj")
		}
		e.layers = append(e.layers, l)
	}
	if head {
		e.pooler, e.head = at(c.Pooler()), at(c.Head())
	}
	return e, s.Err()
}

// Session is the session that the encoder computes in.
func (e *Encoder) Session() *torch.Session { return e.s }

// Parameters lists the encoder's parameters in a fixed order.
func (e *Encoder) Parameters() []model.Parameter { return e.parameters }

// Words is the table of embeddings of tokens: [vocabulary, width].
func (e *Encoder) Words() *torch.Tensor { return e.words }

// Train makes gradients flow to all parameters.
func (e *Encoder) Train() {
	for _, p := range e.parameters {
		p.Tensor.RequireGrad()
	}
}

// Outputs is what the head says of each row, logits or scores: [rows, outputs].
func (e *Encoder) Outputs(b Batch) *torch.Tensor {
	return e.s.Only(func() *torch.Tensor {
		// The pooler reads the first token alone, so the last layer need not
		// compute anything for the other positions.
		pooled := e.pooler.linear(e.encode(b, 1).Reshape(b.Rows, e.Config.HiddenSize))
		if e.relative != nil && e.Config.PoolerHiddenAct == "gelu" {
			pooled = pooled.GELU()
		} else {
			pooled = pooled.Tanh()
		}
		return pooled.Linear(e.head.weight, e.head.bias)
	})
}

// Hidden is what the last layer gives at each position: [rows, length, hidden].
func (e *Encoder) Hidden(b Batch) *torch.Tensor { return e.encode(b, b.Length) }

// encode is what the last layer gives at the first n positions of each row.
func (e *Encoder) encode(b Batch, n int) *torch.Tensor {
	s := e.s
	return s.Only(func() *torch.Tensor {
		x := e.embed(b)
		a := attention{mask: s.Floats(b.Mask, b.Rows, 1, 1, b.Length)}
		if e.relative != nil {
			a.table, a.places = e.relative.table(e.Config, b.Length), e.Config.places(b.Length)
		}
		for i := range e.layers {
			asking := x
			if i == len(e.layers)-1 && n < b.Length {
				asking = x.Narrow(1, 0, n)
			}
			x = s.Only(func() *torch.Tensor { return e.layer(e.layers[i], asking, x, a) })
		}
		return x
	})
}

// embed is the normed sum of the embeddings, as wide as the layers: [rows, length,
// hidden].
func (e *Encoder) embed(b Batch) *torch.Tensor {
	x := e.words.Embedding(e.s.Ints(b.Tokens, b.Rows, b.Length))
	if e.types != nil {
		x = x.Add(e.types.Embedding(e.s.Ints(b.Types, b.Rows, b.Length)))
	}
	if e.positions != nil {
		x = x.Add(e.positions.Embedding(e.s.Ints(b.Positions, b.Rows, b.Length)))
	}
	x = e.normed(x, e.norm)
	if e.projection != nil {
		x = e.projection.linear(x)
	}
	return x
}

// layer is a transformer layer with its norms behind the sums. It is computed
// for the positions asking, [rows, n, hidden], which attend to all of x, [rows,
// length, hidden].
func (e *Encoder) layer(l layer, asking, x *torch.Tensor, a attention) *torch.Tensor {
	attended := e.normed(l.output.linear(e.attend(l, asking, x, a)).Add(asking), l.attentionNorm)
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

// attention is what all layers of a pass share.
type attention struct {
	mask *torch.Tensor // [rows, 1, 1, length], added to the logits
	// table holds the relative positions that can be, and places which of them each
	// pair of positions has; nil and empty without them.
	table  *torch.Tensor
	places []int64
}

// attend is multi-head attention: [rows, n, hidden].
func (e *Encoder) attend(l layer, asking, x *torch.Tensor, a attention) *torch.Tensor {
	rows, heads := x.Size(0), e.Config.NumAttentionHeads
	size := e.Config.HiddenSize / heads
	split := func(t *torch.Tensor) *torch.Tensor {
		return t.Reshape(t.Size(0), -1, heads, size).Transpose(1, 2)
	}
	q := split(l.query.linear(asking)).MulScalar(1 / math.Sqrt(float64(size*e.Config.terms())))
	k, v := split(l.key.linear(x)), split(l.value.linear(x))
	logits := q.MatMul(k.Transpose(2, 3))
	if a.table != nil {
		logits = e.disentangle(l, logits, q, k, split, a)
	}
	weights := logits.Add(a.mask).Softmax(-1)
	return weights.MatMul(v).Transpose(1, 2).Reshape(rows, -1, e.Config.HiddenSize)
}

func (e *Encoder) normed(x *torch.Tensor, n affine) *torch.Tensor {
	return x.LayerNorm(n.weight, n.bias, e.Config.LayerNormEps)
}
