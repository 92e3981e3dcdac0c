package bertscore

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/encoder"
	"lastmile/harness/model/modeltest"
	"lastmile/metrics"
)

// folder is that of a random encoder of a family.
func folder(family string) string { return filepath.Join("../encoder/testdata", family) }

func settings(family string, layer int) Settings {
	s := DefaultSettings()
	s.Model, s.Layer = folder(family), layer
	return s
}

func open(t *testing.T, s Settings) *Model {
	t.Helper()
	return modeltest.OpenMetric(t, Open, s)
}

// scores are those of all metrics, by metric and then by input.
func scores(t *testing.T, m *Model, inputs []metrics.Input) map[string][]float64 {
	t.Helper()
	all := map[string][]float64{}
	for _, metric := range m.Metrics() {
		of, err := metric.ScoreAll(inputs)
		if err != nil {
			t.Fatal(err)
		}
		all[metric.Name()] = of
	}
	return all
}

type run struct {
	Model        string
	Layer        int
	IDF, Rescale bool
	Scores       struct{ Precision, Recall, F1 []float64 }
}

// golden are the inputs of golden.json and what bert-score says of them.
func golden(t *testing.T) ([]metrics.Input, []run) {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Hypotheses []string
		References [][]string
		Runs       []run
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var inputs []metrics.Input
	for i, h := range file.Hypotheses {
		inputs = append(inputs, metrics.Input{Hypothesis: h, References: file.References[i]})
	}
	if len(inputs) < 5 || len(file.Runs) < 12 {
		t.Fatalf("%d inputs, %d runs", len(inputs), len(file.Runs))
	}
	return inputs, file.Runs
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

func TestScoresEqualBertScore(t *testing.T) {
	inputs, runs := golden(t)
	for _, r := range runs {
		s := settings(r.Model, r.Layer)
		s.IDF = r.IDF
		if r.Rescale {
			s.Baseline = "testdata/baseline.tsv"
		}
		m := open(t, s)
		got := scores(t, m, inputs)
		what := m.Metrics()[0].Signature()
		near(t, what+" precision", got[metrics.BERTScorePrecision], r.Scores.Precision, 1e-5)
		near(t, what+" recall", got[metrics.BERTScoreRecall], r.Scores.Recall, 1e-5)
		near(t, what+" F1", got[metrics.BERTScore], r.Scores.F1, 1e-5)
	}
}

// TestScoresDependOnNoOtherText compares batches of any size with one text alone.
func TestScoresDependOnNoOtherText(t *testing.T) {
	inputs, _ := golden(t)
	for _, family := range []string{"bert", "roberta", "deberta"} {
		alone := open(t, settings(family, 3))
		for _, tokens := range []int{1, 50, 100000} {
			s := settings(family, 3)
			s.BatchTokens = tokens
			m := open(t, s)
			if err := m.Foresee(t.Context(), metrics.BERTScores(), nil, inputs[:3], inputs[3:]); err != nil {
				t.Fatal(err)
			}
			for name, together := range scores(t, m, inputs) {
				for i := range inputs {
					near(t, family+" "+name, together[i:i+1], scores(t, alone, inputs[i:i+1])[name], 2e-6)
				}
			}
		}
	}
}

// TestWeightsOfRareTokens looks at what idf is taken over: the references of all inputs.
func TestWeightsOfRareTokens(t *testing.T) {
	s := settings("bert", 2)
	s.IDF = true
	m := open(t, s)
	one := metrics.Input{Hypothesis: "a library", References: []string{"a tool"}}
	if got := scores(t, m, []metrics.Input{one}); got[metrics.BERTScoreRecall][0] != 0 || got[metrics.BERTScore][0] != 0 || got[metrics.BERTScorePrecision][0] == 0 {
		t.Errorf("with one reference all its tokens are in all references, and weigh nothing: %v", got)
	}
	other := metrics.Input{Hypothesis: "a library", References: []string{"files"}}
	if got := scores(t, m, []metrics.Input{one, other}); got[metrics.BERTScoreRecall][0] == 0 {
		t.Errorf("with another reference: %v", got)
	}
}

func TestInputsWithoutAReference(t *testing.T) {
	var lack *metrics.LackError
	for _, metric := range open(t, settings("bert", 2)).Metrics() {
		_, err := metric.ScoreAll([]metrics.Input{{Hypothesis: "a", References: []string{"b"}}, {Hypothesis: "a"}})
		if !errors.As(err, &lack) || lack.Example != 1 || lack.Metric != metric.Name() {
			t.Errorf("%s: %v", metric.Name(), err)
		}
	}
}

func TestSignaturesSayHow(t *testing.T) {
	plain, idf, rescaled := settings("roberta", 2), settings("roberta", 2), settings("roberta", 2)
	idf.IDF, rescaled.Baseline = true, "testdata/baseline.tsv"
	seen := map[string]bool{}
	for _, s := range []Settings{plain, idf, rescaled, settings("roberta", 3), settings("bert", 2)} {
		for _, metric := range open(t, s).Metrics() {
			signature := metric.Signature()
			if seen[signature] || !strings.HasPrefix(signature, metric.Name()+"|model:"+filepath.Base(s.Model)+"-") {
				t.Error(signature)
			}
			seen[signature] = true
		}
	}
}

func TestTheLayerWithoutAChoiceIsBertScores(t *testing.T) {
	for _, c := range []struct {
		kind         string
		layers, want int
	}{{"bert", 12, 9}, {"bert", 24, 18}, {"roberta", 12, 10}, {"roberta", 24, 17}} {
		got, err := Settings{}.layer(encoder.Config{ModelType: c.kind, NumHiddenLayers: c.layers})
		if err != nil || got != c.want {
			t.Errorf("layer %d %v of a %s of %d, expected %d", got, err, c.kind, c.layers, c.want)
		}
	}
}

// TestSettingsThatAreRefused checks what is said when a sweep is planned.
func TestSettingsThatAreRefused(t *testing.T) {
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "baseline.tsv")
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for want, change := range map[string]func(*Settings){
		"bertscore.model: no folder is named":       func(s *Settings) { s.Model = "" },
		"bertscore.model: open nowhere/config.json": func(s *Settings) { s.Model = "nowhere" },
		"has 3 layers":                                                func(s *Settings) { s.Layer = 4 },
		"names no layer for a bert of 3 layers":                       func(s *Settings) { s.Layer = 0 },
		"bertscore.baseline: open nowhere":                            func(s *Settings) { s.Baseline = "nowhere" },
		"expected the columns LAYER,P,R,F":                            func(s *Settings) { s.Baseline = file("2,0.1,0.1,0.1\n") },
		"has no line for the layer 2, of 1 lines":                     func(s *Settings) { s.Baseline = file("LAYER,P,R,F\n1,0.1,0.1,0.1\n") },
		"tsv:3: R is \"1\", expected a number between -1 and 1":       func(s *Settings) { s.Baseline = file("LAYER,P,R,F\n1,0.1,0.1,0.1\n2,0.1,1,0.1\n") },
		"bertscore.model: loading tokenizer":                          func(s *Settings) { s.Model = lacking(t, "tokenizer.json") },
		"neither model.safetensors nor model.safetensors.index.json;": func(s *Settings) { s.Model = lacking(t, "model.safetensors") },
	} {
		s := settings("bert", 2)
		change(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected an error that says %q", err, want)
		}
	}
	if err := settings("bert", 2).Check(); err != nil {
		t.Error(err)
	}
}

// lacking is a folder without one of its files.
func lacking(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(folder("bert"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	return dir
}
