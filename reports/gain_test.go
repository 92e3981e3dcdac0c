package reports

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"lastmile/metrics"
	"lastmile/reports/document"
	"lastmile/runs"
)

// split makes the report's numbers from la-ROUGE-L alone.
func split(t *testing.T, labels []label, scores map[runs.System]float64, o Options) *builder {
	t.Helper()
	return splitBy(t, labels, map[string]map[runs.System]float64{"la-rougeL": scores}, o)
}

// splitBy makes the report's numbers from some metrics: three seeds and four examples,
// whose scores differ from system to system by a number, so that differences are exact.
func splitBy(t *testing.T, labels []label, scores map[string]map[runs.System]float64, o Options) *builder {
	t.Helper()
	e := &evidence{acronyms: newAcronyms(algorithms), labels: labels, systems: map[runs.System]*runs.SystemScores{}}
	e.orderDecodings()
	for metric, of := range scores {
		e.metrics = append(e.metrics, runs.Metric{Name: metric, Signature: metric})
		for system, score := range of {
			s := e.systems[system]
			if s == nil {
				s = &runs.SystemScores{System: system, Seeds: []int{1, 2, 3}, Values: map[string][][]float64{}}
				e.systems[system] = s
			}
			for seed := range 3 {
				var row []float64
				for i := range 4 {
					row = append(row, score+0.1*float64(i)+0.01*float64(seed))
				}
				s.Values[metric] = append(s.Values[metric], row)
			}
		}
	}
	b, err := newBuilder(e, o)
	if err != nil {
		t.Fatal(err)
	}
	if b.table, err = b.buildTable(t.Context(), b.columns, nil); err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{func() error { return b.compareControls(t.Context()) }, b.choosePrimary, b.splitGain} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	b.correctAll()
	return b
}

// fullSweep has a control of every kind, and what each scores greedily, or in the
// decoding that its name says.
func fullSweep() ([]label, map[runs.System]float64) {
	search := map[string]decodeSettings{
		"greedy": {Strategy: "greedy"}, "sample": {Strategy: "sample", Temperature: 1}, "best": {Strategy: "best"},
		"mbr": {Strategy: "mbr", Temperature: 1}, "of8": {Strategy: "best-of-n", Candidates: 8, By: "reward"}, "oracle": {Strategy: "best-of-n", Candidates: 8, By: "reference"},
	}
	own := map[string]decodeSettings{"greedy": search["greedy"], "sample": search["sample"], "best": search["best"]}
	matched := maps.Clone(own)
	matched["matched"] = decodeSettings{Strategy: "matched", Temperature: 1}
	make := func(name, algorithm string, decode map[string]decodeSettings, rewards ...string) label {
		l := label{name: name, variant: name, algorithm: algorithmNamed(algorithms, algorithm), decode: decode, settings: map[string]string{}}
		for _, r := range rewards {
			l.settings["reward."+r+".weight"] = "1"
		}
		return l
	}
	labels := []label{
		make("mle", "none", search), make("longer", "mle_longer", own), make("raft", "raft", own, "la-rougeL"),
		make("shaping", "rloo", own, "ending", "length"), make("constant", "rloo", own, "constant"), make("random", "rloo", own, "length", "random"),
		make("lead", "rule", map[string]decodeSettings{"greedy": search["greedy"]}), make("strip", "rule", map[string]decodeSettings{"greedy": search["greedy"]}),
		make("rloo", "rloo", matched, "la-rougeL", "length"),
	}
	scores := map[runs.System]float64{}
	for i, l := range labels {
		for name := range l.decode {
			scores[runs.System{Label: l.name, Decode: name, Form: "raw"}] = 0.20 + 0.01*float64(i)
		}
	}
	for name, score := range map[string]float64{"best": 0.215, "mbr": 0.225, "of8": 0.235, "oracle": 0.5} {
		scores[runs.System{Label: "mle", Decode: name, Form: "raw"}] = score
	}
	scores[runs.System{Label: "mle", Decode: "greedy", Form: "post"}] = 0.205
	scores[runs.System{Label: "rloo", Decode: "matched", Form: "raw"}] = 0.19
	return labels, scores
}

