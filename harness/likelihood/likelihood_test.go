package likelihood

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/metrics"
)

// folder has the model that make.py made.
const folder = "testdata/model"

func settings() Settings {
	s := DefaultSettings()
	s.Model = folder
	return s
}

func open(t *testing.T, s Settings) *Model {
	t.Helper()
	return modeltest.OpenMetric(t, Open, s)
}

// scores are those of all metrics, by metric and then by input.
func scores(t *testing.T, m *Model, inputs ...metrics.Input) map[string][]float64 {
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

// golden are the inputs of golden.json and transformers' scores by metric.
func golden(t *testing.T) (inputs []metrics.Input, want map[string][]float64) {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Examples []struct {
			Hypothesis string
			References []string
			Source     string
			Plain      float64 `json:"likelihood"`
			Reference  float64 `json:"likelihood_reference"`
			Recall     float64 `json:"likelihood_recall"`
			Given      float64 `json:"likelihood_source"`
			Gain       float64 `json:"likelihood_source_gain"`
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	want = map[string][]float64{}
	for _, e := range file.Examples {
		inputs = append(inputs, metrics.Input{Hypothesis: e.Hypothesis, References: e.References, Source: e.Source})
		for k, value := range []float64{e.Plain, e.Reference, e.Recall, e.Given, e.Gain} {
			name := metrics.Likelihoods()[k]
			want[name] = append(want[name], value)
		}
	}
	return inputs, want
}

func near(t *testing.T, what string, got, want map[string][]float64, tolerance float64) {
	t.Helper()
	for _, name := range metrics.Likelihoods() {
		if len(got[name]) != len(want[name]) {
			t.Fatalf("%s: %d scores by %s, expected %d", what, len(got[name]), name, len(want[name]))
		}
		for i := range want[name] {
			if math.Abs(got[name][i]-want[name][i]) > tolerance {
				t.Errorf("%s: %s of example %d is %v, expected %v", what, name, i, got[name][i], want[name][i])
			}
		}
	}
}

func TestScoresEqualTransformers(t *testing.T) {
	inputs, want := golden(t)
	if len(inputs) < 3 {
		t.Fatalf("only %d examples", len(inputs))
	}
	near(t, "golden", scores(t, open(t, settings()), inputs...), want, 1e-4)
}

// TestScoresDependOnNoOtherText compares batches of any size with one text alone, also
// where prompts are shared by several responses.
func TestScoresDependOnNoOtherText(t *testing.T) {
	inputs, _ := golden(t)
	for _, h := range []string{"the cat", "at", "a cat is on the mat", "dogs"} {
		for _, in := range slices.Clone(inputs[:2]) {
			in.Hypothesis = h
			inputs = append(inputs, in)
		}
	}
	alone := map[string][]float64{}
	for _, in := range inputs {
		for name, of := range scores(t, open(t, settings()), in) {
			alone[name] = append(alone[name], of...)
		}
	}
	for _, tokens := range []int{1, 100, 100000} {
		s := settings()
		s.BatchTokens = tokens
		m := open(t, s)
		if err := m.Foresee(t.Context(), metrics.Likelihoods(), nil, inputs[:5], inputs[5:]); err != nil {
			t.Fatal(err)
		}
		near(t, "together", scores(t, m, inputs...), alone, 1e-5)
	}
}

func TestPromptsAreSharedAndRowsBounded(t *testing.T) {
	prompt := []int{1, 2, 3, 4}
	of := func(response ...int) *asked { return &asked{prompt: prompt, response: response} }
	all := trees([]*asked{of(5, 6, 7), of(5), of(6, 7), {prompt: []int{1}, response: []int{9}}, of(8)})
	var sizes []int
	for _, tree := range all {
		sizes = append(sizes, len(tree))
		if row := tree.row(); row.Tokens() > 2*len(row.Prompt)+3 {
			t.Errorf("a row of %d tokens for a prompt of %d", row.Tokens(), len(row.Prompt))
		}
	}
	if !slices.Equal(sizes, []int{1, 3, 1}) {
		t.Errorf("trees of %v responses", sizes)
	}
}

func TestAnEmptyTextIsOneTokenByChance(t *testing.T) {
	m := open(t, settings())
	chance := -math.Log(float64(m.model.Config.VocabSize))
	of := scores(t, m, metrics.Input{Hypothesis: " \n", References: []string{"a dog"}, Source: "a dog ran"},
		metrics.Input{Hypothesis: "a dog", References: []string{""}, Source: "a dog ran"})
	for name, want := range map[string]float64{
		metrics.Likelihood: chance, metrics.LikelihoodReference: chance, metrics.LikelihoodSource: chance, metrics.LikelihoodSourceGain: 0,
	} {
		if of[name][0] != want {
			t.Errorf("%s of an empty hypothesis is %v, expected %v", name, of[name][0], want)
		}
	}
	if of[metrics.LikelihoodRecall][1] != chance || of[metrics.LikelihoodRecall][0] == chance {
		t.Errorf("recall of a text after an empty hypothesis and of an empty reference: %v", of[metrics.LikelihoodRecall])
	}
}

// TestALongSourceLosesItsBeginning compares a source that is too long for the model
// with what is left of it.
func TestALongSourceLosesItsBeginning(t *testing.T) {
	s := settings()
	s.SourcePrompt = "Q{source}!\n"
	m := open(t, s)
	h := "zz" // two tokens
	// Q, ! and the line's end, the start token and the hypothesis leave room for the rest.
	room := m.model.Config.MaxPositionEmbeddings - 4 - len(m.tokenizer.Encode(h))
	digits := strings.Repeat("0123456789", 20)
	long := metrics.Input{Hypothesis: h, References: []string{h}, Source: digits}
	cut := long
	cut.Source = digits[len(digits)-room:]
	of := scores(t, m, long, cut)[metrics.LikelihoodSource]
	if math.Abs(of[0]-of[1]) > 1e-5 {
		t.Errorf("%v, and %v of the part that there is room for", of[0], of[1])
	}
	cut.Source = digits[len(digits)-room+1:]
	if shorter := scores(t, m, cut)[metrics.LikelihoodSource][0]; math.Abs(of[0]-shorter) < 1e-4 {
		t.Errorf("one token less gives %v too", shorter)
	}
}

func TestTextsThatCannotBeScored(t *testing.T) {
	m := open(t, settings())
	for _, metric := range m.Metrics() {
		_, err := metric.ScoreAll([]metrics.Input{{Hypothesis: "a"}})
		var lack *metrics.LackError
		if metric.Name() == metrics.Likelihood {
			if err != nil {
				t.Error(err)
			}
		} else if !errors.As(err, &lack) || lack.Metric != metric.Name() {
			t.Errorf("%s without a reference and a source: %v", metric.Name(), err)
		}
	}
	long := metrics.Input{Hypothesis: strings.Repeat("x", 200)}
	if _, err := m.Metrics()[0].ScoreAll([]metrics.Input{long}); err == nil || !strings.Contains(err.Error(), "has 200 tokens, and the 96 positions") {
		t.Errorf("a long hypothesis: %v", err)
	}
}

func TestFoldersThatAreRefused(t *testing.T) {
	copied := func(t *testing.T, names ...string) string {
		dir := t.TempDir()
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	for want, dir := range map[string]string{
		"config.json":           t.TempDir(),
		"tokenizer.json":        copied(t, "config.json", "model.safetensors"),
		"neither model.safeten": copied(t, "config.json", "tokenizer.json"),
	} {
		s := settings()
		s.Model = dir
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected an error that says %q", err, want)
		}
	}
	s := settings()
	s.Start = "<s>"
	if _, err := Open(s, 1, ""); err == nil || !strings.Contains(err.Error(), `start token "<s>" is not in the vocabulary`) {
		t.Errorf("an unknown start token: %v", err)
	}
}

func TestSignaturesSayHow(t *testing.T) {
	s := settings()
	s.ReferencePrompt = "{reference} In other words, "
	m, other := open(t, settings()), open(t, s)
	for k, metric := range m.Metrics() {
		changed := metric.Signature() != other.Metrics()[k].Signature()
		if changed != (metric.Name() == metrics.LikelihoodReference) {
			t.Errorf("%s and %s", metric.Signature(), other.Metrics()[k].Signature())
		}
		if !strings.HasPrefix(metric.Signature(), metric.Name()+"|model:llama-") {
			t.Error(metric.Signature())
		}
	}
	if len(m.Metrics()) != len(metrics.Likelihoods()) {
		t.Errorf("%d metrics", len(m.Metrics()))
	}
}

func TestTheStartToken(t *testing.T) {
	m := open(t, settings())
	for name, want := range map[string]int{"": 0, "<|end|>": 1} {
		if id, err := startToken(name, m.tokenizer, model.Config{}); err != nil || id != want {
			t.Errorf("%q: %d %v, expected %d", name, id, err, want)
		}
	}
}
