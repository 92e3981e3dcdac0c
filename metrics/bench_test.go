package metrics

import (
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"testing"
)

// BenchmarkROUGE scores rouge1, rouge2, rougeL and rougeLsum with stemming, on
// one core and on all: the pairs of the file that ROUGE_PAIRS names, JSON lines
// with the fields hypothesis and reference, or the golden ones without it.
// testdata/benchmark.py sets the variable and runs rouge-score beside it.
func BenchmarkROUGE(b *testing.B) {
	inputs := benchmarkInputs(b)
	metrics, err := Select([]string{"rouge1", "rouge2", "rougeL", "rougeLsum"}, DefaultOptions())
	if err != nil {
		b.Fatal(err)
	}
	score := func(cores, workers int) func(b *testing.B) {
		return func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			for b.Loop() {
				if _, err := All(metrics, inputs, workers); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*len(inputs))/b.Elapsed().Seconds(), "pairs/s")
		}
	}
	b.Run("cores=1", score(1, 1))
	b.Run("cores=all", score(runtime.NumCPU(), 0))
}

func benchmarkInputs(b *testing.B) []Input {
	b.Helper()
	var inputs []Input
	path := os.Getenv("ROUGE_PAIRS")
	if path == "" {
		for _, p := range pairs(b) {
			inputs = append(inputs, Input{Hypothesis: p.Hypothesis, References: p.References[:1]})
		}
		return inputs
	}
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var p struct{ Hypothesis, Reference string }
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			b.Fatalf("%s: %v", path, err)
		}
		inputs = append(inputs, Input{Hypothesis: p.Hypothesis, References: []string{p.Reference}})
	}
	return inputs
}
