package torch

// Autocast lets the projections of layers and the products of attention be
// computed in bf16 from now on, or ends that. As with torch.autocast, all else
// stays as it is: parameters, sums, norms, softmax; so do the projections to the
// vocabulary and to a score, from which log-probabilities and rewards come.
func (s *Session) Autocast(on bool) { s.autocast = on }

// Projection is that of a layer: [Tensor.Linear], in bf16 under
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

// low is t as a product takes it.
func (t *Tensor) low() *Tensor {
	if t.s.autocast {
		return t.To(BFloat16)
	}
	return t
}
