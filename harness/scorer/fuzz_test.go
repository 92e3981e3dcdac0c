package scorer

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"lastmile/harness/encoder"
	"lastmile/harness/fuzztest"
)

func FuzzRatings(f *testing.F) {
	f.Add([]byte(`{"reference": "a", "candidate": "b", "rating": 1.5, "source": "x"}`+"\n"), "rating", byte(0))
	f.Add([]byte("reference,candidate,human,source\na,b, 2 ,\n"), "human", byte(1))
	f.Add([]byte(`{"reference": "a", "candidate": "b", "by": {"x": [NaN, "3"]}, "source": null}`), "by.x.-1", byte(0))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, field string, format byte) {
		if len(field) > 100 {
			return // a setting that long is the user's own
		}
		path := filepath.Join(dir, []string{"ratings.jsonl", "ratings.csv"}[format%2])
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 256<<20, func() {
			ratings, err := ReadRatings(path, field)
			fuzztest.Says(t, err, string(text), field)
			if err == nil && len(ratings) == 0 {
				t.Error("no ratings, and no error")
			}
			for _, r := range ratings {
				if math.IsNaN(r.Rating) || math.IsInf(r.Rating, 0) {
					t.Errorf("a rating is %g", r.Rating)
				}
			}
		})
	})
}

func FuzzConfig(f *testing.F) {
	fuzztest.AddFiles(f, "testdata/*/config.json")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(encoder.ConfigFile(dir), text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 64<<20, func() {
			c, err := ReadConfig(dir)
			fuzztest.Says(t, err, string(text))
			if err != nil {
				return
			}
			weights := c.scoreWeights()
			sum := 0.0
			for _, weight := range weights {
				sum += float64(weight)
			}
			if len(weights) != len(c.Outputs()) || math.Abs(sum-1) > 1e-3 {
				t.Errorf("the outputs %q have the weights %v", c.Outputs(), weights)
			}
		})
	})
}
