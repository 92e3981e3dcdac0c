package scoring

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/bertscore"
	"lastmile/harness/faithfulness"
	"lastmile/harness/likelihood"
	"lastmile/harness/stages"
	"lastmile/metrics"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// tinyLikelihood has a random model.
func tinyLikelihood() likelihood.Settings {
	s := likelihood.DefaultSettings()
	s.Model = "../likelihood/testdata/model"
	return s
}

func TestScoreFilesByLikelihood(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "refs.jsonl", `{"input": "a cat came in", "references": ["the cat", "a cat"]}`+"\n")
	write(t, dir, "hyps.txt", "the cat\n")
	at := func(name string) string { return filepath.Join(dir, name) }
	names := append(metrics.Likelihoods(), "rouge1")
	scores, err := ScoreFiles(t.Context(), Files{Measures: Measures{Metrics: names, Likelihood: tinyLikelihood()}, References: []string{at("refs.jsonl")}, Hypotheses: at("hyps.txt")})
	if err != nil || len(scores) != len(names) {
		t.Fatalf("%+v %v", scores, err)
	}
	by := map[string]float64{}
	for i, s := range scores {
		if s.Metric != names[i] {
			t.Errorf("the score %d is by %s, expected %s", i, s.Metric, names[i])
		}
		by[s.Metric] = s.Mean
	}
	if gain := by[metrics.LikelihoodSource] - by[metrics.Likelihood]; by[metrics.Likelihood] >= 0 || gain != by[metrics.LikelihoodSourceGain] {
		t.Errorf("%v", by)
	}
}

// tinyBERTScore has a random encoder.
func tinyBERTScore() bertscore.Settings {
	s := bertscore.DefaultSettings()
	s.Model, s.Layer = "../encoder/testdata/roberta", 2
	return s
}

// tinyFaithfulness has a random classifier.
func tinyFaithfulness() faithfulness.Settings {
	s := faithfulness.DefaultSettings()
	s.Model = "../encoder/testdata/deberta"
	return s
}

func TestScoreFilesByFaithfulness(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "refs.jsonl", `{"input": "A cat came in and sat down.", "references": ["the cat"]}`+"\n")
	write(t, dir, "hyps.txt", "The cat has sat down.\n")
	scores, err := ScoreFiles(t.Context(), Files{
		Measures:   Measures{Metrics: []string{metrics.Faithfulness}, Faithfulness: tinyFaithfulness()},
		References: []string{filepath.Join(dir, "refs.jsonl")}, Hypotheses: filepath.Join(dir, "hyps.txt"),
	})
	if err != nil || len(scores) != 1 || scores[0].Mean == 0 || math.Abs(scores[0].Mean) > 1 || !strings.HasPrefix(scores[0].Signature, "faithfulness|model:deberta-v2-") {
		t.Errorf("%+v %v", scores, err)
	}
}

func TestScoreFilesByBERTScore(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "refs.txt", "the cat sat\na dog\n")
	write(t, dir, "hyps.txt", "the cat sat\n\n")
	var notes []string
	scores, err := ScoreFiles(t.Context(), Files{
		Measures:   Measures{Metrics: append(metrics.BERTScores(), "rouge1"), BERTScore: tinyBERTScore()},
		References: []string{filepath.Join(dir, "refs.txt")}, Hypotheses: filepath.Join(dir, "hyps.txt"),
		Note: func(note string) { notes = append(notes, note) },
	})
	if err != nil || len(scores) != 4 {
		t.Fatalf("%+v %v", scores, err)
	}
	for i, s := range scores[:3] {
		if s.Metric != metrics.BERTScores()[i] || math.Abs(s.Mean-0.5) > 1e-6 || s.N != 2 {
			t.Errorf("one text of two equals its reference: %+v", s)
		}
	}
	if len(notes) != 1 || !strings.HasPrefix(notes[0], "1 of 2 hypotheses are empty") {
		t.Errorf("notes %q", notes)
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
		scores, err := ScoreFiles(t.Context(), s)
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
		"has 1 text and":             {Measures: Measures{Metrics: []string{"rouge1"}}, References: []string{at("one.txt")}, Hypotheses: at("hyps.txt")},
		"unknown metric":             {Measures: Measures{Metrics: []string{"rougeX"}}, References: []string{at("refs.txt")}, Hypotheses: at("hyps.txt")},
		"no such file":               {Measures: Measures{Metrics: []string{"rouge1"}}, References: []string{at("nowhere")}, Hypotheses: at("hyps.txt")},
		"--likelihood-model":         {Measures: Measures{Metrics: []string{"likelihood"}}, References: []string{at("refs.txt")}, Hypotheses: at("hyps.txt")},
		"--faithfulness-model":       {Measures: Measures{Metrics: []string{"faithfulness"}}, References: []string{at("refs.txt")}, Hypotheses: at("hyps.txt")},
		"and faithfulness needs one": {Measures: Measures{Metrics: []string{"faithfulness"}, Faithfulness: tinyFaithfulness()}, References: []string{at("refs.txt")}, Hypotheses: at("hyps.txt")},
		"--bertscore-model":          {Measures: Measures{Metrics: []string{"bertscore-recall"}}, References: []string{at("refs.txt")}, Hypotheses: at("hyps.txt")},
		"no input text":              {Measures: Measures{Metrics: []string{"likelihood_source"}, Likelihood: tinyLikelihood()}, References: []string{at("refs.txt")}, Hypotheses: at("hyps.txt")},
		"--scorer":                   {Measures: Measures{Metrics: []string{"bleurt"}}, References: []string{at("refs.txt")}, Hypotheses: at("hyps.txt")},
	} {
		var mistake stages.Mistake
		if _, err := ScoreFiles(t.Context(), s); !errors.As(err, &mistake) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
