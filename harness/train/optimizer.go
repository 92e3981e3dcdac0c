// Package train holds next-token prediction from scratch (base.go) and maximum
// likelihood (mle.go), and what these share with all that is trained: the
// optimizer, its schedule, length buckets and checkpoints.
//
// A [Trainer] is a model with the state of its optimizer. Every draw comes
// from a stream named by seed, stage and step, so its whole state is the
// parameters, the optimizer's moments, the step and a few numbers: a
// checkpoint of those goes on bit by bit as if nothing had happened.
package train

import (
	"fmt"
	"math"
	"strings"

	"lastmile/harness/model"
	"lastmile/harness/safetensors"
	"lastmile/harness/torch"
)

// Optimizer is AdamW with decoupled weight decay (Loshchilov and Hutter 2019)
// and, for the matrices of the layers where the configuration gives it a rate,
// Muon (Jordan et al. 2024): momentum whose update is made orthogonal by a
// Newton-Schulz iteration.
type Optimizer struct {
	config OptimizerSettings
	s      *torch.Session
	slots  []slot
}

type slot struct {
	model.Parameter
	muon          bool
	decay         bool
	first, second *torch.Tensor // the moments; Muon has only the first
}

// NewOptimizer makes an optimizer for the network's parameters, with moments of
// zero, and makes gradients flow to them.
func NewOptimizer(n Network, config OptimizerSettings) *Optimizer {
	n.Train()
	o := &Optimizer{config: config, s: n.Session()}
	for _, p := range n.Parameters() {
		shape := p.Tensor.Shape()
		matrix := len(shape) == 2 && shape[0] > 1
		s := slot{Parameter: p, decay: matrix, first: o.s.Zeros(shape...).KeepAll()}
		s.muon = matrix && config.MuonLearningRate > 0 && strings.Contains(p.Name, ".layer")
		if !s.muon {
			s.second = o.s.Zeros(shape...).KeepAll()
		}
		o.slots = append(o.slots, s)
	}
	return o
}

// Rate is the learning rate at a step, counted from 0, of steps in all, as a
// share of the peak: linear warm-up, then the schedule's way down to
// FinalLearningRate, a cosine where nothing is said.
func Rate(config OptimizerSettings, step, steps int) float64 {
	warmup := config.Warmup * float64(steps)
	at := float64(step) + 1
	if at < warmup {
		return at / warmup
	}
	if float64(steps) <= warmup {
		return 1
	}
	progress := math.Min(1, (at-warmup)/(float64(steps)-warmup))
	left := (1 + math.Cos(math.Pi*progress)) / 2
	switch config.Schedule {
	case "linear":
		left = 1 - progress
	case "constant":
		left = 1
	}
	return config.FinalLearningRate + (1-config.FinalLearningRate)*left
}

// Step takes one optimizer step, the step-th counted from 0, at the given
// share of the peak learning rate, and clears the gradients. It returns the
// gradient's global norm before clipping.
func (o *Optimizer) Step(step int, share float64) (norm float64, err error) {
	err = o.s.NoGrad(func() error {
		norm, err = o.step(step, share)
		return err
	})
	return norm, err
}

func (o *Optimizer) step(step int, share float64) (float64, error) {
	c := o.config
	gradients := make([]*torch.Tensor, len(o.slots))
	var found []*torch.Tensor
	for i, s := range o.slots {
		if g := s.Tensor.Grad(); g != nil {
			gradients[i], found = g, append(found, g)
		}
	}
	if found == nil {
		return 0, fmt.Errorf("optimizer step %d: no parameter has a gradient", step+1)
	}
	sum, err := torch.SumOfSquares(found...)
	if err != nil {
		return 0, err
	}
	norm := math.Sqrt(sum)
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm, fmt.Errorf("optimizer step %d: the gradient's norm is %g", step+1, norm)
	}
	scale := 1.0
	if c.ClipNorm > 0 && norm > c.ClipNorm {
		scale = c.ClipNorm / norm
	}
	var updates []torch.Update
	for i, s := range o.slots {
		g := gradients[i]
		if g == nil {
			continue
		}
		decay := 0.0
		if s.decay {
			decay = c.WeightDecay
		}
		if !s.muon {
			updates = append(updates, torch.Update{Parameter: s.Tensor, Gradient: g, First: s.first, Second: s.second, Decay: decay})
			continue
		}
		o.s.Scope(func() error {
			rate := c.MuonLearningRate * share
			if scale != 1 {
				g.MulScalarInPlace(scale)
			}
			if decay > 0 {
				s.Tensor.MulScalarInPlace(1 - rate*decay)
			}
			s.Tensor.AddInPlace(muonUpdate(s.first, g).MulScalar(-rate))
			g.ZeroInPlace()
			return nil
		})
	}
	torch.AdamW{
		Scale: scale, Rate: c.LearningRate * share, Beta1: c.Beta1, Beta2: c.Beta2, Epsilon: c.Epsilon, Step: step + 1,
	}.Apply(updates...)
	return norm, nil
}

// muonUpdate moves the momentum and returns the orthogonal update, scaled so
// that its size does not depend on the matrix's shape.
func muonUpdate(momentum, g *torch.Tensor) *torch.Tensor {
	const beta = 0.95
	momentum.LerpInPlace(g, 1-beta)
	x := g.MulScalar(1 - beta).Add(momentum.MulScalar(beta))
	rows, columns := x.Size(0), x.Size(1)
	if rows > columns {
		x = x.Transpose(0, 1)
	}
	x = x.Div(x.Norm().AddScalar(1e-7))
	for range 5 {
		a := x.MatMul(x.Transpose(0, 1))
		b := a.MulScalar(-4.7750).Add(a.MatMul(a).MulScalar(2.0315))
		x = x.MulScalar(3.4445).Add(b.MatMul(x))
	}
	if rows > columns {
		x = x.Transpose(0, 1)
	}
	return x.MulScalar(math.Sqrt(math.Max(1, float64(rows)/float64(columns))))
}

// State reads the moments, named after their parameters.
func (o *Optimizer) State() (map[string]safetensors.Tensor, error) {
	out := make(map[string]safetensors.Tensor)
	for name, t := range o.moments() {
		values, err := t.Values()
		if err != nil {
			return nil, err
		}
		out[name] = safetensors.Float32(values, t.Shape()...)
	}
	return out, nil
}

// SetState overwrites the moments with what State returned.
func (o *Optimizer) SetState(state map[string]safetensors.Tensor) error {
	for name, t := range o.moments() {
		values, err := state[name].Float32s()
		if err != nil {
			return fmt.Errorf("restoring %s: %w", name, err)
		}
		err = o.s.Scope(func() error {
			t.CopyInPlace(o.s.Floats(values, state[name].Shape...))
			return nil
		})
		if err != nil {
			return fmt.Errorf("restoring %s: %w", name, err)
		}
	}
	return nil
}

func (o *Optimizer) moments() map[string]*torch.Tensor {
	all := make(map[string]*torch.Tensor)
	for _, s := range o.slots {
		all["first."+s.Name] = s.first
		if s.second != nil {
			all["second."+s.Name] = s.second
		}
	}
	return all
}

// Free frees the moments.
func (o *Optimizer) Free() {
	for _, t := range o.moments() {
		t.Free()
	}
}
