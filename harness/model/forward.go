package model

import (
	"lastmile/harness/torch"
)

// Input is a batch of rows of tokens, all of one length.
type Input struct {
	// Tokens are the token ids, row by row: Rows · Length of them.
	Tokens       []int64
	Rows, Length int
	// Positions are the tokens' rotary positions, row by row; nil means that
	// each row counts from what its slot of the cache holds, or from 0.
	Positions []int64
	// Mask is added to the attention logits: 0 where a token may attend,
	// [Masked] where not; [length, length] or [rows, 1, 1, length, length]. Nil
	// means causal. A step through the cache needs none. In layers with a sliding
	// window no token sees beyond it besides, by Positions.
	Mask *torch.Tensor
	// Cache, where it is not nil, takes the keys and values of this input. A
	// row of one token goes on from those that its slot holds; a longer one is
	// the start of a sequence and replaces them. It goes with gradients switched
	// off.
	Cache *Cache
	// Slots are the rows' slots in the cache; nil means the first ones, in
	// order.
	Slots []int
	// Counts are the rows' real tokens, the others padding on the right that
	// the cache does not take; nil means that all are real.
	Counts []int
	// Prefix are tokens that every row begins with, before those of the input;
	// nil for none. It goes with a cache, into which it is copied, and with rows that
	// begin a sequence and have neither Positions nor a Mask.
	Prefix *Prefix
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
	return s.Only(func() *torch.Tensor {
		ids := s.Ints(in.Tokens, in.Rows, in.Length)
		x := scaled(m.embed.Embedding(ids), m.Config.embedding)
		if m.positions != nil {
			x = x.Add(m.positions.Embedding(m.positionsOf(in)))
		}
		all := m.queries(in)
		q := all
		var places *torch.Tensor // of the positions among the last layer's queries
		last := q
		if positions != nil {
			last, places = m.pick(in, all, positions)
		}
		if m.Checkpointing && s.Grad() {
			x = m.checkpointed(x, last, all, in)
		} else {
			for i := range m.layers {
				if i == len(m.layers)-1 {
					q = last
				}
				x = s.Only(func() *torch.Tensor { return m.layer(i, x, q, all, in) })
			}
		}
		if in.Cache != nil {
			in.Cache.advance(in)
		}
		if places != nil {
			x = x.Reshape(-1, m.Config.HiddenSize).IndexSelect(0, places)
		}
		return scaled(m.normalize(x, m.norm, m.normBias), m.Config.logits)
	})
}

// queries are the tokens of a batch that a layer computes: length in each row.
type queries struct {
	length int
	// global and local are what they see in layers without and with a window.
	global, local sight
	// index are their flat positions in the batch, row by row; nil where they
	// are all its tokens.
	index *torch.Tensor
	// places are the rows' own in the input's cache.
	places *torch.Places
}

// sight is what tokens see in a kind of layers.
type sight struct {
	cos, sin *torch.Tensor // of their positions, as rotate returns them
	mask     *torch.Tensor // of what they may attend to, as in [Input]
}

// sight is what queries see in a layer.
func (m *Model) sight(of queries, layer int) sight {
	if m.Config.local(layer) {
		return of.local
	}
	return of.global
}

// queries are all tokens of the batch.
func (m *Model) queries(in Input) queries {
	q := queries{length: in.Length, global: sight{mask: in.Mask}}
	if m.positions == nil {
		m.rotary(in.lastPosition() + 1)
		q.global.cos, q.global.sin = m.rotations.rotate(m.s, in)
	}
	if in.Cache != nil {
		q.places = in.Cache.places(in)
	}
	if q.global.mask == nil && (in.Length > 1 || in.Prefix != nil) {
		q.global.mask = causalMask(m.s, in.Length, in.Prefix.Length())
	}
	if m.Config.windowed == nil {
		return q
	}
	q.local = q.global
	if m.local != nil {
		q.local.cos, q.local.sin = m.local.rotate(m.s, in)
	}
	if window := in.windowMask(m.s, m.Config.window); window != nil {
		q.local.mask = q.local.mask.Add(window)
	}
	return q
}

