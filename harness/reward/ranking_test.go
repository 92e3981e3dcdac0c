package reward

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/random"
	"lastmile/harness/torch"
	"lastmile/harness/torch/gradcheck"
	"lastmile/harness/train"
)

func TestASampleIsAboveThoseThatAreWorse(t *testing.T) {
	for name, test := range map[string]struct {
		values []float64
		margin float64
		want   []preference
	}{
		"all but the nearest":         {[]float64{0.25, 0.5, 0.125, 0.49}, 0.02, []preference{{0, 2, 0.125}, {1, 0, 0.25}, {1, 2, 0.375}, {3, 0, 0.24}, {3, 2, 0.365}}},
		"exactly the margin is worse": {[]float64{0.25, 0.5, 0.125}, 0.25, []preference{{1, 0, 0.25}, {1, 2, 0.375}}},
		"all alike":                   {[]float64{0.3, 0.31, 0.3}, 0.02, nil},
		"one":                         {[]float64{0.3}, 0.02, nil},
	} {
		r := Ranking{Prompt: []int{1}, Values: test.values}
		for i := range test.values {
			r.Samples = append(r.Samples, []int{2 + i, eos})
		}
		g := r.group(test.margin)
		if !slices.Equal(g.pairs, test.want) {
			t.Errorf("%s: %v, want %v", name, g.pairs, test.want)
		}
		if len(g.Responses) != len(r.Samples) || !slices.Equal(g.Prompt, r.Prompt) {
			t.Errorf("%s: the responses are %v to %v", name, g.Responses, g.Prompt)
		}
	}
}

func TestPairsAreThoseOfAllResponses(t *testing.T) {
	groups := append(exampleGroups(examples(2, "pairs")),
		Ranking{Prompt: []int{1}, Samples: [][]int{{2}, {3}, {4}}, Values: []float64{0.1, 0.2, 0.9}}.group(0.02))
	better, worse := pairs(groups)
	if want := []int64{0, 0, 0, 4, 4, 4, 9, 10, 10}; !slices.Equal(better, want) {
		t.Errorf("the better are %v, want %v", better, want)
	}
	if want := []int64{1, 2, 3, 5, 6, 7, 8, 8, 9}; !slices.Equal(worse, want) {
		t.Errorf("the worse are %v, want %v", worse, want)
	}
}

func TestWhatSamplesAreRankedBy(t *testing.T) {
	texts, references := []string{"a small tool", "a tool", "a small tool for small tools"}, []string{"a small tool"}
	for by, want := range map[string][]float64{
		"":          {1, 0.8 * 2 / 3, 2.0 / 3 * 3 / 6}, // la-rougeL: ROUGE-L times the shorter length over the longer
		"la-rougeL": {1, 0.8 * 2 / 3, 2.0 / 3 * 3 / 6},
		"rougeL":    {1, 0.8, 2.0 / 3},
	} {
		got, err := ModelSettings{RankBy: by}.Rank(texts, references, "")
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-12 {
				t.Errorf("%q: %q has %g, want %g", by, texts[i], got[i], want[i])
			}
		}
	}
}

func TestCorrelation(t *testing.T) {
	if r, ok := correlation([]float64{1, 2, 3}, []float64{2, 2, 5}); !ok || math.Abs(r-3/math.Sqrt(12)) > 1e-12 {
		t.Errorf("%g, %v, want %g", r, ok, 3/math.Sqrt(12))
	}
	if r, ok := correlation([]float64{1, 2}, []float64{3, 3}); ok {
		t.Errorf("with a constant %g", r)
	}
}

func TestAgreementCounts(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	m := ordered(t, s)
	rankings := []Ranking{
		{Prompt: []int{1}, Samples: [][]int{{9, 2}, {3}, {4}}, Values: []float64{0.1, 0.2, 0.9}},       // all three pairs in order
		{Prompt: []int{1, 2}, Samples: [][]int{{5}, {6, 8}, {2, 2}}, Values: []float64{0.9, 0.2, 0.1}}, // two of three
		{Prompt: []int{3}, Samples: [][]int{{5}, {6}}, Values: []float64{0.4, 0.4}},                    // no pair, no correlation
	}
	for _, size := range []int{1, 2, 100} {
		c := config(1)
		c.BatchSize = size
		got, within, err := Model{Network: m}.agreement(t.Context(), rankings, c)
		if want := (Accuracy{"ranked", true, 5.0 / 6, 6}); err != nil || got != want {
			t.Errorf("batches of %d: %+v, %v, want %+v", size, got, err, want)
		}
		want := 0.0
		for _, r := range rankings[:2] {
			scores, err := Model{Network: m}.Score([]model.Tree{{Prompt: r.Prompt, Responses: r.Samples}})
			if err != nil {
				t.Fatal(err)
			}
			of, _ := correlation(scores[0], r.Values)
			want += of / 2
		}
		if math.Abs(within-want) > 1e-6 {
			t.Errorf("batches of %d: correlation %g, want %g", size, within, want)
		}
	}
}

