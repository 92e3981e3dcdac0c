package scorer

import (
	"context"
	"os"
	"strconv"
	"testing"

	"lastmile/harness/data"
)

// BenchmarkScore scores the pairs of a file of JSON lines with the fields
// reference and candidate by the scorer in a folder, reading of texts
// included. testdata/benchmark.py sets the variables and runs a peer beside it.
func BenchmarkScore(b *testing.B) {
	dir, file := os.Getenv("SCORER_DIR"), os.Getenv("SCORER_PAIRS")
	if dir == "" || file == "" {
		b.Skip("SCORER_DIR and SCORER_PAIRS are not set")
	}
	threads, err := strconv.Atoi(os.Getenv("SCORER_THREADS"))
	if err != nil {
		b.Fatal(err)
	}
	lines, err := data.ReadLines[struct{ Reference, Candidate string }](file)
	if err != nil {
		b.Fatal(err)
	}
	var pairs []Pair
	for _, line := range lines {
		pairs = append(pairs, Pair{line.Reference, line.Candidate})
	}
	m, err := Open(dir, threads)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	for b.Loop() {
		if _, err := m.encoder.score(context.Background(), m.reader, pairs, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(pairs))/b.Elapsed().Seconds(), "pairs/s")
}
