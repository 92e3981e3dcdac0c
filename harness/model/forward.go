package model

import (
	"math"

	"lastmile/harness/torch"
)

// Input is a batch of rows of tokens, all of one length.
type Input struct {
	// Tokens are the token ids, row by row: Rows · Length of them.
	Tokens       []int64
	Rows, Length int
	// Positions are the tokens' rotary positions, row by row; nil means that
	// each row counts from the cache's length.
	Positions []int64
	// Mask is added to the attention logits: 0 where a token may attend,
	// [Masked] where not. Its shape broadcasts to [rows, 1, 1, length, keys],
	// keys being the cached columns and the new ones. Nil means causal.
	Mask *torch.Tensor
	// Cache, where it is not nil, holds the keys and values of earlier columns
	// and takes those of this input. It goes with gradients switched off.
	Cache *Cache
}

// Masked is what a mask adds where a token may not attend: finite, so that a
// row that may attend to nothing gives no NaN.
const Masked = -1e9

// Hidden is the last hidden state of each token after the final norm:
// [rows, length, hidden].
func (m *Model) Hidden(in Input) *torch.Tensor {
	return m.hidden(in, nil)
}

// HiddenAt is the last hidden state after the final norm at flat positions of
// the batch, in their order: [len(positions), hidden]. All other tokens stop
// before the last layer, which takes no more than their keys and values.
func (m *Model) HiddenAt(in Input, positions []int64) *torch.Tensor {
	return m.hidden(in, positions)
}

func (m *Model) hidden(in Input, positions []int64) *torch.Tensor {
	s := m.s
	var out *torch.Tensor
	s.Scope(func() {
		ids := s.Ints(in.Tokens, in.Rows, in.Length)
		x := m.embed.Embedding(ids)
		if m.positions != nil {
			x = x.Add(m.positions.Embedding(m.positionsOf(in)))
		}
		all := m.queries(in)
		q := all
		var places *torch.Tensor // of the positions among the last layer's queries
		for i := range m.layers {
			if i == len(m.layers)-1 && positions != nil {
				q, places = m.pick(in, all, positions)
			}
			var next *torch.Tensor
			s.Scope(func() {
				next = m.layer(i, x, q, all, in).Keep()
			})
			x = next
		}
		if in.Cache != nil {
			in.Cache.length += in.Length
		}
		if places != nil {
			x = x.Reshape(-1, m.Config.HiddenSize).IndexSelect(0, places)
		}
		out = m.normalize(x, m.norm, m.normBias).Keep()
	})
	return out
}

// queries are the tokens of a batch that a layer computes: length in each row.
type queries struct {
	length   int
	cos, sin *torch.Tensor // of their positions, as rotations returns them
	mask     *torch.Tensor // of what they may attend to, as in [Input]
	// index are their flat positions in the batch, row by row; nil where they
	// are all its tokens.
	index *torch.Tensor
}

// queries are all tokens of the batch.
func (m *Model) queries(in Input) queries {
	q := queries{length: in.Length, mask: in.Mask}
	q.cos, q.sin = m.rotations(in)
	if q.mask == nil && in.Length > 1 {
		q.mask = Causal(m.s, in.Length, in.past())
	}
	return q
}

// pick leaves the queries at flat positions. A row with fewer of them than
// another is filled up with its first token; places says where the positions
// are among the new queries.
func (m *Model) pick(in Input, q queries, positions []int64) (picked queries, places *torch.Tensor) {
	s, head := m.s, m.Config.headDim()
	rows := make([][]int64, in.Rows) // the distinct positions in each
	nth := make(map[int64]int)       // the position's place in its row
	for _, p := range positions {
		if _, ok := nth[p]; ok {
			continue
		}
		row := p / int64(in.Length)
		nth[p] = len(rows[row])
		rows[row] = append(rows[row], p)
		picked.length = max(picked.length, len(rows[row]))
	}
	var index, columns []int64
	for row, positions := range rows {
		first := int64(row * in.Length)
		for len(positions) < picked.length {
			positions = append(positions, first)
		}
		index = append(index, positions...)
		for _, p := range positions {
			columns = append(columns, p-first)
		}
	}
	at := make([]int64, len(positions))
	for i, p := range positions {
		at[i] = p/int64(in.Length)*int64(picked.length) + int64(nth[p])
	}
	picked.index = s.Ints(index, len(index))
	column := s.Ints(columns, len(columns))
	// A tensor that all rows share is picked from by column.
	pick := func(t *torch.Tensor, shared bool, last int) *torch.Tensor {
		if shared {
			return t.Reshape(in.Length, last).IndexSelect(0, column)
		}
		return t.Reshape(in.Rows*in.Length, last).IndexSelect(0, picked.index)
	}
	if q.cos != nil {
		picked.cos = pick(q.cos, in.Positions == nil, head).Reshape(in.Rows, picked.length, 1, head)
		picked.sin = pick(q.sin, in.Positions == nil, head).Reshape(in.Rows, picked.length, 1, head)
	}
	if q.mask != nil {
		keys := q.mask.Size(-1)
		picked.mask = pick(q.mask, q.mask.Elements() == in.Length*keys, keys).Reshape(in.Rows, 1, 1, picked.length, keys)
	}
	return picked, s.Ints(at, len(at))
}

