package scoring

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/fuzztest"
)

// FuzzTexts reads files of hypotheses and of references, and pairs their lines.
func FuzzTexts(f *testing.F) {
	extensions := []string{".txt", ".jsonl", ".csv", ".json"}
	for i, seed := range [][2]string{
		{"the cat\n\nsat\r\n", "a cat\nx\nthe mat"},
		{`{"id": 1, "text": "the cat", "ended": true, "tokens": 3, "input": "a"}` + "\n" + `{"id": "2", "text": ""}`, `{"id": "2", "references": ["a", "b"]}` + "\n" + `{"id": 1.0, "reference": "c"}`},
		{"id,text,ended,tokens\na,the cat,T,-1\n", "id,reference\na,x\nb,y\n"},
		{`[{"prediction": "x"}]`, `[{"references": []}]`},
	} {
		for options := range byte(4) {
			f.Add([]byte(seed[0]), []byte(seed[1]), byte(i), byte(i), options)
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, hypotheses, references []byte, of, by, options byte) {
		hyp := filepath.Join(dir, "hyps"+extensions[int(of)%len(extensions)])
		ref := filepath.Join(dir, "refs"+extensions[int(by)%len(extensions)])
		for path, content := range map[string][]byte{hyp: hypotheses, ref: references} {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		pairing := Pairing{ByOrder: options&1 == 1, Partial: options&2 == 2}
		fuzztest.Bounded(t, 1<<30, func() {
			lines, inputs, err := readTexts([]string{ref, ref}, hyp, pairing)
			fuzztest.Says(t, err, string(hypotheses), string(references))
			if err != nil {
				if !strings.Contains(err.Error(), dir) {
					t.Errorf("the error names no file: %v", err)
				}
				return
			}
			if len(lines) != len(inputs) || len(inputs) == 0 {
				t.Fatalf("%d lines and %d texts", len(lines), len(inputs))
			}
			for i, input := range inputs {
				if len(input.References) < 2 || len(input.References)%2 == 1 || input.ID == "" || lines[i].tokens < 0 {
					t.Errorf("a text was read as %+v of %+v", input, lines[i])
				}
				// The file of references was given twice.
				if half := len(input.References) / 2; strings.Join(input.References[:half], "\n") != strings.Join(input.References[half:], "\n") {
					t.Errorf("the references of one file differ: %q", input.References)
				}
			}
		})
	})
}
