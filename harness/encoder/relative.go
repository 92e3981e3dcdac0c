package encoder

import (
	"math"

	"lastmile/harness/torch"
)

// relative holds the embeddings of relative positions, which all layers share, of
// disentangled attention (He et al. 2020, "DeBERTa: Decoding-enhanced BERT with
// Disentangled Attention"). With i the position that asks, j the one that is asked and
// δ(i, j) the embedding of i − j, a logit is
//
//	(qᵢ·kⱼ + qᵢ·K(δ(i, j)) + kⱼ·Q(δ(i, j))) / √(terms · size of a head)
//
// where K and Q are the projections of keys and queries: content to content, content to
// position (c2p), position to content (p2c).
type relative struct {
	embeddings *torch.Tensor // [2 · span, hidden]
	norm       affine        // its tensors nil without norm_rel_ebd
}

// longest is the number of relative positions in one direction that are told apart, or
// that buckets lead up to.
func (c Config) longest() int {
	if c.MaxRelativePositions > 0 {
		return c.MaxRelativePositions
	}
	return c.MaxPositionEmbeddings
}

// span is the number of embeddings of relative positions in one direction.
func (c Config) span() int {
	if c.PositionBuckets > 0 {
		return c.PositionBuckets
	}
	return c.longest()
}

// terms is the number of products whose sum is a logit.
func (c Config) terms() int { return 1 + len(c.PosAttType) }

// bucket is the number of a relative position: itself up to half of the buckets, beyond
// that by the logarithm, in float32 as transformers computes it.
func bucket(distance, buckets, longest int) int {
	middle := buckets / 2
	far := max(distance, -distance)
	if far <= middle {
		return distance
	}
	log := func(x float32) float32 { return float32(math.Log(float64(x))) }
	share := log(float32(far)/float32(middle)) / log(float32(longest-1)/float32(middle))
	at := int(math.Ceil(float64(share*float32(middle-1)))) + middle
	if distance < 0 {
		return -at
	}
	return at
}

// place is the bucket of a distance, or where there are none the distance, within the
// table: −span to span − 1.
func (c Config) place(distance int) int {
	if c.PositionBuckets > 0 {
		distance = bucket(distance, c.PositionBuckets, c.longest())
	}
	return min(max(distance, -c.span()), c.span()-1)
}

// table is the part of the embeddings that rows of a length touch, normed: [width,
// hidden].
func (r *relative) table(c Config, length int) *torch.Tensor {
	low, high := c.place(1-length), c.place(length-1)
	rows := r.embeddings.Narrow(0, c.span()+low, high-low+1)
	if r.norm.weight != nil {
		rows = rows.LayerNorm(r.norm.weight, r.norm.bias, c.LayerNormEps)
	}
	return rows
}

// places is the row of that table for each pair of positions, i · length + j.
func (c Config) places(length int) []int64 {
	low := c.place(1 - length)
	all := make([]int64, 0, length*length)
	for i := range length {
		for j := range length {
			all = append(all, int64(c.place(i-j)-low))
		}
	}
	return all
}

// disentangle adds what relative positions say to the logits of content, [rows, heads,
// n, length], of scaled queries q, [rows, heads, n, size], and keys k, [rows, heads,
// length, size]. split takes the heads apart.
func (e *Encoder) disentangle(l layer, logits, q, k *torch.Tensor, split func(*torch.Tensor) *torch.Tensor, a attention) *torch.Tensor {
	rows, heads, n, length := logits.Size(0), logits.Size(1), logits.Size(2), logits.Size(3)
	width := a.table.Size(0)
	project := func(p affine) *torch.Tensor {
		return split(p.linear(a.table).Reshape(1, width, -1)).Transpose(2, 3)
	}
	// pick takes of each product with all rows of the table the one that a pair of
	// positions has; of says whose product that is.
	pick := func(products *torch.Tensor, of func(i, j int) int) *torch.Tensor {
		at := make([]int64, 0, n*length)
		for i := range n {
			for j := range length {
				at = append(at, int64(of(i, j)*width)+a.places[i*length+j])
			}
		}
		return products.Reshape(rows, heads, -1).IndexSelect(2, e.s.Ints(at, len(at))).Reshape(rows, heads, n, length)
	}
	if e.Config.attends("c2p") {
		logits = logits.Add(pick(q.MatMul(project(l.positionKey)), func(i, _ int) int { return i }))
	}
	if e.Config.attends("p2c") {
		scale := 1 / math.Sqrt(float64(k.Size(3)*e.Config.terms()))
		logits = logits.Add(pick(k.MulScalar(scale).MatMul(project(l.positionQuery)), func(_, j int) int { return j }))
	}
	return logits
}
