package torch

import "github.com/sugarme/gotch/libtch"

// RequireGrad makes t a leaf whose gradient Backward computes, and returns it.
func (t *Tensor) RequireGrad() *Tensor {
	t.s.inPlace("requires_grad_", func(out *libtch.Ctensor) { libtch.AtgSetRequiresGrad(out, t.c, 1) }, t)
	return t
}

// RequiresGrad reports whether Backward goes through t.
func (t *Tensor) RequiresGrad() bool {
	return t.s.usable("requires_grad", t) && libtch.AtRequiresGrad(t.c)
}

// Backward adds the gradient of t, a tensor of one element, to the gradients
// of the leaves that it was computed from, and frees the graph.
func (t *Tensor) Backward() {
	if t.s.usable("backward", t) {
		libtch.AtBackward(t.c, 0, 0)
		t.s.check("backward")
	}
}

// Grad is the gradient that Backward left at t, or nil where it left none. It
// shares the gradient's memory.
func (t *Tensor) Grad() *Tensor {
	g := t.unary("grad", libtch.AtgGrad)
	if g.c == nil || !libtch.AtDefined(g.c) {
		return nil
	}
	return g
}
