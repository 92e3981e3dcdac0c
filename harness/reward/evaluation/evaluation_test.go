package evaluation

import (
	"math"
	"testing"

	"lastmile/harness/random"
)

// judged makes prompts whose samples score so much by a metric, and by a reward that
// makes its score of that.
func judged(reward func(metric, noise float64) float64) []Prompt {
	var prompts []Prompt
	for i := range 50 {
		p := Prompt{Truth: reward(1, 0)}
		for policy := range Policies {
			for j := range 8 {
				r := random.New(1, "evaluation", i, policy, j)
				metric := math.Round(10*r.Float64()) / 10 // with ties
				p.Policies[policy] = append(p.Policies[policy], Sample{reward(metric, r.NormFloat64()), []float64{metric}})
			}
		}
		prompts = append(prompts, p)
	}
	return prompts
}

var names = Names{Trivial: []string{"longer"}, Metrics: []string{"m"}, Trained: func(kind string, _ bool) bool { return kind == "copy" }}

func find(t *testing.T, e Evaluation, policy, statistic string) Measure {
	t.Helper()
	for _, m := range e.Samples {
		if m.Policy == policy && m.Statistic == statistic {
			return m
		}
	}
	t.Fatalf("no %s %s in %+v", policy, statistic, e.Samples)
	return Measure{}
}

func TestARewardThatIsTheMetricOrdersAllSamples(t *testing.T) {
	for name, c := range map[string]struct {
		reward                 func(metric, noise float64) float64
		tau, ranked, low, high float64
	}{
		"the metric":   {func(m, _ float64) float64 { return 3*m - 1 }, 1, 1, 1e-9, 1e-9},
		"its opposite": {func(m, _ float64) float64 { return -m }, -1, 0, 1e-9, 1e-9},
		"a constant":   {func(_, _ float64) float64 { return 2 }, 0, 0.5, 0, 0},
		"noise":        {func(_, n float64) float64 { return n }, 0, 0.5, 0.1, 0.1},
	} {
		e := Evaluate(judged(c.reward), names)
		for _, policy := range Policies {
			for statistic, want := range map[string]float64{Kendall: c.tau, Spearman: c.tau, Pearson: c.tau, Ranked: c.ranked} {
				m := find(t, e, policy, statistic)
				if m.Value < want-c.low || m.Value > want+c.high || m.N != 50 || !(*m.Low <= m.Value && m.Value <= *m.High) {
					t.Errorf("%s: %s %s is %+v, expected %g", name, policy, statistic, m.Estimate, want)
				}
			}
		}
	}
}

func TestPromptsWhoseSamplesAreEqualSayNothing(t *testing.T) {
	prompts := judged(func(m, _ float64) float64 { return m })
	for i := range prompts[1:] {
		for j := range prompts[0].Policies[0] {
			prompts[1+i].Policies[0][j].Metrics = []float64{0.5}
		}
	}
	e := Evaluate(prompts, names)
	if m := find(t, e, "before", Kendall); m.N != 1 || math.Abs(m.Value-1) > 1e-12 || m.Low != nil {
		t.Errorf("tau is %+v, expected that of the one prompt, without an interval", m.Estimate)
	}
	if m := find(t, e, "before", TruthAbove); m.N != 50 {
		t.Errorf("truth above is of %d prompts", m.N)
	}
	if m := find(t, Evaluate(nil, names), "after", Ranked); m.N != 0 || m.Value != 0 {
		t.Errorf("of nothing it is %+v", m.Estimate)
	}
}

func TestKindsStandBesideTrivialScorers(t *testing.T) {
	prompts := []Prompt{
		{Truth: 1, Negatives: []Negative{{"copy", true, 0, []float64{1}}, {"shuffled", true, 1, []float64{0.5}}}},
		{Truth: 1, Negatives: []Negative{{"copy", true, 2, []float64{1}}, {"copy", false, 0, []float64{0}}}},
	}
	got := Evaluate(prompts, names).Kinds
	want := []Kind{{"copy", true, true, 2, 0.5, []Trivial{{"longer", 1}}}, {"shuffled", true, false, 1, 0.5, []Trivial{{"longer", 0.5}}}, {"copy", false, true, 1, 1, []Trivial{{"longer", 0}}}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if g, w := got[i], want[i]; g.Kind != w.Kind || g.Ended != w.Ended || g.Trained != w.Trained || g.N != w.N || g.Accuracy != w.Accuracy || g.Trivial[0] != w.Trivial[0] {
			t.Errorf("%+v, expected %+v", got[i], want[i])
		}
	}
}

func TestPairsLieInTheBinOfTheirConfidence(t *testing.T) {
	logit := func(p float64) float64 { return math.Log(p / (1 - p)) }
	var prompts []Prompt
	for i := range 10 {
		p := Prompt{Truth: logit(0.82)}
		if i < 2 { // the confidence is right in eight of ten pairs
			p.Truth = -p.Truth
		}
		p.Negatives = []Negative{{Kind: "copy", Trivial: []float64{1}}, {Kind: "random", Score: p.Truth, Trivial: []float64{1}}}
		prompts = append(prompts, p)
	}
	got := Evaluate(prompts, names).Calibration
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	if b := got[0]; b.Pairs != Trained || b.Bin != 6 || math.Abs(b.Confidence-0.82) > 1e-12 || math.Abs(b.Right-0.8) > 1e-12 || b.N != 10 {
		t.Errorf("%+v", b)
	}
	if b := got[1]; b.Pairs != LeftOut || b.Bin != 0 || b.Confidence != 0.5 || b.Right != 0.5 {
		t.Errorf("ties: %+v", b)
	}
}

// The interval of a ratio is Student's of the mean where all wholes are 1.
func TestIntervalOfAMean(t *testing.T) {
	// scipy 1.17.1: t.interval(0.95, 4, mean, sem) of these values.
	e := mean([]float64{1, 2, 4, 3, 7})
	if math.Abs(e.Value-3.4) > 1e-12 || math.Abs(*e.Low-(0.5414748090129775)) > 1e-9 || math.Abs(*e.High-6.258525190987022) > 1e-9 {
		t.Errorf("%g [%g, %g]", e.Value, *e.Low, *e.High)
	}
	if e := ratio([]float64{3, 1}, []float64{4, 4}); e.Value != 0.5 {
		t.Errorf("ratio %g", e.Value)
	}
}
