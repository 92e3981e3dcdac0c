package scoring

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/stages"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestScoreFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "refs.txt", "the cat sat\nthe dog\n")
	write(t, dir, "more.txt", "a cat\na dog ran\n")
	write(t, dir, "hyps.txt", "the cat sat\na dog ran\n")
	write(t, dir, "byid-refs.jsonl", `{"id": "y", "references": ["the dog", "a dog ran"]}`+"\n"+`{"id": "x", "reference": "the cat sat"}`+"\n")
	write(t, dir, "byid-hyps.jsonl", `{"id": "x", "text": "the cat sat"}`+"\n"+`{"id": "y", "text": "a dog ran"}`+"\n")
	write(t, dir, "one.txt", "a line\n")
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, s := range map[string]Files{
		"two files of references": {References: []string{at("refs.txt"), at("more.txt")}, Hypotheses: at("hyps.txt")},
		"by id":                   {References: []string{at("byid-refs.jsonl")}, Hypotheses: at("byid-hyps.jsonl")},
	} {
		s.Metrics = []string{"rouge1"}
		scores, err := ScoreFiles(s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := scores[0]; got.Mean != 1 || got.N != 2 || got.Signature == "" {
			text, _ := json.Marshal(got)
			t.Errorf("%s: %s", name, text)
		}
	}
	for want, s := range map[string]Files{
		"has 1 text and": {Measures: Measures{Metrics: []string{"rouge1"}}, References: []string{at("one.txt")}, Hypotheses: at("hyps.txt")},
		"unknown metric": {Measures: Measures{Metrics: []string{"rougeX"}}, References: []string{at("refs.txt")}, Hypotheses: at("hyps.txt")},
		"no such file":   {Measures: Measures{Metrics: []string{"rouge1"}}, References: []string{at("nowhere")}, Hypotheses: at("hyps.txt")},
		"--scorer":       {Measures: Measures{Metrics: []string{"bleurt"}}, References: []string{at("refs.txt")}, Hypotheses: at("hyps.txt")},
	} {
		var mistake stages.Mistake
		if _, err := ScoreFiles(s); !errors.As(err, &mistake) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
