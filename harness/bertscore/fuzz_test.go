package bertscore

import (
	"os"
	"path/filepath"
	"testing"

	"lastmile/harness/fuzztest"
)

func FuzzBaseline(f *testing.F) {
	text, err := os.ReadFile("testdata/baseline.tsv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, 2)
	f.Add([]byte("LAYER,P,R,F\n0,0.1,0.2,\"0.3\"\n"), 0)
	f.Add([]byte("LAYER,P,R,F\r\n-1,nan,1e999,0x1p-2\n"), -1)
	path := filepath.Join(f.TempDir(), "baseline.tsv")
	f.Fuzz(func(t *testing.T, text []byte, layer int) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 64<<20, func() {
			b, err := readBaseline(path, layer)
			fuzztest.Says(t, err, string(text))
			if err != nil {
				return
			}
			got := b.rescale(score{1, 1, 1})
			for _, v := range []float64{got.precision, got.recall, got.f1} {
				if !(v > 0.999 && v < 1.001) {
					t.Errorf("what scores 1 is rescaled to %v by %+v", got, b)
				}
			}
		})
	})
}
