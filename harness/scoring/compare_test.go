package scoring

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/stages"
	"lastmile/metrics"
	"lastmile/runs"
)

// ofSeeds are the texts of a system, by seed, for examples a, b and so on,
// with one reference each.
func ofSeeds(name string, references []string, bySeed ...[]string) *texts {
	t := &texts{System: System{Name: name, Decode: "greedy", Form: runs.Raw}}
	for i := range references {
		t.examples = append(t.examples, textExample{id: string(rune('a' + i))})
	}
	for seed, of := range bySeed {
		var inputs []metrics.Input
		for i, text := range of {
			inputs = append(inputs, metrics.Input{Hypothesis: text, References: references[i : i+1]})
		}
		t.Seeds, t.Runs, t.inputs = append(t.Seeds, seed+1), append(t.Runs, name), append(t.inputs, inputs)
	}
	return t
}

func TestDifferingExamplesShowTheSeedsThatDifferMost(t *testing.T) {
	references := []string{"one two", "three four"}
	a := ofSeeds("a", references, []string{"one two", "three"}, []string{"one two", "three four"})
	b := ofSeeds("b", references, []string{"one", "three"}, []string{"none", "three"})
	o := measuring{Measures: Measures{Metrics: []string{"rouge1", "bleu"}}}
	all, err := o.score(nil, metrics.DefaultOptions(), a, b)
	if err != nil {
		t.Fatal(err)
	}
	got := differing(all[0], a, b, 5)
	if len(got) != 2 || got[0].ID != "a" || got[1].ID != "b" {
		t.Fatalf("got %+v", got)
	}
	if e := got[0]; *e.OutputA.Seed != 2 || e.OutputB.Text != "none" || e.OutputB.Score != 0 || e.B != (2.0/3)/2 {
		t.Errorf("the first: %+v", e)
	}
	if e := got[1]; *e.OutputA.Seed != 2 || e.OutputA.Text != "three four" || e.OutputA.Score != 1 {
		t.Errorf("the second: %+v", e)
	}
	if got := differing(all[0], a, b, 1); len(got) != 1 {
		t.Errorf("one was wanted, got %d", len(got))
	}
	// With other numbers of seeds, the extremes of each.
	if ofA, ofB := furthest([][][]float64{{{0.1}, {0.7}, {0.4}}, {{0.2}}}, 0, 1); ofA != 1 || ofB != 0 {
		t.Errorf("got %d and %d", ofA, ofB)
	}
}

// Two seeds with the same texts have the corpus value of one.
func TestCorpusValuesOfSeveralSeeds(t *testing.T) {
	references := []string{"one two three four five", "six seven eight nine ten"}
	texts := []string{"one two three four", "six seven nine ten"}
	o := measuring{Measures: Measures{Metrics: []string{"chrf"}}}
	var values []float64
	for _, system := range []*struct{ seeds [][]string }{{[][]string{texts}}, {[][]string{texts, texts}}} {
		of := ofSeeds("a", references, system.seeds...)
		all, err := o.score(nil, metrics.DefaultOptions(), of)
		if err != nil {
			t.Fatal(err)
		}
		estimates, err := all[0].estimates(0, of)
		if err != nil {
			t.Fatal(err)
		}
		if len(estimates) != 2 || estimates[1].Level != corpusLevel {
			t.Fatalf("got %+v", estimates)
		}
		values = append(values, estimates[1].Mean)
	}
	if values[0] != values[1] || values[0] <= 0 {
		t.Errorf("one seed %v, the same twice %v", values[0], values[1])
	}
}

func TestStoredScoresOfTheLearnedMetric(t *testing.T) {
	references := []string{"one"}
	a, b := ofSeeds("a", references, []string{"one"}), ofSeeds("b", references, []string{"two"})
	a.settings.Names = []string{"rouge1", stages.LearnedMetric}
	a.learned = map[string]*learnedScores{stages.LearnedMetric: {"bleurt|model:x", [][]float64{{0.9}}}}
	b.learned = map[string]*learnedScores{stages.LearnedMetric: {"bleurt|model:x", [][]float64{{0.2}}}}
	o := measuring{}
	all, err := o.score(o.runMetrics(a, b), metrics.DefaultOptions(), a, b)
	if err != nil || len(all) != 2 || all[1].signature != "bleurt|model:x" || all[1].values[1][0][0] != 0.2 {
		t.Fatalf("%+v %v", all, err)
	}
	for want, stored := range map[string]*learnedScores{
		"made in two ways": {"bleurt|model:y", [][]float64{{0.2}}},
		"has no scores":    nil,
	} {
		b.learned[stages.LearnedMetric] = stored
		if _, err := storedLearned(stages.LearnedMetric, []*texts{a, b}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected an error that says %q", err, want)
		}
		if names := o.runMetrics(a, b); !slices.Equal(names, []string{"rouge1"}) {
			t.Errorf("without a name, metrics %q", names)
		}
	}
}