// pick leaves the queries at flat positions. A row with fewer of them than
// another is filled up with its first token; places says where the positions
// are among the new queries.
func (m *Model) pick(in Input, q queries, positions []int64) (picked queries, places *torch.Tensor) {
	s := m.s
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
	picked.index, picked.places = s.Ints(index, len(index)), q.places
	column := s.Ints(columns, len(columns))
	// A tensor that all rows share is picked from by column.
	pick := func(t *torch.Tensor, shared bool, last int) *torch.Tensor {
		if shared {
			return t.Reshape(in.Length, last).IndexSelect(0, column)
		}
		return t.Reshape(in.Rows*in.Length, last).IndexSelect(0, picked.index)
	}
	pickSight := func(q sight) (of sight) {
		shape := []int{in.Rows, picked.length, 1, 0}
		if q.cos != nil {
			shared := q.cos.Size(0) == 1 && in.Rows > 1
			shape[3] = q.cos.Size(-1)
			of.cos = pick(q.cos, shared, shape[3]).Reshape(shape...)
			of.sin = pick(q.sin, shared, shape[3]).Reshape(shape...)
		}
		if q.mask != nil {
			keys := q.mask.Size(-1)
			of.mask = pick(q.mask, q.mask.Elements() == in.Length*keys, keys).Reshape(in.Rows, 1, 1, picked.length, keys)
		}
		return of
	}
	picked.global = pickSight(q.global)
	if picked.local = picked.global; q.local != q.global {
		picked.local = pickSight(q.local)
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

// rotate returns the cosines and signed sines of the tokens' positions, which are
// tabulated, of a shape that broadcasts to [rows, length, heads, what is rotated].
func (t *rotations) rotate(s *torch.Session, in Input) (cos, sin *torch.Tensor) {
	n, at := t.cos.Size(-1), in.positions()
	if at == nil {
		first := in.Prefix.Length()
		return t.cos.Narrow(0, first, in.Length).Reshape(1, in.Length, 1, n),
			t.sin.Narrow(0, first, in.Length).Reshape(1, in.Length, 1, n)
	}
	positions := s.Ints(at, len(at))
	return t.cos.IndexSelect(0, positions).Reshape(in.Rows, in.Length, 1, n),
		t.sin.IndexSelect(0, positions).Reshape(in.Rows, in.Length, 1, n)
}

// layer computes the queries of from x, which holds all tokens of the batch.
func (m *Model) layer(i int, x *torch.Tensor, of, all queries, in Input) *torch.Tensor {
	l := m.layers[i]
	attended := m.attention(i, m.normalize(x, l.inputNorm, l.inputNormBias), of, all, in)
	before := of.pick(x, in.Rows)
	x = before.Add(scaled(m.normalize(attended, l.attendedNorm, nil), m.Config.residual))
	if !m.Config.parallel {
		before = x
	}
	computed := m.mlp(i, m.normalize(before, l.postNorm, l.postNormBias))
	return x.Add(scaled(m.normalize(computed, l.mlpNorm, nil), m.Config.residual))
}

// attention is grouped-query attention of the queries of to all tokens, or to
// those of their slots.
func (m *Model) attention(i int, x *torch.Tensor, of, all queries, in Input) *torch.Tensor {
	c, l := m.Config, m.layers[i]
	head, heads, groups := c.headDim(), c.NumAttentionHeads, c.NumKeyValueHeads

	q := scaled(m.heads(l.q.apply(of.pick(x, in.Rows)), l.qNorm, i, heads, in.Rows, of), c.attention)
	k := m.heads(l.k.apply(x), l.kNorm, i, groups, in.Rows, all)
	v := l.v.apply(x).Reshape(in.Rows, in.Length, groups, head).Permute(0, 2, 1, 3)
	if in.Cache != nil {
		return l.o.apply(m.attendCached(i, q, k, v, of, in))
	}
	return l.o.apply(torch.CappedAttention(q, k, v, m.sight(of, i).mask, c.caps.attention))
}

// causalMask is the mask [length, before + length] that lets each token see itself and
// what came before it, so many tokens before the first included.
func causalMask(s *torch.Session, length, before int) *torch.Tensor {
	columns := before + length
	values := make([]float32, length*columns)
	for i := range length {
		for j := before + i + 1; j < columns; j++ {
			values[i*columns+j] = Masked
		}
	}
	return s.Floats(values, length, columns)
}
