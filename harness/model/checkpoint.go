package model

import "lastmile/harness/torch"

// checkpoint is a pass of which only what each layer starts from is kept (Chen et
// al. 2016, "Training Deep Nets with Sublinear Memory Cost").
type checkpoint struct {
	start     *torch.Tensor   // the embedded tokens, with their history
	inputs    []*torch.Tensor // what each layer starts from, without
	last, all queries
	in        Input
	// end is what the last layer made, as a leaf that takes its gradient.
	end *torch.Tensor
}

// checkpointed computes the layers without their gradients. Recompute takes the
// pass up where the loss's Backward ended.
func (m *Model) checkpointed(x *torch.Tensor, last, all queries, in Input) *torch.Tensor {
	c := checkpoint{start: x, last: last, all: all, in: in}
	m.s.NoGrad(func() error {
		m.recorded = true
		defer func() { m.recorded = false }()
		x = x.Detach().Keep()
		for i := range m.layers {
			c.inputs = append(c.inputs, x)
			x = m.s.Only(func() *torch.Tensor { return m.layer(i, x, c.of(i, m), all, in) }).Keep()
		}
		return nil
	})
	c.end = x.RequireGrad()
	c.keep()
	m.pending = append(m.pending, c)
	return c.end
}

// keep hands what Recompute needs to the scope around the pass.
func (c checkpoint) keep() {
	tensors := append([]*torch.Tensor{c.start, c.end}, c.inputs...)
	for _, q := range []queries{c.last, c.all} {
		tensors = append(tensors, q.index)
		for _, of := range []sight{q.global, q.local} {
			tensors = append(tensors, of.cos, of.sin, of.mask)
		}
	}
	kept := map[*torch.Tensor]bool{c.in.Mask: true} // which the caller holds
	for _, t := range tensors {
		if t != nil && !kept[t] {
			kept[t] = true
			t.Keep()
		}
	}
}

func (c checkpoint) of(layer int, m *Model) queries {
	if layer == len(m.layers)-1 {
		return c.last
	}
	return c.all
}

// Recompute goes back through the layers of the checkpointed passes whose loss's
// Backward was called, in the same scope, computing each once more, and adds
// their parameters' gradients. Without checkpointing there is nothing to do.
func (m *Model) Recompute() {
	for _, c := range m.pending {
		gradient := c.end.Grad()
		for i := len(m.layers) - 1; i >= 0 && gradient != nil; i-- {
			var below *torch.Tensor
			m.s.Scope(func() error {
				x := c.inputs[i].Detach().RequireGrad()
				// The gradient of this sum is what came down to the layer.
				m.layer(i, x, c.of(i, m), c.all, c.in).Mul(gradient).Sum().Backward()
				if below = x.Grad(); below != nil {
					below.Keep()
				}
				return nil
			})
			gradient = below
		}
		if gradient != nil && c.start.RequiresGrad() {
			c.start.Mul(gradient).Sum().Backward()
		}
	}
	m.pending = nil
}