// TestStoredScoresOfACommand are compared by the direction that their signature tells.
func TestStoredScoresOfACommand(t *testing.T) {
	const metric = "judge-cost"
	signature := metrics.ExternalSignature(metric, `"judge"`, `"1"`, metrics.Lower)
	a := ofSeeds("a", []string{"one"}, []string{"one"})
	a.settings.Names = []string{metric, "judge-score"}
	a.learned = map[string]*learnedScores{metric: {signature, [][]float64{{0.9}}}}
	o := measuring{}
	names := o.runMetrics(a)
	all, err := o.score(names, metrics.DefaultOptions(), a)
	if err != nil || len(all) != 1 || all[0].direction != metrics.Lower || all[0].signature != signature || all[0].values[0][0][0] != 0.9 {
		t.Errorf("%q: %+v %v", names, all, err)
	}
	for name, want := range map[string]string{"judge-score": "has no scores by judge-score in the store", "judge-none": `unknown metric "judge-none"`} {
		if _, err := storedLearned(name, []*texts{a}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected an error that says %q", err, want)
		}
	}
}

func TestExamplesOfAnotherTaskAreNotCompared(t *testing.T) {
	a, b := ofSeeds("a", []string{"one"}, []string{"one"}), ofSeeds("b", []string{"two"}, []string{"one"})
	var mistake stages.Mistake
	if _, err := align(a, b); !errors.As(err, &mistake) || !strings.Contains(err.Error(), "other references") {
		t.Errorf("got %v", err)
	}
}

func TestVerdicts(t *testing.T) {
	p := 0.5
	for _, c := range []struct {
		tested, significant bool
		difference          float64
		direction           metrics.Direction
		want                string
	}{
		{false, false, 1, metrics.Higher, "not tested"},
		{true, false, 1, metrics.Higher, "not significantly different"},
		{true, true, 1, metrics.Higher, "A is better"},
		{true, true, -1, metrics.Higher, "B is better"},
		{true, true, 1, metrics.Lower, "B is better"},
		{true, true, -1, metrics.Lower, "A is better"},
		{true, true, 1, metrics.CloserToOne, "B is better"}, // farther from 1
		{true, true, -1, metrics.Neutral, "B is higher"},
	} {
		row := ComparedMetric{Significant: c.significant, Difference: c.difference}
		if c.tested {
			row.P = &p
		}
		if got := verdict(row, c.direction); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// Three seeds are tested, and two are not, whatever they show.
func TestSeedsAreWhatIsTested(t *testing.T) {
	references := []string{"one two", "three four", "five six", "seven eight"}
	good := references
	bad := []string{"none", "of it", "is", "right"}
	for seeds := 2; seeds <= 3; seeds++ {
		a, b := ofSeeds("a", references, slices.Repeat([][]string{good}, seeds)...), ofSeeds("b", references, slices.Repeat([][]string{bad}, seeds)...)
		o := measuring{Measures: Measures{Metrics: []string{"rouge1", "chrf"}}}
		all, err := o.score(nil, metrics.DefaultOptions(), a, b)
		if err != nil {
			t.Fatal(err)
		}
		r := Compared{Level: metrics.Level}
		if err := r.compare(all, a, b, &o); err != nil {
			t.Fatal(err)
		}
		for _, row := range r.Metrics {
			if tested := seeds >= metrics.FewestSeeds; (row.P != nil) != tested || row.Significant != tested || (row.Verdict == "A is better") != tested {
				t.Errorf("%d seeds: %+v", seeds, row)
			}
		}
		if said := strings.Join(r.Notes, "; "); strings.Contains(said, "for these two models, over examples") != (seeds < 3) {
			t.Errorf("%d seeds: notes %q", seeds, said)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, []string{"(empty)"}},
		{"one two three", 8, []string{"one two", "three"}},
		{"one two three four five six", 9, []string{"one two", "three", "four fiv…"}},
		{"a\nb\x1b[31m\tc", 20, []string{"a⏎b[31m c"}},
		{"abcdefghijkl", 5, []string{"abcde", "fghij", "kl"}},
		{"要約は短い方がよい。", 8, []string{"要約は短", "い方がよ", "い。"}},
	} {
		if got := shorten(c.text, c.width, 3); !slices.Equal(got, c.want) {
			t.Errorf("%q in %d columns: got %q, want %q", c.text, c.width, got, c.want)
		}
	}
}
