package tokenizer

import (
	"encoding/json"
	"os"
	"testing"
)

// BenchmarkFiles encodes the texts of a file that testdata/encode.py wrote, one
// after the other, with the tokenizer of any folder, which has seen them once.
// testdata/benchmark.py sets the variables and runs a peer beside it.
func BenchmarkFiles(b *testing.B) {
	dir, file := os.Getenv("LASTMILE_TOKENIZER"), os.Getenv("LASTMILE_TOKENIZER_IDS")
	if dir == "" || file == "" {
		b.Skip("LASTMILE_TOKENIZER and LASTMILE_TOKENIZER_IDS are not set")
	}
	tok, err := Load(dir)
	if err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var texts []string
	tokens := 0
	for d := json.NewDecoder(f); d.More(); {
		var c struct{ Text string }
		if err := d.Decode(&c); err != nil {
			b.Fatal(err)
		}
		texts = append(texts, c.Text)
		tokens += len(tok.Encode(c.Text))
	}
	for b.Loop() {
		for _, text := range texts {
			tok.Encode(text)
		}
	}
	b.ReportMetric(float64(b.N*tokens)/b.Elapsed().Seconds(), "tokens/s")
}
