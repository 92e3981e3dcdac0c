package stages

import (
	"os"
	"path/filepath"
	"testing"

	"lastmile/harness/data"
	"lastmile/harness/fuzztest"
	"lastmile/harness/negatives"
	"lastmile/harness/train"
)

// FuzzArtifacts reads the files that stages write for others.
func FuzzArtifacts(f *testing.F) {
	for i, text := range []string{
		`{"id": "a", "text": "x", "tokens": 1, "ended": true}` + "\n" + `{"id": "b"}`,
		`{"step": 1, "split": "dev", "name": "loss", "value": 1e999}`,
		`{"id": "a", "kind": "x", "text": 1}`,
		`{"id": "a", "prompt": [1], "samples": {}}`,
		`{"id": "a", "values": {"rouge1": "x"}}`,
	} {
		f.Add([]byte(text), byte(i))
	}
	dir := f.TempDir()
	examples := []data.Example{{ID: "a"}, {ID: "b"}}
	f.Fuzz(func(t *testing.T, text []byte, kind byte) {
		path := filepath.Join(dir, "lines.jsonl")
		for _, path := range []string{path, outputsFile(dir)} {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		fuzztest.Bounded(t, 256<<20, func() {
			outputs, err := readOutputs(dir, examples)
			fuzztest.Says(t, err, string(text))
			if err == nil && (len(outputs) != 2 || outputs[0].ID != "a" || outputs[1].ID != "b") {
				t.Errorf("the outputs are %+v", outputs)
			}
			switch kind % 5 {
			case 1:
				_, err = data.ReadLines[train.Point](path)
			case 2:
				_, err = data.ReadLines[negatives.Negative](path)
			case 3:
				_, err = data.ReadLines[negatives.Sample](path)
			case 4:
				_, err = data.ReadLines[scores](path)
			}
			fuzztest.Says(t, err, string(text))
		})
	})
}
