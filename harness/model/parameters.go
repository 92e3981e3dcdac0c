package model

import (
	"fmt"

	"lastmile/harness/safetensors"
)

// ReadParameters reads parameters as float32, by name.
func ReadParameters(parameters []Parameter) (map[string]safetensors.Tensor, error) {
	out := make(map[string]safetensors.Tensor)
	for _, p := range parameters {
		values, err := p.Tensor.Values()
		if err != nil {
			return nil, fmt.Errorf("reading parameter %s: %w", p.Name, err)
		}
		out[p.Name] = safetensors.Float32(values, p.Tensor.Shape()...)
	}
	return out, nil
}

// SetParameters overwrites parameters with tensors of the same names and shapes.
func SetParameters(parameters []Parameter, tensors map[string]safetensors.Tensor) error {
	for _, p := range parameters {
		t, ok := tensors[p.Name]
		if !ok {
			return fmt.Errorf("setting parameter %s: it is missing", p.Name)
		}
		values, err := t.Float32s()
		if err != nil {
			return fmt.Errorf("setting parameter %s: %w", p.Name, err)
		}
		s := p.Tensor.Session()
		err = s.NoGrad(func() error {
			p.Tensor.CopyInPlace(s.Floats(values, t.Shape...))
			return nil
		})
		if err != nil {
			return fmt.Errorf("setting parameter %s: %w", p.Name, err)
		}
	}
	return nil
}
