package torch

// Autocast switches bf16 on or off for the projections of layers and the products
// of attention. As with torch.autocast, all else stays as it is: parameters,
// sums, norms, softmax. So do the projections to the vocabulary and to a score,
// which log-probabilities and rewards come from.
func (s *Session) Autocast(on bool) { s.autocast = on }

// Projection is [Tensor.Linear] as a layer uses it: in bf16 under
// [Session.Autocast].
func (t *Tensor) Projection(weight, bias *Tensor) *Tensor {
	if !t.s.autocast {
		return t.Linear(weight, bias)
	}
	y := t.low().Linear(weight.low(), nil).To(t.DType())
	if bias != nil {
		y = y.Add(bias)
	}
	return y
}

// low is t in the type that autocast computes products in.
func (t *Tensor) low() *Tensor {
	if t.s.autocast {
		return t.To(BFloat16)
	}
	return t
}
