package model

import (
	"testing"

	"lastmile/harness/torch"
)

// TestCheckpointingChangesNoGradient compares all gradients with and without it,
// of all parameters and of adapters with dropout.
func TestCheckpointingChangesNoGradient(t *testing.T) {
	for name, adapt := range map[string]bool{"all parameters": false, "adapters": true} {
		gradients := func(checkpointing bool) map[string][]float64 {
			s := open(t, torch.Float64)
			m := newModel(t, s, tiny())
			if adapt {
				c := everywhere
				c.Dropout = 0.3
				m = adapted(t, m, c)
				m.Dropout(5)
			}
			m.AddHead()
			m.Head.CopyInPlace(noise(s, "head", 1, 8))
			m.Train()
			m.Checkpointing = checkpointing
			out := make(map[string][]float64)
			live := s.Live()
			// Two passes add up.
			for range 2 {
				err := s.Scope(func() error {
					b := NewBranches(s, forest)
					weighed(m.Logprobs(m.HiddenAt(b.Input, b.Predict), b.Targets, 1)).
						Add(weighed(m.Scores(m.Hidden(b.Input).Reshape(-1, 8)))).Backward()
					m.Recompute()
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			if s.Live() != live {
				t.Errorf("%s: %d tensors live, %d before", name, s.Live(), live)
			}
			for _, p := range m.Parameters() {
				v, err := p.Tensor.Grad().Value64s()
				if err != nil {
					t.Fatalf("%s: %s has no gradient: %v", name, p.Name, err)
				}
				out[p.Name] = v
			}
			return out
		}
		want, got := gradients(false), gradients(true)
		if len(want) == 0 {
			t.Fatalf("%s: no gradients", name)
		}
		for parameter := range want {
			for i, v := range want[parameter] {
				if d := got[parameter][i] - v; d > 1e-9 || d < -1e-9 {
					t.Fatalf("%s: gradient %d of %s is %g, without checkpointing %g", name, i, parameter, got[parameter][i], v)
				}
			}
		}
	}
}
