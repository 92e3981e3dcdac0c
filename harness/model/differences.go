package model

import "lastmile/harness/torch"

// normalize is RMSNorm (Zhang and Sennrich 2019) over the last dimension or,
// with a bias, LayerNorm (Ba et al. 2016).
func (m *Model) normalize(x, weight, bias *torch.Tensor) *torch.Tensor {
	if bias != nil {
		return x.LayerNorm(weight, bias, m.Config.RMSNormEps)
	}
	return rmsNorm(x, weight, m.Config.RMSNormEps)
}

// place makes queries or keys, [rows, length, heads, head_dim], such that their
// products tell how far apart they stand: normalised, where there is a weight
// for it, and rotated, unless positions are embeddings.
func (m *Model) place(x, weight *torch.Tensor, of queries) *torch.Tensor {
	if weight != nil {
		x = rmsNorm(x, weight, m.Config.RMSNormEps)
	}
	if of.cos == nil {
		return x
	}
	return rotate(x, of.cos, of.sin, m.Config.headDim())
}

// mlp is the layer's second half: SwiGLU (Shazeer 2020), or GELU without a gate.
func (m *Model) mlp(i int, x *torch.Tensor) *torch.Tensor {
	l := m.layers[i]
	up := x.Linear(l.up, l.upBias)
	if l.gate == nil {
		return up.GELUTanh().Linear(l.down, l.downBias)
	}
	return x.Linear(l.gate, l.gateBias).SiLU().Mul(up).Linear(l.down, l.downBias)
}

// positionsOf are the tokens' positions, [rows, length], as Input says them.
func (m *Model) positionsOf(in Input) *torch.Tensor {
	positions := in.Positions
	if positions == nil {
		for range in.Rows {
			for i := range in.Length {
				positions = append(positions, int64(in.past()+i))
			}
		}
	}
	return m.s.Ints(positions, in.Rows, in.Length)
}

// positions is the number of positions that the batch needs.
func (in Input) positions() int {
	if in.Positions == nil {
		return in.past() + in.Length
	}
	last := int64(0)
	for _, p := range in.Positions {
		last = max(last, p)
	}
	return int(last) + 1
}
