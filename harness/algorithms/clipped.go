package algorithms

import "lastmile/harness/torch"

// clipped is the negated clipped surrogate of PPO, −min(ratio·A, clip(ratio, low,
// high)·A), elementwise: logRatio and advantages have one shape.
func clipped(logRatio, advantages *torch.Tensor, low, high float64) *torch.Tensor {
	ratio := logRatio.Exp()
	return ratio.Mul(advantages).Minimum(ratio.Clamp(low, high).Mul(advantages)).Neg()
}
