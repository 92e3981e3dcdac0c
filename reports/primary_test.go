package reports

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/runs"
)

func TestThePrimaryComparisonIsSaidFirst(t *testing.T) {
	summary, page := write(t, demo().store(t), options(t.TempDir()))
	first := summary.Sentences[0]
	contains(t, first, "PPO decoded greedily is worse than the best control, MLE sampled at its best temperature on dev (0.7), by 0.0", "the best of 4 controls")
	contains(t, page, "- **"+first[:40], "the p value of a loss is multiplied by 4")
	p := summary.Primary
	if p.BestOf != 4 || p.Control != (System{"mle", "best", "raw"}) || p.Treatment != (System{"ppo", "greedy", "raw"}) || p.Metric != "la-rougeL" {
		t.Fatalf("got %+v", p)
	}
	// A loss against the best of four is the worst of four.
	if v := p.Versus; !v.Significant || v.Better != -1 || math.Abs(*v.PHolm-4**v.P) > 1e-15 {
		t.Errorf("got %+v", v)
	}
}

func TestThePrimaryComparisonIsTheSweeps(t *testing.T) {
	o := options(t.TempDir())
	o.Primary = Primary{Metric: "rougeL", Treatment: "mle, longer", Control: "mle", Decode: "sample"}
	summary, page := write(t, demo().store(t), o)
	contains(t, summary.Sentences[0], "“MLE, longer” sampled at temperature 1 is better than MLE sampled at temperature 1 by 0.0", "ROUGE-L (0.")
	if strings.Contains(summary.Sentences[0], "best") {
		t.Errorf("the control is named: %s", summary.Sentences[0])
	}
	v := summary.Primary.Versus
	if *v.PHolm != *v.P || summary.Primary.BestOf != 0 {
		t.Errorf("the primary comparison was corrected: %+v", v)
	}
	// It is the table's, and not a second one in the family: 2 labels, 6 metrics, 3
	// decodings and 2 forms less this one, 13 with controls, 2 of controls with the
	// baseline, and 2 by other metrics.
	if cell := summary.Table.cell(sampleOf("mle, longer"), "rougeL"); *cell.Versus.PHolm != *v.PHolm {
		t.Errorf("the table has p %v", *cell.Versus.PHolm)
	}
	contains(t, page, "Holm's correction for 88 comparisons", "By the gain's other metrics too the p value of a loss is multiplied")
	// A treatment that is a control of nobody, and a control that is no baseline.
	o.Primary = Primary{Control: "mle, longer", Decode: "best"}
	summary, _ = write(t, demo().store(t), o)
	contains(t, summary.Sentences[0], "PPO sampled at its best temperature on dev (0.7) is worse than “MLE, longer” (MLE trained on) sampled at its best temperature")
	for wrong, change := range map[string]Primary{
		`primary treatment "rl"`: {Treatment: "rl"}, `primary control "sft"`: {Control: "sft"}, `decoding "beam"`: {Decode: "beam"},
	} {
		o.Primary = change
		if _, err := Write(context.Background(), demo().store(t), "demo", o); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("got %v, expected an error that says %s", err, wrong)
		}
	}
}

func sampleOf(label string) runs.System {
	return runs.System{Label: label, Decode: "sample", Form: "raw"}
}

// With two seeds nothing is significant, in no part of a report.
func TestTwoSeedsShowNothingSignificant(t *testing.T) {
	s := demo()
	s.seeds = s.seeds[:2]
	o := options(t.TempDir())
	summary, page := write(t, s.store(t), o)
	contains(t, summary.Sentences[0], "PPO decoded greedily scores 0.0", "for these two models, over examples", "nothing is called significant")
	table, err := os.ReadFile(filepath.Join(o.Dir, "table.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(table), "true") {
		t.Error("table.csv has a difference that is significant")
	}
	for _, row := range summary.Table.Rows {
		for _, cell := range row.Cells {
			if v := cell.Versus; v != nil && (v.P != nil || v.PHolm != nil || v.Significant || v.mark() != "") {
				t.Errorf("%s: %+v", row.Label, v)
			}
		}
	}
	text := strings.ReplaceAll(page, "Marks: ▲ ▼ significantly better, worse than", "")
	for _, wrong := range []string{"▲", "▼", " better than", " worse than", "p = ", "p < 0"} {
		if strings.Contains(text, wrong) {
			t.Errorf("the page says %q", wrong)
		}
	}
}
