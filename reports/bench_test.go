package reports

import (
	"context"
	"fmt"
	"runtime"
	"testing"
)

// BenchmarkLargeSweep reports on 198,000 outputs, those of 33 runs in three
// decodings and two forms: go test ./reports -run - -bench LargeSweep -benchtime 1x
func BenchmarkLargeSweep(b *testing.B) {
	s := demo()
	s.seeds = s.seeds[:3]
	s.examples, s.length = 1000, 40
	s.metrics = append(s.metrics, "rouge1", "rouge2")
	for i := range 8 {
		s.labels = append(s.labels, syntheticLabel{name: fmt.Sprint("ppo ", i), algorithm: "ppo", gain: map[string]float64{"sample": 0.005 * float64(i)}})
	}
	store := s.store(b)
	for b.Loop() {
		o := options(b.TempDir())
		if _, err := Write(context.Background(), store, "demo", o); err != nil {
			b.Fatal(err)
		}
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(memory.Sys)/(1<<20), "MiB")
}