func TestEveryControlCounts(t *testing.T) {
	labels, scores := fullSweep()
	b := split(t, labels, scores, Options{Baseline: "mle"})
	if !slices.Equal(b.treatments, []string{"rloo"}) {
		t.Fatalf("the treatments are %q: a control of the others is one", b.treatments)
	}
	got := map[string][]string{}
	for _, c := range b.controls {
		got[c.treatment.Decode] = append(got[c.treatment.Decode], fmt.Sprintf("%s/%s/%s", c.other.Label, c.other.Decode, c.other.Form))
	}
	others := func(decode string) []string {
		var all []string
		for _, l := range []string{"longer", "raft", "shaping", "constant", "random"} {
			all = append(all, l+"/"+decode+"/raw")
		}
		return append(all, "lead/greedy/raw", "strip/greedy/raw")
	}
	want := map[string][]string{
		"greedy": append(others("greedy"), "mle/best/raw", "mle/mbr/raw", "mle/of8/raw", "mle/greedy/post"),
		"sample": append(others("sample"), "mle/best/raw", "mle/mbr/raw", "mle/of8/raw", "rloo/matched/raw"),
		"best":   append(others("best"), "mle/mbr/raw", "mle/of8/raw"),
	}
	for decode := range want {
		slices.Sort(got[decode])
		slices.Sort(want[decode])
		if !slices.Equal(got[decode], want[decode]) {
			t.Errorf("%s:\n got %q\nwant %q", decode, got[decode], want[decode])
		}
	}
	if len(got) != len(want) {
		t.Errorf("controls of %d decodings, want %d: an oracle and the MLE policy's samples need none", len(got), len(want))
	}
	for _, row := range b.table.Rows {
		if row.Decode == "matched" && row.Baseline != "" {
			t.Error("the MLE policy's samples are compared as if they were the run's own")
		}
	}
}

func TestATreatmentIsNoControlOfItself(t *testing.T) {
	labels, scores := fullSweep()
	b := split(t, labels, scores, Options{Baseline: "mle", Treatment: "raft"})
	for _, c := range b.controls {
		if c.other.Label == "raft" {
			t.Errorf("raft is its own control: %+v", c)
		}
	}
	if !slices.ContainsFunc(b.controls, func(c control) bool { return c.other.Label == "shaping" }) {
		t.Error("raft is not compared with shaping")
	}
}

func TestARuleIsNoTreatmentButTheControlThatASweepNames(t *testing.T) {
	labels, scores := fullSweep()
	b := split(t, labels, scores, Options{Baseline: "mle", Primary: Primary{Control: "lead", Decode: "sample"}})
	if got := b.primary.other; got != (runs.System{Label: "lead", Decode: "greedy", Form: "raw"}) {
		t.Errorf("the control is %+v", got)
	}
	without := []label{labels[0], labels[1], labels[6]}
	if b := split(t, without, scores, Options{Baseline: "mle"}); !slices.Equal(b.treatments, []string{"longer"}) {
		t.Errorf("the treatments are %q", b.treatments)
	}
}

func TestTheGainIsSplit(t *testing.T) {
	labels, scores := fullSweep()
	b := split(t, labels, scores, Options{Baseline: "mle"})
	g := b.gainResult()
	near := func(what string, v *Versus, want float64) {
		t.Helper()
		if v == nil || math.Abs(v.Difference-want) > 1e-12 {
			t.Errorf("%s: %+v, want a difference of %g", what, v, want)
		}
	}
	near("the whole", g.Whole, 0.08)
	near("what remains", g.Remains, 0.01)
	if g.Best != (System{"strip", "greedy", "raw"}) {
		t.Errorf("the best control is %+v", g.Best)
	}
	// The best of a part first, over the baseline and below the treatment.
	for i, want := range []struct {
		part, best      string
		n               int
		over, treatment float64
	}{
		{"sharpening", "mle/best", 1, 0.015, 0.065}, {"more training", "longer/greedy", 1, 0.01, 0.07}, {"selection", "mle/of8", 3, 0.035, 0.045},
		{"shaping", "random/greedy", 3, 0.05, 0.03}, {"a rule", "strip/greedy", 2, 0.07, 0.01}, {"post-processing", "mle/greedy", 1, 0.005, 0.075},
	} {
		p := g.Parts[i]
		if p.Part != want.part || len(p.Controls) != want.n {
			t.Fatalf("part %d is %q with %d controls, want %+v", i, p.Part, len(p.Controls), want)
		}
		first := p.Controls[0]
		if first.Label+"/"+first.Decode != want.best {
			t.Errorf("%s: the best is %+v, want %s", p.Part, first.System, want.best)
		}
		near(p.Part+" over the baseline", first.OverBaseline, want.over)
		near(p.Part+" below the treatment", first.Treatment, want.treatment)
	}
	// The oracle is shown, and nothing is compared with it but here.
	if len(g.Ceilings) != 1 || g.Ceilings[0].Decode != "oracle" {
		t.Fatalf("ceilings %+v", g.Ceilings)
	}
	near("the ceiling", g.Ceilings[0].Treatment, -0.22)
	said := b.gainSection()
	contains(t, said[0].(document.Paragraph).Text.String(),
		"Beyond the best of 12 controls, strip (a rule), RLOO decoded greedily has +0.010", "a gain that no control has",
		"Over MLE, RLOO has +0.080 [0.080, 0.080] la-ROUGE-L; without it, a rule (strip) has +0.070", "selection (MLE, best of n by the reward) has +0.035")
}

