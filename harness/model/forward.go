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
	s := m.s
	var out *torch.Tensor
	s.Scope(func() {
		ids := s.Ints(in.Tokens, in.Rows, in.Length)
		x := m.embed.Embedding(ids)
		cos, sin := m.rotations(in)
		mask := in.Mask
		if mask == nil && in.Length > 1 {
			mask = Causal(s, in.Length, in.past())
		}
		for i := range m.layers {
			var next *torch.Tensor
			s.Scope(func() {
				next = m.layer(i, x, cos, sin, mask, in).Keep()
			})
			x = next
		}
		if in.Cache != nil {
			in.Cache.length += in.Length
		}
		out = rmsNorm(x, m.norm, m.Config.RMSNormEps).Keep()
	})
	return out
}

func (in Input) past() int {
	if in.Cache == nil {
		return 0
	}
	return in.Cache.length
}

// rotations are the cosines and signed sines of the tokens' positions, of a
// shape that broadcasts to [rows, length, heads, head_dim].
func (m *Model) rotations(in Input) (cos, sin *torch.Tensor) {
	head := m.Config.headDim()
	if in.Positions == nil {
		return m.cos.Narrow(0, in.past(), in.Length).Reshape(1, in.Length, 1, head),
			m.sin.Narrow(0, in.past(), in.Length).Reshape(1, in.Length, 1, head)
	}
	positions := m.s.Ints(in.Positions, len(in.Positions))
	return m.cos.IndexSelect(0, positions).Reshape(in.Rows, in.Length, 1, head),
		m.sin.IndexSelect(0, positions).Reshape(in.Rows, in.Length, 1, head)
}

func (m *Model) layer(i int, x, cos, sin, mask *torch.Tensor, in Input) *torch.Tensor {
	l, eps := m.layers[i], m.Config.RMSNormEps
	x = x.Add(m.attention(i, rmsNorm(x, l.inputNorm, eps), cos, sin, mask, in))
	h := rmsNorm(x, l.postNorm, eps)
	return x.Add(h.Linear(l.gate, nil).SiLU().Mul(h.Linear(l.up, nil)).Linear(l.down, nil))
}

// attention is grouped-query attention. The queries of a group share one head
// of keys and values, so they are stacked along the length instead of
// repeating the keys.
func (m *Model) attention(i int, x, cos, sin, mask *torch.Tensor, in Input) *torch.Tensor {
	c, l := m.Config, m.layers[i]
	head, groups := c.headDim(), c.NumKeyValueHeads
	perGroup := c.NumAttentionHeads / groups
	rows, length := in.Rows, in.Length

	q := rotate(x.Linear(l.q, nil).Reshape(rows, length, c.NumAttentionHeads, head), cos, sin, head)
	k := rotate(x.Linear(l.k, nil).Reshape(rows, length, groups, head), cos, sin, head)
	v := x.Linear(l.v, nil).Reshape(rows, length, groups, head)
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
	if mask != nil {
		weights = weights.Reshape(rows, groups, perGroup, length, keys).Add(mask)
	}
	weights = weights.Softmax(-1).Reshape(rows, groups, perGroup*length, keys)
	return weights.MatMul(v).
		Reshape(rows, groups, perGroup, length, head).
		Permute(0, 3, 1, 2, 4).
		Reshape(rows, length, groups*perGroup*head).
		Linear(l.o, nil)
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