func TestLossesOfRankedSamples(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	groups := []group{{pairs: []preference{{0, 1, 0.1}, {0, 2, 0.05}}}, {pairs: []preference{{1, 0, 0.4}}}}
	better, worse := s.Float64s([]float64{1, -2, 0.5}, 3), s.Float64s([]float64{0.5, 1, 0}, 3)
	for name, want := range map[string]float64{
		"":           (math.Log1p(math.Exp(-0.5)) + math.Log1p(math.Exp(3)) + math.Log1p(math.Exp(-0.5))) / 3,
		"difference": (0.5*0.5 + 3.5*3.5 + 3.5*3.5) / 3, // 0.5, -3 and 0.5 instead of 1, 0.5 and 4
	} {
		c := config(1)
		c.RankLoss = name
		loss := func() *torch.Tensor { return c.rankLoss(better, worse, groups) }
		gradcheck.Check(t, loss, gradcheck.Input{Name: "better", Tensor: better}, gradcheck.Input{Name: "worse", Tensor: worse})
		if got, err := loss().Item(); err != nil || math.Abs(got-want) > 1e-9 {
			t.Errorf("%q: loss %g, %v, want %g", name, got, err, want)
		}
	}
}

func TestRankedSamplesAreLearned(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	c := config(60)
	c.Ranked, c.EvalEvery = 0.5, 30
	dir := t.TempDir()
	got, err := Train(t.Context(), newModel(t, s), material(300, "train"), material(100, "dev"), c, 1, train.Hooks{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if last := got[len(got)-1]; last.Kind != "ranked" || last.Accuracy < 0.9 || last.N == 0 {
		t.Errorf("ranked: %+v, want an accuracy of 0.9", last)
	}
	if high := got[0]; high.Kind != "high" || high.Accuracy < 0.95 {
		t.Errorf("beside rankings, negatives are not learned: %+v", high)
	}
	text, err := os.ReadFile(filepath.Join(dir, "curves.jsonl"))
	for name, n := range map[string]int{`"train","name":"accuracy ranked"`: 60, `"dev","name":"accuracy ranked"`: 2, `"dev","name":"correlation within prompts"`: 2} {
		if got := strings.Count(string(text), name); err != nil || got != n {
			t.Errorf("the curves have %s %d times, %v, want %d", name, got, err, n)
		}
	}
	m := material(10, "flat")
	for i := range m.Rankings {
		clear(m.Rankings[i].Values)
	}
	if _, err := Train(t.Context(), newModel(t, s), m, m, c, 1, train.Hooks{Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "of 10 prompts with samples none") {
		t.Errorf("error %v, want that no samples differ", err)
	}
}

func TestMicroBatchChangesNoLoss(t *testing.T) {
	s := modeltest.Open(t, torch.Float64)
	groups := rankingGroups(material(12, "micro").Rankings, 0.02)
	loss := func(micro int) float64 {
		m := newModel(t, s)
		values := make([]float32, hidden)
		stream := random.New(1, "head")
		for i := range values {
			values[i] = float32(stream.NormFloat64())
		}
		m.Head.CopyInPlace(s.Floats(values, 1, hidden))
		c := config(1)
		c.MicroBatch, c.RankLoss = micro, "difference"
		trainer := train.NewTrainer(m, c.OptimizerSettings, train.Hooks{Dir: t.TempDir()})
		value, _, err := c.backward(trainer, groups, 0.25, c.rankLoss)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	whole := loss(0)
	for _, micro := range []int{1, 5} {
		if got := loss(micro); math.Abs(got-whole) > 1e-9 {
			t.Errorf("in parts of %d the loss is %g, at once %g", micro, got, whole)
		}
	}
}

func TestSettingsOfRankedSamples(t *testing.T) {
	s := &experiments.Schema{Sections: []experiments.Section{ModelSection(func(experiments.Config) bool { return true })}}
	for text, want := range map[string]string{
		"reward_model.ranked = 1":                                           "reward_model.ranked",
		"reward_model.rank_by = \"rougel\"":                                 `"rougeL"`,
		"reward_model.rank_loss = \"differences\"":                          "one of difference",
		"reward_model.margin = 0.1":                                         "reward_model.ranked",
		"reward_model.rank_by = \"rougeL\"":                                 "reward_model.ranked",
		"reward_model = { ranked = 0.5, rank_by = \"chrf\", margin = 0.1 }": "",
	} {
		path := filepath.Join(t.TempDir(), "sweep.toml")
		if err := os.WriteFile(path, []byte("name = \"s\"\n"+text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := s.Load(path, experiments.LoadOptions{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
}