func TestPartsThatASweepLacks(t *testing.T) {
	labels, scores := fullSweep()
	few := []label{labels[0], labels[8]}
	for _, name := range []string{"best", "mbr", "of8", "oracle"} {
		delete(scores, runs.System{Label: "mle", Decode: name, Form: "raw"})
	}
	b := split(t, few, scores, Options{Baseline: "mle"})
	if got := b.gain.unmeasured(); !slices.Equal(got, []string{"sharpening", "more training", "selection", "shaping", "a rule"}) {
		t.Errorf("not measured: %q", got)
	}
	rows := 0
	for _, row := range b.gainTable().Rows {
		if row[1].String() == "not measured" {
			rows++
		}
	}
	if rows != 5 {
		t.Errorf("%d rows are not measured, want 5", rows)
	}
	// Where both are decoded as is best on dev, sharpening is in the baseline.
	labels, scores = fullSweep()
	b = split(t, labels, scores, Options{Baseline: "mle", Primary: Primary{Decode: "best"}})
	if p := b.gain.parts[0]; !p.inBaseline || len(p.controls) > 0 || slices.Contains(b.gain.unmeasured(), sharpening) {
		t.Errorf("got %+v", p)
	}
	for _, decode := range []string{"oracle", "matched"} {
		e := &evidence{labels: labels}
		e.orderDecodings()
		if _, err := newBuilder(e, Options{Baseline: "mle", Primary: Primary{Decode: decode}}); err == nil || !strings.Contains(err.Error(), decode) {
			t.Errorf("the primary comparison may be of the decoding %s: %v", decode, err)
		}
	}
}

// With two seeds no part is tested.
func TestPartsOfTwoSeeds(t *testing.T) {
	s := demo()
	s.seeds = s.seeds[:2]
	summary, page := write(t, s.store(t), options(t.TempDir()))
	contains(t, page, "## What the gain is made of", "| sharpening ", "| a rule ", "not measured", "Parts overlap and do not add up.", "plots/gain.svg",
		"for these two models, over examples. Over MLE, PPO has")
	for _, p := range summary.Gain.Parts {
		for _, c := range p.Controls {
			if c.OverBaseline.P != nil || c.Treatment.Significant {
				t.Errorf("%s: %+v", p.Part, c)
			}
		}
	}
}

