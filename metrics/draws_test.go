package metrics

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

// Shared draws are those that each call would have drawn for itself.
func TestSharedDrawsChangeNoResult(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	shared := Resampling{Resamples: 1000, Seed: 3, Draws: &Draws{}}
	alone := shared
	alone.Draws = nil
	for _, size := range []struct{ seeds, examples int }{{1, 100}, {2, 101}, {3, 1}, {3, 100}, {4, 40_000}} {
		var a, b [][]float64
		for range size.seeds {
			var x, y []float64
			for range size.examples {
				x, y = append(x, random.NormFloat64()), append(y, random.NormFloat64())
			}
			a, b = append(a, x), append(b, y)
		}
		for range 2 {
			want, err := Compare(a, b, alone)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Compare(a, b, shared)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%d seeds, %d examples: %+v, want %+v", size.seeds, size.examples, got, want)
			}
		}
	}
	if shared.Draws.kept > maxDraws || len(shared.Draws.of) < 3 {
		t.Errorf("%d draws are kept, of %d kinds", shared.Draws.kept, len(shared.Draws.of))
	}
	if other := (Resampling{Resamples: 1000, Seed: 4, Draws: shared.Draws}).drawn("examples", 100); reflect.DeepEqual(other, shared.drawn("examples", 100)) {
		t.Error("another seed draws the same")
	}
}
