package algorithms

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"lastmile/harness/rollout"
	"lastmile/harness/torch"
)

// readGolden reads the values that the script of a name in testdata made with a
// reference implementation.
func readGolden(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// near compares lists of any shape.
func near(t testing.TB, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*(1+math.Abs(want[i]))) {
			t.Errorf("%s: value %d is %.12g, want %.12g", what, i, got[i], want[i])
		}
	}
}

func flat(lists [][]float64) (all []float64) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// batchOf are rollouts with lists of lists of log-probabilities.
func batchOf(old, ref [][]float64) rollout.Batch {
	batch := make(rollout.Batch, len(old))
	for i := range batch {
		batch[i] = rollout.Rollout{Tokens: make([]int, len(old[i])), Logprobs: old[i]}
		if ref != nil {
			batch[i].RefLogprobs = ref[i]
		}
	}
	return batch
}

// leaf is a tensor [n] that gradients are asked for.
func leaf(s *torch.Session, values []float64) *torch.Tensor {
	return s.Float64s(values, len(values)).RequireGrad()
}

// valueAndGradients are those of a scalar with respect to leaves.
func valueAndGradients(t testing.TB, loss *torch.Tensor, leaves ...*torch.Tensor) (value float64, gradients [][]float64) {
	t.Helper()
	value, err := loss.Item()
	if err != nil {
		t.Fatal(err)
	}
	loss.Backward()
	for _, l := range leaves {
		g, err := l.Grad().Value64s()
		if err != nil {
			t.Fatal(err)
		}
		gradients = append(gradients, g)
	}
	return value, gradients
}
