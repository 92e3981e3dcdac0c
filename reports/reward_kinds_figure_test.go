package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"lastmile/reports/document"
	"lastmile/runs"
)

// ablation is a sweep of reward models that were trained on these kinds each, beside two
// labels that share theirs.
func ablation(kinds ...string) synthetic {
	s := demo()
	s.seeds, s.examples = s.seeds[:2], 4
	s.labels = []syntheticLabel{{name: "mle", algorithm: "none"}}
	for _, of := range kinds {
		s.labels = append(s.labels, syntheticLabel{name: of, algorithm: "ppo", negatives: strings.Fields(of)})
	}
	s.labels = append(s.labels, syntheticLabel{name: "one", algorithm: "ppo"}, syntheticLabel{name: "other", algorithm: "ppo"})
	return s
}

// built is a builder of a report on the sweep.
func built(t *testing.T, s synthetic) *builder {
	t.Helper()
	e, err := gather(t.Context(), s.store(t), "demo", options(""))
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBuilder(e, options(""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKindsTrainedOnByKindsTestedOn(t *testing.T) {
	b := built(t, ablation("shuffled", "copy ranked"))
	h := b.rewardKinds()
	if want := []string{"shuffled", "copy ranked", "one; other"}; !slices.Equal(h.rows, want) {
		t.Errorf("the rows are %q, want %q", h.rows, want)
	}
	// Kinds that a row was trained on are first; those of one pair are not there.
	columns := []string{
		"shuffled", "random", "irrelevant", "repetitive", "copy",
		"random, unended", "shuffled, unended", "repetitive, unended", "copy, unended", "negation", "samples ranked rightly", "truth above samples",
	}
	slices.Sort(columns[:5])
	got := slices.Clone(h.columns)
	slices.Sort(got[:5])
	if !slices.Equal(got, columns) {
		t.Errorf("the columns are %q, want %q", got, columns)
	}
	framed := [][]string{{"shuffled"}, {"copy", "samples ranked rightly"}, columns[:5]}
	for i, row := range h.cells {
		var frames []string
		for j, cell := range row {
			if cell.framed {
				frames = append(frames, h.columns[j])
			}
		}
		slices.Sort(frames)
		if !slices.Equal(frames, framed[i]) {
			t.Errorf("%s: trained on %q, want %q", h.rows[i], frames, framed[i])
		}
	}
	// Values are means over seeds, of samples those before RL.
	copies := slices.Index(h.columns, "copy")
	want, ranked := 0.0, 0.0
	for _, e := range b.evaluationsOf("copy ranked") {
		for _, k := range e.Kinds {
			if k.Kind == "copy" && k.Ended {
				want += k.Accuracy / 2
			}
		}
		for _, m := range e.Samples {
			if m.Policy == "before" && m.Statistic == "ranked" {
				ranked += m.Value / 2
			}
		}
	}
	if got := h.cells[1][copies]; !got.known || math.Abs(got.value-want) > 1e-12 {
		t.Errorf("copies: %+v, want %g", got, want)
	}
	if got := h.cells[1][len(columns)-2]; !got.known || math.Abs(got.value-ranked) > 1e-12 {
		t.Errorf("ranked rightly: %+v, want %g", got, ranked)
	}
	// What was not measured is not known.
	for i := range b.evaluations {
		if e := &b.evaluations[i]; e.Label == "shuffled" {
			e.Kinds = slices.Clone(e.Kinds)[:len(e.Kinds)-1]
			e.Samples = nil
		}
	}
	h = b.rewardKinds()
	for j, column := range h.columns {
		if known := !slices.Contains(columns[9:], column); h.cells[0][j].known != known {
			t.Errorf("%s: %+v", column, h.cells[0][j])
		}
	}
}

func TestTheHeatMapNeedsTwoRewardModels(t *testing.T) {
	if _, page := write(t, ablation("shuffled").store(t), options(t.TempDir())); !strings.Contains(page, "(plots/reward-kinds.svg)") {
		t.Error("two reward models have no heat map")
	}
	f, err := built(t, ablation()).rewardKindsFigure()
	if err != nil || len(f.panels) > 0 {
		t.Errorf("a reward model that two labels share has a heat map: %v", err)
	}
}

func TestShadesHaveChanceInTheMiddle(t *testing.T) {
	if chance := shade(0.5); chance.R != chance.G || chance.G != chance.B {
		t.Errorf("0.5 is %v, want grey", chance)
	}
	if shade(1) != palette[0] || shade(0) != palette[1] {
		t.Errorf("the ends are %v and %v", shade(0), shade(1))
	}
	for v := 0.0; v < 1; v += 0.125 {
		if redder, bluer := shade(v), shade(v+0.125); int(redder.R)-int(redder.B) <= int(bluer.R)-int(bluer.B) {
			t.Errorf("%g is %v, and %g no bluer: %v", v, redder, v+0.125, bluer)
		}
	}
}

// Of labels that share a reward model one may only choose by it, and has no evaluation.
func TestARewardModelIsShownThoughItsFirstLabelDoesNotMeasureIt(t *testing.T) {
	b := built(t, ablation("shuffled"))
	whole := b.rewardKinds()
	b.evaluations = slices.DeleteFunc(b.evaluations, func(e runs.RunEvaluation) bool { return e.Label == "one" })
	h := b.rewardKinds()
	if want := []string{"shuffled", "one; other"}; !slices.Equal(h.rows, want) || len(whole.rows) != 2 {
		t.Errorf("the rows are %q, want %q", h.rows, want)
	}
	models, _ := b.rewardModels()
	tables := 0
	for _, block := range b.evaluationSection(models) {
		if _, ok := block.(document.Table); ok {
			tables++
		}
	}
	// By kinds and by samples of the one, by kinds and by samples of the other.
	if tables != 4 {
		t.Errorf("%d tables of evaluations, want 4", tables)
	}
}

// The summary has of each reward model what the page's tables have.
func TestTheSummaryHasTheRewardModels(t *testing.T) {
	b := built(t, ablation("shuffled"))
	summary, page := write(t, ablation("shuffled").store(t), options(t.TempDir()))
	if len(summary.RewardModels) != 2 || !slices.Equal(summary.RewardModels[0].Labels, []string{"shuffled"}) || !slices.Equal(summary.RewardModels[1].Labels, []string{"one", "other"}) {
		t.Fatalf("the reward models are %+v", summary.RewardModels)
	}
	for _, m := range summary.RewardModels {
		for _, k := range m.Kinds {
			row := fmt.Sprintf("%d | %s |", k.Pairs, number(k.Accuracy))
			if reached := fmt.Sprintf("%s | %s |", k.Trivial, number(k.Reaches)); !strings.Contains(squeezed(page), row) || !strings.Contains(squeezed(page), reached) {
				t.Errorf("the page has nothing of %+v", k)
			}
		}
		said := 0
		for _, s := range m.Samples {
			value, low, high, ok := averaged(b.evaluationsOf(s.Label), s.Policy, s.Statistic, s.Metric)
			if !ok || s.Value != value || s.Low != low || s.High != high {
				t.Errorf("%+v, want %g [%g, %g]", s, value, low, high)
			}
			if s.Statistic == "ranked" && strings.Contains(squeezed(page), fmt.Sprintf("%s | %s |", number(value), interval(low, high))) {
				said++
			}
		}
		if said == 0 {
			t.Errorf("the page has nothing of the samples of %v", m.Labels)
		}
	}
}

// squeezed is a page without the spaces that its tables are aligned by.
func squeezed(page string) string { return strings.Join(strings.Fields(page), " ") }
