package stages

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"lastmile/harness/data"
	"lastmile/harness/decode"
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

// FuzzKeptResponses reads responses that an interrupted stage kept.
func FuzzKeptResponses(f *testing.F) {
	kept := keptDecoding{f.TempDir(), 1}
	if err := kept.Keep("a", [][]decode.Response{{{Tokens: []int{1, 2}, Ended: true, Entropies: []float32{0.5}}}, nil}); err != nil {
		f.Fatal(err)
	}
	sound, err := os.ReadFile(kept.file("a"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	f.Add(bytes.Replace(sound, []byte("true"), []byte("false"), 1))
	f.Add([]byte(`{"sum": "", "responses": [[{"tokens": [1e99]}]]}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(kept.file("a"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 256<<20, func() {
			responses, ok, err := kept.Kept("a")
			fuzztest.Says(t, err, string(text))
			if !ok {
				return
			}
			if err := kept.Keep("b", responses); err != nil {
				t.Fatal(err)
			}
			if again, ok, err := kept.Kept("b"); err != nil || !ok || !reflect.DeepEqual(again, responses) {
				t.Errorf("%+v, kept again, are %+v, %v", responses, again, err)
			}
		})
	})
}
