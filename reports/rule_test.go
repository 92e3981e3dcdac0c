package reports

import (
	"slices"
	"strings"
	"testing"

	"lastmile/runs"
)

// withRule is a sweep with a rule that scores so much above MLE.
func withRule(gain float64) synthetic {
	s := demo()
	s.labels = append(s.labels, syntheticLabel{name: "rule", algorithm: "rule", gain: map[string]float64{"greedy": gain}})
	return s
}

func TestARuleIsAControlInEveryDecoding(t *testing.T) {
	summary, page := write(t, withRule(0.2).store(t), options(t.TempDir()))
	contains(t, summary.Sentences[0], "PPO decoded greedily is worse than the best control, rule (strip, lead-7 words), by 0.", "the best of 5 controls")
	if p := summary.Primary; p.Control != (System{"rule", "greedy", "raw"}) {
		t.Errorf("the best control is %+v", p.Control)
	}
	contains(t, strings.Join(strings.Fields(page), " "),
		"| ppo, greedy | rule, a rule | – |", "| ppo, sample | rule, a rule | – |", "| ppo, best | rule, a rule | – |",
		"decoded greedily; rule (strip, lead-7 words)")
	if said := strings.Join(summary.Sentences, "\n"); strings.Contains(strings.ToLower(said), "rule's raw outputs") || strings.Count(said, "rule (strip, lead-7 words)") != 5 {
		t.Errorf("the rule is not said to be a control of three decodings, the best of one, and what one gain does not go beyond:\n%s", said)
	}
	// It has one decoding and no training.
	for _, r := range summary.Table.Rows {
		if r.Label == "rule" && r.Decode != "greedy" {
			t.Errorf("the table has the rule decoded by %s", r.Decode)
		}
	}
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "| mle ") && strings.Contains(line, " 500,000 | ") && strings.Contains(line, "rule") {
			t.Errorf("the rule has a stage of training: %s", line)
		}
	}
}

func TestARuleIsNoTreatment(t *testing.T) {
	s := withRule(0)
	s.labels = slices.Delete(s.labels, 1, 3) // MLE and the rule are left
	summary, page := write(t, s.store(t), options(t.TempDir()))
	if want := []string{"There is no treatment to compare with the baseline and the rule."}; !slices.Equal(summary.Sentences, want) || summary.Primary != nil {
		t.Errorf("the report says %q, and its primary comparison is %+v", summary.Sentences, summary.Primary)
	}
	contains(t, page, "| rule ")
	// A primary comparison that names it does compare.
	o := options(t.TempDir())
	o.Primary = Primary{Treatment: "mle", Control: "rule", Decode: "sample"}
	o.Baseline = "rule"
	if _, err := Write(t.Context(), s.store(t), "demo", o); err != nil {
		t.Error(err)
	}
	// Named as the control of samples, it is compared in its own decoding.
	o = options(t.TempDir())
	o.Primary = Primary{Control: "rule", Decode: "sample"}
	summary, _ = write(t, withRule(0).store(t), o)
	if p := summary.Primary; p == nil || p.Treatment != System(runs.System{Label: "ppo", Decode: "sample", Form: "raw"}) || p.Control != (System{"rule", "greedy", "raw"}) {
		t.Errorf("the primary comparison is %+v", p)
	}
}
