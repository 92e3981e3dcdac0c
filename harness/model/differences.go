package model

import (
	"slices"

	"lastmile/harness/torch"
)

// normalize is RMSNorm (Zhang and Sennrich 2019) over the last dimension or,
// with a bias, LayerNorm (Ba et al. 2016); without a weight, nothing.
func (m *Model) normalize(x, weight, bias *torch.Tensor) *torch.Tensor {
	if weight == nil {
		return x
	}
	if bias != nil {
		return x.LayerNorm(weight, bias, m.Config.RMSNormEps)
	}
	return x.RMSNorm(m.gain(weight), m.Config.RMSNormEps)
}

// gain is what a norm scales by.
func (m *Model) gain(weight *torch.Tensor) *torch.Tensor {
	if m.Config.arch().offsetNorm {
		return weight.AddScalar(1)
	}
	return weight
}

// heads makes queries or keys, [rows, length, heads · head_dim], such that their
// products tell how far apart they stand: normalised, where there is a weight for
// it, and rotated, unless positions are embeddings or the layer does without;
// [rows, heads, length, head_dim].
func (m *Model) heads(x, weight *torch.Tensor, i, heads, rows int, of queries) *torch.Tensor {
	head := m.Config.headDim()
	if weight != nil && m.Config.arch().wholeNorm {
		x, weight = x.RMSNorm(m.gain(weight), m.Config.RMSNormEps), nil
	}
	x = x.Reshape(rows, of.length, heads, head)
	if weight != nil {
		x = x.RMSNorm(m.gain(weight), m.Config.RMSNormEps)
	}
	sight := m.sight(of, i)
	if sight.cos == nil || m.Config.unrotated != nil && m.Config.unrotated[i] {
		return x.Permute(0, 2, 1, 3)
	}
	if rotated := m.Config.rotaryDim(); rotated < head {
		rest := x.Narrow(-1, rotated, head-rotated).Permute(0, 2, 1, 3)
		return torch.Cat(-1, x.Narrow(-1, 0, rotated).Rotary(sight.cos, sight.sin), rest)
	}
	return x.Rotary(sight.cos, sight.sin)
}

// scaled is x times a multiplier of the configuration.
func scaled(x *torch.Tensor, by float64) *torch.Tensor {
	if by == 0 || by == 1 {
		return x
	}
	return x.MulScalar(by)
}

// mlp is the layer's second half: SwiGLU or GEGLU (Shazeer 2020), or GELU without a gate.
func (m *Model) mlp(i int, x *torch.Tensor) *torch.Tensor {
	l := m.layers[i]
	up := l.up.apply(x)
	if l.gate.weight == nil {
		return l.down.apply(m.gelu(up))
	}
	gate := l.gate.apply(x)
	if m.Config.HiddenAct == "silu" {
		return l.down.apply(gate.SwiGLU(up))
	}
	return l.down.apply(m.gelu(gate).Mul(up))
}

// gelu is GELU: exact, or by tanh, which has several names.
func (m *Model) gelu(x *torch.Tensor) *torch.Tensor {
	if m.Config.HiddenAct == "gelu" {
		return x.GELU()
	}
	return x.GELUTanh()
}

// positionsOf are the tokens' positions, [rows, length].
func (m *Model) positionsOf(in Input) *torch.Tensor {
	positions := in.positions()
	if positions == nil {
		for range in.Rows {
			for i := range in.Length {
				positions = append(positions, int64(in.Prefix.Length()+i))
			}
		}
	}
	return m.s.Ints(positions, in.Rows, in.Length)
}

// positions are the tokens' positions, row by row; nil where each row counts
// from 0, or from the prefix's end.
func (in Input) positions() []int64 {
	if in.Positions == nil && in.steps() {
		return in.Cache.before(in)
	}
	return in.Positions
}

// lastPosition is the largest position.
func (in Input) lastPosition() int {
	if positions := in.positions(); positions != nil {
		return int(slices.Max(positions))
	}
	return in.Prefix.Length() + in.Length - 1
}