// pick leaves of x, [rows, all tokens, hidden], the queries.
func (q queries) pick(x *torch.Tensor, rows int) *torch.Tensor {
	if q.index == nil {
		return x
	}
	hidden := x.Size(-1)
	return x.Reshape(-1, hidden).IndexSelect(0, q.index).Reshape(rows, q.length, hidden)
}

func (in Input) past() int {
	if in.Cache == nil {
		return 0
	}
	return in.Cache.length
}

// rotations are the cosines and signed sines of the tokens' positions, of a
// shape that broadcasts to [rows, length, heads, head_dim]; nil where positions
// are embeddings.
func (m *Model) rotations(in Input) (cos, sin *torch.Tensor) {
	if m.positions != nil {
		return nil, nil
	}
	head := m.Config.headDim()
	m.rotary(in.positions())
	if in.Positions == nil {
		return m.cos.Narrow(0, in.past(), in.Length).Reshape(1, in.Length, 1, head),
			m.sin.Narrow(0, in.past(), in.Length).Reshape(1, in.Length, 1, head)
	}
	positions := m.s.Ints(in.Positions, len(in.Positions))
	return m.cos.IndexSelect(0, positions).Reshape(in.Rows, in.Length, 1, head),
		m.sin.IndexSelect(0, positions).Reshape(in.Rows, in.Length, 1, head)
}

// layer computes the queries of from x, which holds all tokens of the batch.
func (m *Model) layer(i int, x *torch.Tensor, of, all queries, in Input) *torch.Tensor {
	l := m.layers[i]
	attended := m.attention(i, m.normalize(x, l.inputNorm, l.inputNormBias), of, all, in)
	x = of.pick(x, in.Rows).Add(attended)
	return x.Add(m.mlp(i, m.normalize(x, l.postNorm, l.postNormBias)))
}

// attention is grouped-query attention. The queries of a group share one head
// of keys and values, so they are stacked along the length instead of
// repeating the keys.
func (m *Model) attention(i int, x *torch.Tensor, of, all queries, in Input) *torch.Tensor {
	c, l := m.Config, m.layers[i]
	head, groups := c.headDim(), c.NumKeyValueHeads
	perGroup := c.NumAttentionHeads / groups
	rows, length := in.Rows, of.length

	q := m.place(of.pick(x, rows).Linear(l.q, l.qBias).Reshape(rows, length, c.NumAttentionHeads, head), l.qNorm, of)
	k := m.place(x.Linear(l.k, l.kBias).Reshape(rows, in.Length, groups, head), l.kNorm, all)
	v := x.Linear(l.v, l.vBias).Reshape(rows, in.Length, groups, head)
	k, v = k.Permute(0, 2, 1, 3), v.Permute(0, 2, 1, 3)
	if in.Cache != nil {
		k, v = in.Cache.extend(i, k, v)
	}
	keys := k.Size(2)

	q = q.MulScalar(1/math.Sqrt(float64(head))).
		Reshape(rows, length, groups, perGroup, head).
		Permute(0, 2, 3, 1, 4).
		Reshape(rows, groups, perGroup*length, head)
	weights := q.MatMul(k.Transpose(2, 3))
	if of.mask != nil {
		weights = weights.Reshape(rows, groups, perGroup, length, keys).Add(of.mask)
	}
	weights = weights.Softmax(-1).Reshape(rows, groups, perGroup*length, keys)
	return weights.MatMul(v).
		Reshape(rows, groups, perGroup, length, head).
		Permute(0, 3, 1, 2, 4).
		Reshape(rows, length, groups*perGroup*head).
		Linear(l.o, l.oBias)
}

// Causal is the mask [length, past + length] that lets each token see itself
// and what came before it.
func Causal(s *torch.Session, length, past int) *torch.Tensor {
	values := make([]float32, length*(past+length))
	for i := range length {
		for j := past + i + 1; j < past+length; j++ {
			values[i*(past+length)+j] = Masked
		}
	}
	return s.Floats(values, length, past+length)
}

// rotate turns each pair (i, i + head/2) of a head by its position's angle, as
// transformers' apply_rotary_pos_emb does: x is [rows, length, heads, head].
func rotate(x, cos, sin *torch.Tensor, head int) *torch.Tensor {
	swapped := torch.Cat(-1, x.Narrow(-1, head/2, head/2), x.Narrow(-1, 0, head/2))
	return x.Mul(cos).Add(swapped.Mul(sin))
}

// rmsNorm divides by the root of the mean square over the last dimension and
// scales by weight.
func rmsNorm(x, weight *torch.Tensor, eps float64) *torch.Tensor {
	return x.Mul(x.Square().MeanDim(-1, true).AddScalar(eps).Rsqrt()).Mul(weight)
}
