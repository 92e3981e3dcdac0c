package faithfulness

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/model/modeltest"
	"lastmile/metrics"
)

// settings name a random classifier of a family.
func settings(family string) Settings {
	s := DefaultSettings()
	s.Model = filepath.Join("../encoder/testdata", family)
	return s
}

func open(t *testing.T, s Settings) *Model {
	t.Helper()
	return modeltest.OpenMetric(t, Open, s)
}

func scores(t *testing.T, m *Model, inputs []metrics.Input) []float64 {
	t.Helper()
	of, err := m.Metrics()[0].ScoreAll(inputs)
	if err != nil {
		t.Fatal(err)
	}
	return of
}

type golden struct {
	Documents, Summaries [][]string
	Runs                 []struct {
		Model         string
		Contradiction bool
		MinCharacters int `json:"min_characters"`
		Scores        []float64
	}
}

// read reads golden.json, and holds our sentences against those that it has.
func read(t *testing.T) (golden, []metrics.Input) {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Documents) < 5 || len(g.Runs) < 9 {
		t.Fatalf("%d documents, %d runs", len(g.Documents), len(g.Runs))
	}
	var inputs []metrics.Input
	for i, document := range g.Documents {
		in := metrics.Input{Source: strings.Join(document, " "), Hypothesis: strings.Join(g.Summaries[i], "\n")}
		if found := metrics.Sentences(in.Source); !slices.Equal(found, document) {
			t.Errorf("document %d has the sentences %q, expected %q", i, found, document)
		}
		if found := metrics.Sentences(in.Hypothesis); !slices.Equal(found, g.Summaries[i]) {
			t.Errorf("summary %d has the sentences %q, expected %q", i, found, g.Summaries[i])
		}
		inputs = append(inputs, in)
	}
	return g, inputs
}

func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d scores, expected %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > tolerance {
			t.Errorf("%s: the score of example %d is %.7f, expected %.7f", what, i, got[i], want[i])
		}
	}
}

func TestScoresEqualTheReference(t *testing.T) {
	g, inputs := read(t)
	for _, run := range g.Runs {
		s := settings(run.Model)
		s.Contradiction, s.MinCharacters = run.Contradiction, run.MinCharacters
		m := open(t, s)
		near(t, m.Metrics()[0].Signature(), scores(t, m, inputs), run.Scores, 1e-5)
	}
}

// TestScoresDependOnNoOtherText compares batches of any size with one text alone.
func TestScoresDependOnNoOtherText(t *testing.T) {
	_, inputs := read(t)
	alone := open(t, settings("deberta"))
	for _, tokens := range []int{1, 90, 100000} {
		s := settings("deberta")
		s.BatchTokens = tokens
		m := open(t, s)
		if err := m.Foresee(t.Context(), []string{metrics.Faithfulness}, nil, inputs[:2], inputs[2:]); err != nil {
			t.Fatal(err)
		}
		together := scores(t, m, inputs)
		for i := range inputs {
			near(t, "together", together[i:i+1], scores(t, alone, inputs[i:i+1]), 2e-6)
		}
	}
}

// TestTheFirstSentencesOfASourceCount compares a long source with its beginning.
func TestTheFirstSentencesOfASourceCount(t *testing.T) {
	const first, second = "A library for reading files.", "Development headers with documentation."
	s := settings("roberta")
	s.MaxSentences = 1
	short, whole := open(t, s), open(t, settings("roberta"))
	long := metrics.Input{Source: first + " " + second, Hypothesis: "It reads and writes files."}
	cut := long
	cut.Source = first
	if got, want := scores(t, short, []metrics.Input{long})[0], scores(t, whole, []metrics.Input{cut})[0]; got != want {
		t.Errorf("%v, and %v of the first sentence", got, want)
	}
	if got, all := scores(t, short, []metrics.Input{long})[0], scores(t, whole, []metrics.Input{long})[0]; got == all {
		t.Errorf("the second sentence changes nothing: %v", got)
	}
}

func TestAnInputWithoutASource(t *testing.T) {
	var lack *metrics.LackError
	_, err := open(t, settings("bert")).Metrics()[0].ScoreAll([]metrics.Input{{Hypothesis: "a", Source: " "}})
	if !errors.As(err, &lack) || lack.What != "input text" {
		t.Error(err)
	}
}

// TestSettingsThatAreRefused checks what is said when a sweep is planned.
func TestSettingsThatAreRefused(t *testing.T) {
	edited := func(from, to string) func(*Settings) {
		return func(s *Settings) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(s.Model)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "config.json")
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), from) {
				t.Fatalf("there is no %s", from)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o666); err != nil {
				t.Fatal(err)
			}
			s.Model = dir
		}
	}
	for want, change := range map[string]func(*Settings){
		"faithfulness.model: no folder is named":                                            func(s *Settings) { s.Model = "" },
		"faithfulness.model: open nowhere/config.json":                                      func(s *Settings) { s.Model = "nowhere" },
		`is ["BertModel"], not BertForSequenceClassification`:                               edited("BertForSequenceClassification", "BertModel"),
		"has no entailment, but CONTRADICTION, NEUTRAL, LABEL_2":                            edited(`"2": "ENTAILMENT"`, `"2": "LABEL_2"`),
		"has no contradiction, but no, NEUTRAL, ENTAILMENT (faithfulness.contradiction = f": edited(`"0": "CONTRADICTION"`, `"0": "no"`),
		`"classifier.weight" has shape [3 24], but config.json makes it [4 24]`:             edited(`"1": "NEUTRAL",`, `"1": "NEUTRAL", "3": "other",`),
	} {
		s := settings("bert")
		change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected an error that says %q", err, want)
		}
	}
	s := settings("bert")
	edited(`"0": "CONTRADICTION"`, `"0": "no"`)(&s)
	s.Contradiction = false
	if err := s.Check(); err != nil {
		t.Errorf("without contradiction: %v", err)
	}
}
