package model

import "lastmile/harness/torch"

// Prefix are the keys and values of tokens that several sequences begin with, computed
// once for all of them. A nil Prefix has no tokens.
type Prefix struct {
	keys, values []*torch.Tensor // a layer each: [1, groups, tokens, head_dim]
	length       int
}

// Prefix computes a prefix of at least two tokens, with gradients switched off. It lives
// in the session's current scope.
func (m *Model) Prefix(tokens []int64) *Prefix {
	cache := m.NewCache(1, len(tokens))
	m.HiddenAt(Input{Tokens: tokens, Rows: 1, Length: len(tokens), Cache: cache}, []int64{0})
	return &Prefix{cache.keys, cache.values, len(tokens)}
}

// Length is the number of its tokens.
func (p *Prefix) Length() int {
	if p == nil {
		return 0
	}
	return p.length
}

// before puts the prefix's keys and values in a layer before those of rows, each [rows,
// groups, length, head_dim].
func (p *Prefix) before(layer int, k, v *torch.Tensor) (keys, values *torch.Tensor) {
	if p == nil {
		return k, v
	}
	rows := k.Size(0)
	each := k.Session().Ints(make([]int64, rows), rows)
	return torch.Cat(2, p.keys[layer].IndexSelect(0, each), k), torch.Cat(2, p.values[layer].IndexSelect(0, each), v)
}