// By each metric of quality the treatment is held against the control that is best by it.
func TestEachMetricHasItsOwnBestControl(t *testing.T) {
	labels, scores := fullSweep()
	by := map[string]map[runs.System]float64{"la-rougeL": scores}
	for _, metric := range []string{"rougeL", "chrf", "repetition", "ended", "coverage"} {
		by[metric] = maps.Clone(scores)
	}
	greedily := func(label string) runs.System { return runs.System{Label: label, Decode: "greedy", Form: "raw"} }
	by["chrf"][greedily("longer")] = 0.5                                                // above the treatment, which has 0.28
	delete(by["rougeL"], greedily("strip"))                                             // of which nothing is known
	by["rougeL"][runs.System{Label: "mle", Decode: "oracle", Form: "raw"}] = 0.9        // no control
	by["rougeL"][runs.System{Label: "raft", Decode: "best", Form: "raw"}] = 0.9         // another decoding
	by["ended"][greedily("longer")], by["repetition"][greedily("longer")] = 0.9, 0.0001 // no quality
	b := splitBy(t, labels, by, Options{Baseline: "mle", Columns: []string{"la-rougeL", "rougeL", "chrf", "repetition", "ended", "coverage"}})
	got := b.gainResult().ByMetric
	if len(got) != 2 {
		t.Fatalf("%d metrics, want ROUGE-L and chrF: %+v", len(got), got)
	}
	for i, want := range []MetricGain{
		{Metric: "rougeL", Mean: 0.44, ControlMean: 0.42, Control: System{"lead", "greedy", "raw"}, Kind: "a rule", BestOf: 11, Optimised: "related", Versus: &Versus{Difference: 0.02, Better: 1, Significant: true}},
		{Metric: "chrf", Mean: 0.44, ControlMean: 0.66, Control: System{"longer", "greedy", "raw"}, Kind: "trained on", BestOf: 12, Versus: &Versus{Difference: -0.22, Better: -1, Significant: true}},
	} {
		m := got[i]
		for _, pair := range [][2]float64{{m.Mean, want.Mean}, {m.ControlMean, want.ControlMean}, {m.Versus.Difference, want.Versus.Difference}} {
			if math.Abs(pair[0]-pair[1]) > 1e-12 {
				t.Errorf("%s: %g, want %g", m.Metric, pair[0], pair[1])
			}
		}
		if m.Versus.Better != want.Versus.Better || m.Versus.Significant != want.Versus.Significant || m.Versus.PHolm == nil {
			t.Errorf("%s: %+v", m.Metric, m.Versus)
		}
		m.Mean, m.ControlMean, m.Versus = want.Mean, want.ControlMean, want.Versus
		if m != want {
			t.Errorf("got %+v, want %+v", m, want)
		}
	}
	// What the rewards do not know comes first, the loss too.
	said := b.metricsSaid()
	if len(said) != 2 {
		t.Fatalf("said %q", said)
	}
	contains(t, said[0].String(), "By metrics that its rewards neither contain nor were taught by", "in chrF worse than longer (0.440 against 0.660, −0.220 [−0.220, −0.220]; p < 0.001)")
	contains(t, said[1].String(), "in ROUGE-L better than lead (0.440 against 0.420, +0.020")
	rows := b.metricTable().Rows
	if len(rows) != 3 || rows[0][0].String() != "la-rougeL †" || rows[1][0].String() != "rougeL ‡" || rows[2][0].String() != "chrf" {
		t.Errorf("the table has %v", rows)
	}
	// Of two metrics the better one is told last.
	m := b.gain.byMetric
	contains(t, b.verdicts(m).String(), "; p < 0.001); in ROUGE-L better than lead")
}

// A loss against the best of several controls pays for the choice, a gain does not.
func TestTheChoiceOfAControlIsPaidFor(t *testing.T) {
	for _, of := range []struct {
		difference, corrected, want float64
	}{{0.1, 0.01, 0.01}, {-0.1, 0.01, 0.12}, {-0.1, 0.2, 1}} {
		d := &difference{}
		d.Difference, d.Corrected = of.difference, of.corrected
		d.payForChoice(metrics.Higher, 12)
		if math.Abs(d.Corrected-of.want) > 1e-12 {
			t.Errorf("a difference of %g with p = %g has %g, want %g", of.difference, of.corrected, d.Corrected, of.want)
		}
	}
}

// Treatments without rewards are told by all other metrics alike, with two seeds without
// a verdict.
func TestOtherMetricsOfTwoSeeds(t *testing.T) {
	s := demo()
	s.seeds = s.seeds[:2]
	summary, page := write(t, s.store(t), options(t.TempDir()))
	said := strings.Join(summary.Sentences, "\n")
	contains(t, said, "beside the best control by each: ", "the learned scorer")
	contains(t, page, "metric by metric: the one that is best by one need not be by another.\n")
	if len(summary.Gain.ByMetric) == 0 {
		t.Error("report.json has no other metric")
	}
	for _, m := range summary.Gain.ByMetric {
		if m.Versus.P != nil || m.Versus.Significant {
			t.Errorf("%s: %+v", m.Metric, m.Versus)
		}
	}
}
